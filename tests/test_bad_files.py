"""Bad input from end to end: each ends in a finding or in an error with a remedy, never in a traceback or a pass."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from verifier.errors import UndecidedError, UsageError
from verifier.judge import undecided
from verifier.report import json as json_report
from verifier.report import text as text_report
from verifier.verdict import Effect, Result, Verdict

SHARD = "model-00002-of-00002.safetensors"


def reported(verdict: Verdict) -> str:
    """Write both reports; give the text, which must be fit for a terminal, each denial with a remedy."""
    assert json.loads(json_report.render(verdict))["result"] == verdict.result.value
    text = text_report.render(verdict)
    assert text.replace("\n", "").isprintable()
    assert all(judged.finding.remedy for judged in verdict.findings(Effect.DENY))
    return text


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "is not there"),
        ("config.json", "is not a directory"),
        ("config.json/below", "is not a directory"),
        ("fifo", "is not a directory"),
        ("dangling", "is not there"),
        ("null\0byte", "null"),
    ],
)
def test_a_path_that_is_no_directory_is_a_usage_error(
    registry: FakeRegistry, model: Path, path: str, message: str
) -> None:
    os.mkfifo(model / "fifo")
    (model / "dangling").symlink_to("nowhere")

    with pytest.raises(UsageError, match=message) as caught:
        registry.verify(MODEL, model / path)

    assert caught.value.remedy


@pytest.mark.parametrize("path", ["loop", "x" * 300])
def test_a_path_that_the_system_refuses_is_undecided(registry: FakeRegistry, model: Path, path: str) -> None:
    (model / "loop").symlink_to("loop")

    with pytest.raises(UndecidedError, match="can't be read") as caught:
        registry.verify(MODEL, model / path)

    verdict = undecided(caught.value, MODEL, registry.policy())
    assert (verdict.result, verdict.exit_status) == (Result.UNDECIDED, 4)
    assert reported(verdict)


def test_an_empty_directory_is_refused(registry: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    verdict = registry.verify(MODEL, tmp_path / "empty")

    assert rules_of(verdict) == {"missing-file"}
    assert "more of missing-file" in reported(verdict)


def test_a_model_that_nobody_approved_does_not_pass_on_an_empty_directory(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()

    assert rules_of(registry.verify("acme/other", tmp_path / "empty")) == {"unapproved-model"}


def directory_instead(model: Path) -> None:
    (model / SHARD).unlink()
    (model / SHARD).mkdir()


def fifo_instead(model: Path) -> None:
    (model / SHARD).unlink()
    os.mkfifo(model / SHARD)


def socket_instead(model: Path) -> None:
    (model / SHARD).unlink()
    os.mknod(model / SHARD, stat.S_IFSOCK | 0o644)


def loop_instead(model: Path) -> None:
    (model / SHARD).unlink()
    (model / SHARD).symlink_to(SHARD)


def link_out(model: Path) -> None:
    (model / SHARD).rename(model.parent / "elsewhere")
    (model / SHARD).symlink_to(model.parent / "elsewhere")


def link_within(model: Path) -> None:
    (model / SHARD).rename(model / "moved")
    (model / SHARD).symlink_to("moved")


def linked_directory(model: Path) -> None:
    (model.parent / "other").mkdir()
    (model / "linked").symlink_to(model.parent / "other")


def deep_nest(model: Path) -> None:
    deep = model / "/".join("d" * 100)
    deep.mkdir(parents=True)
    (deep / "modeling.py").touch()


@pytest.mark.parametrize(
    ("damage", "rules"),
    [
        (lambda model: (model / SHARD).write_bytes(b""), {"digest-mismatch"}),
        (lambda model: os.truncate(model / SHARD, 100), {"digest-mismatch"}),
        (lambda model: (model / SHARD).unlink(), {"missing-file"}),
        (directory_instead, {"missing-file"}),
        (fifo_instead, {"missing-file", "unsafe-path"}),
        (socket_instead, {"missing-file", "unsafe-path"}),
        (loop_instead, {"missing-file", "unsafe-path"}),
        (link_out, {"missing-file", "unsafe-path"}),
        (link_within, {"missing-file", "unsafe-path", "unlisted-file"}),
        (linked_directory, {"unsafe-path"}),
        (deep_nest, {"unsafe-path"}),
    ],
    ids=[
        "zero bytes",
        "truncated",
        "missing",
        "directory",
        "FIFO",
        "socket",
        "loop",
        "link out",
        "link within",
        "linked directory",
        "deep nest",
    ],
)
def test_damage_is_refused_with_a_remedy(
    registry: FakeRegistry, model: Path, damage: Callable[[Path], object], rules: set[str]
) -> None:
    damage(model)

    verdict = registry.verify(MODEL, model)

    assert (rules_of(verdict), verdict.exit_status) == (rules, 3)
    assert "next: " in reported(verdict)


@pytest.mark.parametrize(
    "name",
    [
        b"a\nb",
        b"\r\x1b[2K\x1b[32mPASSED",
        b"\x1b]0;title\x07",
        "gpj.\u202egnp".encode(),
        "\u2066\u200b\ufeff".encode(),
        b"\xff\xfe\x80",
        b"\xed\xa0\x80",
        b"a\\..\\b",
        b" ",
        b"\x7f",
        "\x9bm".encode(),
        "\U000e0041".encode(),
        b"x" * 255,
        b"::error::fooled",
        b"--help",
        b"[bold]x[link=x]",
    ],
)
def test_a_hostile_name_is_refused_and_printed_harmlessly(registry: FakeRegistry, model: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(model) + b"/" + name)).touch()

    verdict = registry.verify(MODEL, model)

    assert "unlisted-file" in rules_of(verdict)
    assert reported(verdict).startswith("FAILED")


def test_many_findings_are_counted_and_not_all_printed(registry: FakeRegistry, model: Path) -> None:
    for number in range(1_500):
        (model / f"extra-{number}").touch()

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"unlisted-file"}
    assert len(reported(verdict).splitlines()) < 20


Preadv = Callable[[int, list[memoryview], int], int]


def meanwhile(monkeypatch: pytest.MonkeyPatch, path: Path, event: Callable[[], object]) -> None:
    """Have something happen once, right after the first bytes of `path` were read."""
    real: Preadv = os.preadv
    inode = path.stat().st_ino
    pending = [event]

    def preadv(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        count = real(descriptor, buffers, offset)
        if pending and os.fstat(descriptor).st_ino == inode:
            pending.pop()()
        return count

    monkeypatch.setattr(os, "preadv", preadv)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite_with_a_forged_time(path: Path) -> None:
    before = path.stat()
    time.sleep(0.03)  # the clock of a file system ticks in milliseconds
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def exchange(path: Path) -> None:
    (path.parent / "new").write_bytes(path.read_bytes())
    (path.parent / "new").replace(path)


@pytest.mark.parametrize(
    "change",
    [grow, rewrite_with_a_forged_time, exchange, Path.unlink, lambda path: os.truncate(path, 10)],
    ids=["growing", "rewritten with a forged time", "exchanged", "deleted", "truncated"],
)
def test_a_shard_that_changes_while_it_is_read_is_refused(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    shard = model / SHARD
    meanwhile(monkeypatch, shard, lambda: change(shard))

    verdict = registry.verify(MODEL, model)

    (judged,) = verdict.findings(Effect.DENY)
    assert (judged.finding.rule, judged.finding.message) == ("digest-mismatch", f"{SHARD} changed while it was read")
    assert "Stop what writes to it" in reported(verdict)


def test_a_disk_that_fails_leaves_it_undecided(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "preadv", fail)

    with pytest.raises(UndecidedError, match="Input/output error") as caught:
        registry.verify(MODEL, model)

    assert reported(undecided(caught.value, MODEL, registry.policy())).startswith("UNDECIDED")


def test_a_root_that_can_not_be_listed_leaves_it_undecided(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def fail(place: object = ".") -> object:
        if isinstance(place, int):
            raise OSError(5, "Input/output error")
        return real(place)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", fail)

    with pytest.raises(UndecidedError, match="Input/output error"):
        registry.verify(MODEL, model)
