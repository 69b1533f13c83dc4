"""unsafe-path: something below the root is no regular file, or has a name that misleads."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from verifier import limits
from verifier.errors import UsageError
from verifier.policy import Policy
from verifier.verdict import Result, Verdict


def messages(verdict: Verdict) -> list[str]:
    return [judged.finding.message for judged in verdict.findings() if judged.finding.rule == "unsafe-path"]


def test_plain_files_in_plain_directories_pass(registry: FakeRegistry, model: Path) -> None:
    (model / "a/b").mkdir(parents=True)
    (model / "a/b/config.json").write_text("{}")
    registry.approve(MODEL, model)
    registry.publish()

    assert registry.verify(MODEL, model).result is Result.PASSED


def test_the_model_may_be_reached_through_a_link(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(model)

    assert registry.verify(MODEL, tmp_path / "current").result is Result.PASSED


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("../outside.json", id="out of the tree"),
        pytest.param("/etc/hostname", id="absolute"),
        pytest.param("generation_config.json", id="inside the tree"),
        pytest.param("nowhere.json", id="to nothing"),
        pytest.param("config.json", id="to itself"),
        pytest.param(".", id="to its directory"),
        pytest.param("..", id="to the directory above"),
    ],
)
def test_a_link_is_refused_wherever_it_leads(registry: FakeRegistry, model: Path, target: str) -> None:
    (model.parent / "outside.json").write_bytes((model / "config.json").read_bytes())
    (model / "config.json").unlink()
    (model / "config.json").symlink_to(target)

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"unsafe-path", "missing-file"}
    assert messages(verdict) == [f"config.json is a link to {target!r}, outside the model's own files"]


def test_a_link_to_a_directory_is_refused_and_not_entered(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/modeling.py").touch()
    (model / "linked").symlink_to(tmp_path / "elsewhere")

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"unsafe-path"}


def test_the_bytes_behind_a_link_are_not_read_even_if_they_are_the_approved_ones(
    registry: FakeRegistry, model: Path, tmp_path: Path
) -> None:
    (model / "config.json").rename(tmp_path / "config.json")
    (model / "config.json").symlink_to(tmp_path / "config.json")

    verdict = registry.verify(MODEL, model, all_findings=True)

    assert rules_of(verdict) == {"unsafe-path", "missing-file"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (stat.S_IFIFO, "a FIFO"),
        (stat.S_IFSOCK, "a socket"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a block device"),
    ],
)
@pytest.mark.parametrize("name", ["extra", "config.json"])
def test_what_is_no_file_is_named_and_never_opened(
    registry: FakeRegistry, model: Path, kind: int, words: str, name: str
) -> None:
    (model / name).unlink(missing_ok=True)
    try:
        os.mknod(model / name, kind | 0o644, os.makedev(1, 3) if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0)
    except PermissionError:
        pytest.skip("this user may not make devices")

    verdict = registry.verify(MODEL, model)

    assert f"{name} is {words}, not a regular file" in messages(verdict)
    assert verdict.result is Result.FAILED


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (b"a\nb.json", "U+000A"),
        (b"\x1b[2Jconfig.json", "U+001B"),
        ("gpj.\u202egnp".encode(), "U+202E"),
        ("config\u200b.json".encode(), "U+200B"),
        (b"\xff\xfe.json", "not UTF-8"),
        (b"a\\b.json", "backslash"),
        (b" config.json", "blank"),
    ],
)
def test_a_name_that_misleads_is_refused(registry: FakeRegistry, model: Path, name: bytes, problem: str) -> None:
    Path(os.fsdecode(os.fsencode(model) + b"/" + name)).touch()

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"unsafe-path", "unlisted-file"}
    assert problem in messages(verdict)[0]


def test_a_directorys_name_counts_as_well_as_a_files(registry: FakeRegistry, model: Path) -> None:
    (model / "a\tb").mkdir()

    assert rules_of(registry.verify(MODEL, model)) == {"unsafe-path"}


def test_a_nest_too_deep_to_follow_is_refused(registry: FakeRegistry, model: Path) -> None:
    (model / "/".join(["d"] * (limits.MAX_SNAPSHOT_DEPTH + 1))).mkdir(parents=True)

    assert "levels deep" in messages(registry.verify(MODEL, model))[0]


def test_directories_as_deep_as_allowed_pass(registry: FakeRegistry, model: Path) -> None:
    (model / "/".join(["d"] * limits.MAX_SNAPSHOT_DEPTH)).mkdir(parents=True)

    assert registry.verify(MODEL, model).result is Result.PASSED


def test_no_policy_lowers_it(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('schema = "model-verifier/policy/v1"\nname = "lax"\n[rules]\nunsafe-path = "warn"\n')

    with pytest.raises(UsageError, match="always denies"):
        Policy.load(path)
