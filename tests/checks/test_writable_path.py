"""writable-path: what `exec` verified can still be written, so that COMMAND may open something else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from tests.namespaces import unshare
from verifier import writers
from verifier.evidence import ModelEvidence
from verifier.finding import Severity
from verifier.judge import conclude
from verifier.policy import Policy
from verifier.reference import ModelReference
from verifier.verdict import Effect, Outcome, Result, Status, Verdict
from verifier.verify import find, read_listed
from verifier.writers import Writers

OTHER = 12_345
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A directory for the links that nobody else can write; nothing above it counts here, wherever the tests run."""
    path = tmp_path / "private"
    path.mkdir(mode=0o700)
    return path


def found(registry: FakeRegistry, model: Path) -> ModelEvidence:
    """Read the model as `verify` does."""
    asked, policy = ModelReference.parse(MODEL), registry.policy()
    evidence, _ = find(asked, registry.open(), None, policy, path=model, set_name=None, now=registry.now)
    return read_listed(evidence, policy, all_findings=False, watch=None)


def handed_on(registry: FakeRegistry, model: Path, links: Path, policy: Policy | None = None) -> Verdict:
    """Verify as `exec` does."""
    evidence = found(registry, model)
    assert evidence.snapshot is not None
    seen = writers.look((entry.real_path for entry in evidence.snapshot.files.values()), links)
    return conclude(replace(evidence, writers=seen), policy or registry.policy(), registry.open(), model)


def messages(verdict: Verdict, severity: Severity) -> list[str]:
    return [
        judged.finding.message
        for judged in verdict.findings()
        if judged.finding.rule == "writable-path" and judged.finding.severity is severity
    ]


def test_verify_does_not_ask_since_it_hands_nothing_on(registry: FakeRegistry, model: Path) -> None:
    (model / "config.json").chmod(0o666)

    verdict = registry.verify(MODEL, model)

    assert verdict.result is Result.PASSED
    assert "writers" not in {outcome.check for outcome in verdict.outcomes}


def test_what_only_this_user_can_write_warns_once(registry: FakeRegistry, model: Path, private: Path) -> None:
    verdict = handed_on(registry, model, private)

    assert verdict.result is Result.PASSED
    (message,) = messages(verdict, Severity.WARNING)
    assert message.startswith(f"uid {os.geteuid()}, which COMMAND runs as, can itself write {model.resolve()}/")


def test_the_strict_policy_denies_that(registry: FakeRegistry, model: Path, private: Path) -> None:
    strict = registry.policy(rules=Policy.load("strict").rules)

    assert rules_of(handed_on(registry, model, private, strict)) == {"writable-path"}


@pytest.mark.parametrize(
    ("place", "mode", "why"),
    [
        ("config.json", 0o646, "mode 0646 lets everybody write"),
        ("config.json", 0o664, "mode 0664 lets the group"),
        (".", 0o757, "mode 0757 lets everybody write"),
        (".", 0o775, "mode 0775 lets the group"),
        ("..", 0o777, "mode 0777 lets everybody write"),
    ],
)
def test_what_others_can_write_denies(
    registry: FakeRegistry, model: Path, private: Path, place: str, mode: int, why: str
) -> None:
    culprit = (model / place).resolve()
    culprit.chmod(mode)

    verdict = handed_on(registry, model, private)

    assert rules_of(verdict) == {"writable-path"}
    (message,) = messages(verdict, Severity.ERROR)
    assert message.startswith(f"{culprit} can be written by others: ")
    assert why in message


def test_what_nobody_else_can_write_is_silent(registry: FakeRegistry, model: Path) -> None:
    evidence = replace(found(registry, model), writers=Writers(OTHER, ()))

    assert conclude(evidence, registry.policy(), registry.open(), model).outcomes[-1] == Outcome(
        "writers", Status.PASSED
    )


@as_root
@pytest.mark.parametrize("place", ["config.json", ".", ".."])
def test_what_belongs_to_another_denies_whatever_its_mode(
    registry: FakeRegistry, model: Path, private: Path, place: str
) -> None:
    """Whoever owns it can change the mode."""
    culprit = (model / place).resolve()
    culprit.chmod(0o555 if culprit.is_dir() else 0o444)
    os.chown(culprit, OTHER, -1)

    (message,) = messages(handed_on(registry, model, private), Severity.ERROR)

    assert message == f"{culprit} can be written by others: it belongs to uid {OTHER}"
    os.chown(culprit, 0, -1)


def test_in_a_sticky_directory_only_owners_can_exchange(registry: FakeRegistry, model: Path, private: Path) -> None:
    model.parent.chmod(0o1777)

    assert handed_on(registry, model, private).result is Result.PASSED


@as_root
def test_a_sticky_directory_does_not_help_what_another_owns(registry: FakeRegistry, model: Path, private: Path) -> None:
    model.parent.chmod(0o1777)
    os.chown(model, OTHER, -1)

    assert rules_of(handed_on(registry, model, private)) == {"writable-path"}
    os.chown(model, 0, -1)


def test_where_the_links_lie_warns(registry: FakeRegistry, model: Path, private: Path) -> None:
    """An emptyDir of Kubernetes has this mode, and nobody else in it as a rule."""
    private.chmod(0o777)

    verdict = handed_on(registry, model, private)

    assert verdict.result is Result.PASSED
    assert any(f"{private}, where the links" in message for message in messages(verdict, Severity.WARNING))


def test_a_blob_of_the_hubs_cache_is_judged_where_it_lies(registry: FakeRegistry, model: Path, private: Path) -> None:
    repository = private.parent / "hub" / "models--acme--tiny"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    for file in model.iterdir():
        shutil.move(file, repository / "blobs" / file.name)
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    (repository / "blobs").chmod(0o777)

    (message,) = messages(handed_on(registry, snapshot, private), Severity.ERROR)
    assert message.startswith(f"{repository.resolve()}/blobs can be written")


def test_a_signed_waiver_excuses_one_file_and_no_directory(registry: FakeRegistry, model: Path, private: Path) -> None:
    waiver = {
        "rule": "writable-path",
        "path": "config.json",
        "reason": "a test",
        "expires": registry.now + timedelta(days=30),
    }
    registry.approve(MODEL, model, waivers=(waiver,))
    registry.publish()
    (model / "config.json").chmod(0o666)
    verdict = handed_on(registry, model, private)
    assert verdict.result is Result.PASSED
    assert [judged.finding.location.path for judged in verdict.findings(Effect.WAIVED)] == ["config.json"]

    model.chmod(0o777)
    assert rules_of(handed_on(registry, model, private)) == {"writable-path"}


@pytest.mark.parametrize(("above", "found"), [(0o755, []), (0o777, ["above"])])
def test_a_read_only_mount_is_silent_whatever_the_modes_on_it(
    model: Path, private: Path, above: int, found: list[str]
) -> None:
    """What others can write above it still counts: there the mount's own directory can be renamed."""
    (model / "config.json").chmod(0o666)
    model.chmod(0o777)
    model.parent.chmod(above)
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" -I -c "$3" "$1" "$4"'
    code = (
        "import sys; from pathlib import Path; from verifier import writers\n"
        "found = writers.look(Path(sys.argv[1]).iterdir(), Path(sys.argv[2]))\n"
        "print([place.path for place in found.to_files])"
    )
    command = [*unshare("-rm"), "sh", "-c", mount, "sh", str(model), sys.executable, code, str(private)]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.stdout == f"{[str(model.parent) for _ in found]}\n", ended.stderr
