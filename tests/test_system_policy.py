"""The machine owner's policy: used without being asked for, overridden by nothing, worthless if others can write it.

Only root can make one, so most of this runs as root only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import NAME, Ended, run
from tests.conftest import DEMO_MODEL
from tests.namespaces import unshare
from tests.test_lock import write_lock
from verifier import system_policy
from verifier.errors import UsageError
from verifier.policy import Policy
from verifier.resources import data_directory
from verifier.system_policy import choose

REGISTRY = str(data_directory("registry"))
TRUST = str(Policy.load("demo").trust_digest)
NOBODY = 65_534
PATH = ("--path", str(DEMO_MODEL), "--format", "json")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can own a machine's policy")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The machine's policy: the demonstration's registry, refusing names that are not pinned."""
    directory = tmp_path / "etc" / "model-verifier"
    directory.mkdir(parents=True)
    path = directory / "policy.toml"
    path.write_text(
        'schema = "model-verifier/policy/v1"\nname = "machine"\nextends = "strict"\n'
        f'[registry]\nsource = "{REGISTRY}"\ntrust_digest = "{TRUST}"\n'
    )
    path.chmod(0o644)
    monkeypatch.setattr(system_policy, "SYSTEM_POLICY", path)
    yield path
    os.chown(directory, 0, 0)


def verify(*options: str, reference: str = NAME) -> Ended:
    return run("verify", reference, *PATH, *options)


@pytest.mark.usefixtures("place")
class TestUsed:
    def test_it_is_used_without_being_asked_for(self) -> None:
        ended = verify()

        assert ended.status == 0
        assert ended.report["policy"]["name"] == "machine"
        assert verify(reference=f"{NAME}@main").rules == ["unpinned-revision"]

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("policy", "demo"),
            ("policy", ""),
            ("registry", REGISTRY),
            ("registry", "demo"),
            ("registry", "none"),
            ("trust-digest", TRUST),
            ("mode", "audit"),
            ("mode", "enforce"),
        ],
    )
    def test_no_option_overrides_it(self, option: str, value: str) -> None:
        ended = verify(f"--{option}", value)

        assert (ended.status, ended.stdout) == (2, "")
        assert f"--{option}" in ended.stderr

    @pytest.mark.parametrize(
        ("name", "value"), [("POLICY", "demo"), ("REGISTRY", "demo"), ("TRUST_DIGEST", TRUST), ("MODE", "audit")]
    )
    def test_no_variable_overrides_it(self, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"MODEL_VERIFIER_{name}", value)

        ended = verify()
        assert (ended.status, ended.stdout) == (2, "")

    def test_the_lowest_version_can_be_raised(self, place: Path) -> None:
        place.write_text(f"{place.read_text()}min_version = 3\n")

        assert "at least 3" in verify("--min-version", "1").report["error"]["message"]
        assert "at least 9" in verify("--min-version", "9").report["error"]["message"]

    def test_a_lock_still_narrows(self, tmp_path: Path, model: Path) -> None:
        commit = str(verify().report["subject"]["reference"]).partition("@")[2]
        same = write_lock(tmp_path / "models.lock", model, model=NAME, revision=commit)
        assert verify("--lock", str(same)).status == 0

        (model / "config.json").write_text("{}")
        other = write_lock(tmp_path / "other.lock", model, model=NAME, revision=commit)
        assert verify("--lock", str(other)).rules == ["unapproved-model"]

    def test_a_lock_does_not_take_its_place(self, tmp_path: Path, model: Path) -> None:
        lock = write_lock(tmp_path / "models.lock", model, model="evil/tiny", revision="a" * 40)

        assert verify("--lock", str(lock), reference="evil/tiny").rules == ["unapproved-model"]

    def test_a_mistake_in_it_is_not_passed_over(self, place: Path) -> None:
        place.write_text("no policy")

        ended = verify()
        assert ended.status == 2
        assert str(place) in ended.stderr


def refused(place: Path, culprit: Path | None = None) -> None:
    """Demand that nothing is decided by a policy that proves nothing, and that the culprit is named."""
    with pytest.raises(UsageError, match="others than root can write") as caught:
        choose()
    assert repr(str(culprit or place)) in caught.value.message
    assert str(culprit or place) in caught.value.remedy
    assert verify().status == 2


class TestProvesNothing:
    @pytest.mark.parametrize("mode", [0o646, 0o664, 0o666])
    def test_if_others_can_write_it(self, mode: int, place: Path) -> None:
        place.chmod(mode)
        refused(place)

    def test_if_somebody_else_owns_it(self, place: Path) -> None:
        os.chown(place, NOBODY, 0)
        refused(place)

    @pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
    def test_if_others_can_write_its_directory(self, mode: int, place: Path) -> None:
        place.parent.chmod(mode)
        refused(place, place.parent)

    def test_if_somebody_else_owns_its_directory(self, place: Path) -> None:
        os.chown(place.parent, NOBODY, 0)
        refused(place, place.parent)

    def test_if_others_can_write_a_directory_above(self, place: Path) -> None:
        place.parent.parent.chmod(0o777)
        refused(place, place.parent.parent)

    def test_if_it_is_a_link_to_what_others_can_write(self, place: Path, tmp_path: Path) -> None:
        target = tmp_path / "elsewhere.toml"
        shutil.move(place, target)
        target.chmod(0o666)
        place.symlink_to(target)
        refused(place, target)

    def test_if_it_is_a_link_into_a_directory_that_others_can_write(self, place: Path, tmp_path: Path) -> None:
        (tmp_path / "shared").mkdir(mode=0o777)
        (tmp_path / "shared").chmod(0o777)
        target = tmp_path / "shared" / "policy.toml"
        shutil.move(place, target)
        place.symlink_to(target)
        refused(place, tmp_path / "shared")

    def test_if_its_own_directory_is_a_link_below_one_that_others_can_write(
        self, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever can write that directory can turn the link elsewhere, to another file of root's."""
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared").chmod(0o777)
        (tmp_path / "shared" / "link").symlink_to(place.parent)
        monkeypatch.setattr(system_policy, "SYSTEM_POLICY", tmp_path / "shared" / "link" / "policy.toml")

        with pytest.raises(UsageError, match="others than root can write"):
            choose()

    def test_if_somebody_else_made_the_link(self, place: Path, tmp_path: Path) -> None:
        """In a directory with the sticky bit anybody could have linked another file of root's, say a lax policy."""
        target = tmp_path / "lax.toml"
        shutil.move(place, target)
        place.parent.chmod(0o1777)
        place.symlink_to(target)
        os.chown(place, NOBODY, NOBODY, follow_symlinks=False)

        with pytest.raises(UsageError, match="others than root can write"):
            choose()

    def test_if_it_leads_nowhere(self, place: Path) -> None:
        place.unlink()
        place.symlink_to(place.parent / "nowhere.toml")

        ended = verify()
        assert (ended.status, ended.stdout) == (2, "")
        assert "internal error" not in ended.stderr

    def test_if_it_is_a_directory(self, place: Path) -> None:
        place.unlink()
        place.mkdir()

        assert verify("--policy", "demo").status == 2


CONFIG_MAP = """
mount -t tmpfs -o mode=0777 none "$1" && cd "$1" && mkdir ..2026_11_20 && cat >..2026_11_20/policy.toml &&
ln -s ..2026_11_20 ..data && ln -s ..data/policy.toml policy.toml && eval "$3" && cd / &&
mount -o remount,"$2" none "$1" && exec "$4" -I -c "
import sys
from pathlib import Path
from verifier import system_policy
from verifier.policy import Policy
system_policy.SYSTEM_POLICY = Path(sys.argv[1], 'policy.toml')
print(Policy.load(system_policy.choose()).name)
" "$1"
"""
"""A volume as Kubernetes makes it of a ConfigMap: a directory of mode 0777, links of root's, mounted read-only."""


class TestConfigMap:
    @pytest.mark.parametrize(
        ("mount", "change", "status"),
        [
            ("ro", "true", 0),
            ("ro", "chown -R 0:65534 ..2026_11_20 && chmod 2755 ..2026_11_20", 0),
            ("rw", "true", 1),
            ("ro", f"chown {NOBODY} ..2026_11_20/policy.toml", 1),
            ("ro", "chmod 666 ..2026_11_20/policy.toml", 1),
            ("ro", f"chown -h {NOBODY} ..data", 1),
        ],
    )
    def test_is_root_s_as_long_as_it_is_mounted_read_only(
        self, mount: str, change: str, status: int, place: Path, tmp_path: Path
    ) -> None:
        volume = tmp_path / "volume"
        volume.mkdir()
        command = [*unshare("-m"), "sh", "-c", CONFIG_MAP, "sh", str(volume), mount, change, sys.executable]
        ended = subprocess.run(command, input=place.read_text(), capture_output=True, text=True, check=False)

        assert ended.returncode == status, ended.stderr
        assert "machine" in ended.stdout if status == 0 else "others than root can write" in ended.stderr


def test_its_directory_alone_decides_nothing(place: Path) -> None:
    place.unlink()

    assert verify().status == 2
    assert verify("--policy", "demo").status == 0


def test_the_verdict_names_it_by_its_digest(place: Path) -> None:
    before = verify().report["policy"]["digest"]
    place.write_text(place.read_text() + "# changed\n")

    assert verify().report["policy"]["digest"] != before
    assert json.dumps(before).startswith('"sha256:')
