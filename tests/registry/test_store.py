"""Where a registry's bytes come from: odd files are errors, never hangs, and nothing is believed by being read."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier import limits
from verifier.errors import UndecidedError, UsageError
from verifier.registry.records import record_path
from verifier.registry.store import DirectoryStore
from verifier.verdict import Result

NOBODY = 65534
RECORD = record_path(MODEL, commit_of(MODEL))
SIGNATURES = Path(RECORD).with_suffix(".sigs")


def as_nobody(work: Callable[[], object]) -> int:
    """Run `work` in a child without root's rights; give 0 if it answered as it must, else another status."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of earlier tests, from Python 3.12
        child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def lay(kind: str, path: Path) -> None:
    """Put something there that is no regular file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "device":
        path.symlink_to("/dev/zero")


# One file.


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_bytes(b"{}")
    assert DirectoryStore(tmp_path).read("head.json", 2) == b"{}"


@pytest.mark.parametrize("path", ["head.json", "trust/1.json", "head.json/below"])
def test_what_is_not_there_is_none(tmp_path: Path, path: str) -> None:
    if "below" in path:
        (tmp_path / "head.json").write_bytes(b"{}")
    assert DirectoryStore(tmp_path).read(path, 9) is None


def test_one_byte_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_bytes(b"{} ")
    with pytest.raises(
        UndecidedError, match=r"head\.json can't be read: is larger than the limit of 2 bytes"
    ) as caught:
        DirectoryStore(tmp_path).read("head.json", 2)
    assert caught.value.code == "registry-unreadable"


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    """A sparse terabyte: reading it whole would end this machine's memory."""
    with (tmp_path / "head.json").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UndecidedError, match="larger than the limit"):
        DirectoryStore(tmp_path).read("head.json", limits.MAX_HEAD)


@pytest.mark.parametrize("kind", ["directory", "fifo", "loop", "device"])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: str) -> None:
    lay(kind, tmp_path / "head.json")
    with pytest.raises(UndecidedError, match=r"head\.json can't be read") as caught:
        DirectoryStore(tmp_path).read("head.json", limits.MAX_HEAD)
    assert caught.value.code == "registry-unreadable"


@pytest.mark.parametrize("name", ["a" * 300])
def test_a_name_that_the_system_can_not_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UndecidedError, match="can't be read"):
        DirectoryStore(tmp_path).read(f"{name}.json", 9)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "head.json").write_bytes(b"{}")
    (tmp_path / "head.json").chmod(0)
    tmp_path.chmod(0o755)

    def work() -> None:
        with pytest.raises(UndecidedError, match="Permission denied"):
            DirectoryStore(Path()).read("head.json", 9)

    assert as_nobody(work) == 0


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open descriptors are counted in /proc")
@pytest.mark.parametrize("kind", ["directory", "fifo", "device"])
def test_a_refused_file_is_closed(tmp_path: Path, kind: str) -> None:
    lay(kind, tmp_path / "head.json")
    store = DirectoryStore(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(UndecidedError):
            store.read("head.json", 9)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# The directory.


@pytest.mark.parametrize("kind", ["missing", "file", "fifo", "loop"])
def test_a_registry_is_a_directory(tmp_path: Path, kind: str) -> None:
    lay(kind, tmp_path / "registry")
    if kind == "file":
        (tmp_path / "registry").write_bytes(b"")
    with pytest.raises(UsageError, match="is not a directory"):
        DirectoryStore(tmp_path / "registry")


@pytest.mark.parametrize("kind", ["directory", "fifo", "loop", "device"])
@pytest.mark.parametrize(
    "path", ["head.json", "trust/1.json", "trust/2.json", RECORD, f"{SIGNATURES}/bob.sigstore.json"]
)
def test_no_odd_file_is_taken_for_a_missing_one(registry: FakeRegistry, model: Path, kind: str, path: str) -> None:
    lay(kind, registry.root / path)
    with pytest.raises(UndecidedError) as caught:
        registry.verify(MODEL, model)
    assert caught.value.code == "registry-unreadable"


# Revocations in sight.


def test_a_registry_that_can_not_be_looked_for_is_undecided(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="File name too long"):
        DirectoryStore(tmp_path / ("n" * 300))


def test_the_revocations_in_sight_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.txt", "d.sigs", ".e.json"):
        (tmp_path / "revocations").mkdir(exist_ok=True)
        (tmp_path / "revocations" / name).write_bytes(b"")
    listed = list(DirectoryStore(tmp_path).revocations())
    assert listed == ["revocations/.e.json", "revocations/a.json", "revocations/b.json"]


def test_a_registry_may_have_no_revocations(tmp_path: Path) -> None:
    assert list(DirectoryStore(tmp_path).revocations()) == []


def test_a_name_that_is_not_utf_8_is_listed_and_read(tmp_path: Path) -> None:
    (tmp_path / "revocations").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "revocations") + b"/\xff.json")).write_bytes(b"{}")
    store = DirectoryStore(tmp_path)
    (path,) = store.revocations()
    assert store.read(path, 2) == b"{}"


def test_too_many_revocations_are_not_half_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_REVOCATION_FILES", 3)
    (tmp_path / "revocations").mkdir()
    for number in range(4):
        (tmp_path / "revocations" / f"{number}.json").write_bytes(b"")
    with pytest.raises(UndecidedError, match="more than 3 revocations"):
        list(DirectoryStore(tmp_path).revocations())


def test_revocations_that_can_not_be_listed_are_not_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "revocations").mkdir(mode=0)
    tmp_path.chmod(0o755)

    def work() -> None:
        with pytest.raises(UndecidedError, match="can't be listed: Permission denied"):
            list(DirectoryStore(Path()).revocations())

    assert as_nobody(work) == 0


@pytest.mark.parametrize("kind", ["directory", "fifo", "loop", "device"])
def test_an_odd_file_among_the_revocations_is_not_passed_over(registry: FakeRegistry, model: Path, kind: str) -> None:
    lay(kind, registry.root / "revocations/bad.json")
    with pytest.raises(UndecidedError, match=r"revocations/bad\.json can't be read"):
        registry.verify(MODEL, model)


# Files that are swapped while they are read.


def test_every_document_is_read_once(registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.next_trust()
    registry.approve("acme/base", model)
    registry.approve(MODEL, model, requires=(f"acme/base@{commit_of('acme/base')}",))
    registry.publish()
    registry.revoke("later", model="acme/other")
    reads: Counter[str] = Counter()
    honest = DirectoryStore.read

    def read(store: DirectoryStore, path: str, limit: int) -> bytes | None:
        reads[path] += 1
        return honest(store, path, limit)

    monkeypatch.setattr(DirectoryStore, "read", read)
    assert registry.verify(MODEL, model).result is Result.PASSED
    documents = {path: count for path, count in reads.items() if not path.startswith("roots/") and ".sigs/" not in path}
    assert documents == dict.fromkeys(documents, 1)
    assert {"head.json", "trust/1.json", "trust/2.json", RECORD, "revocations/later.json"} <= documents.keys()


@pytest.mark.parametrize(
    "swapped", ["head.json", "trust/1.json", "trust/2.json", "roots/", RECORD, ".sigs/", "revocations/"]
)
def test_what_is_swapped_after_it_was_read_is_never_believed(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    """A revoked model stays refused, or undecided, whatever a second read gives."""
    registry.next_trust()
    registry.revoke("bad", model=MODEL)
    registry.publish(revoked=())
    registry.revoke("good", model="acme/other", signers=())
    harmless = (registry.root / "revocations/good.json").read_bytes()
    seen: set[str] = set()
    honest = DirectoryStore.read

    def read(store: DirectoryStore, path: str, limit: int) -> bytes | None:
        if path in seen and swapped in path:
            return harmless
        seen.add(path)
        return honest(store, path, limit)

    monkeypatch.setattr(DirectoryStore, "read", read)
    try:
        verdict = registry.verify(MODEL, model)
    except UndecidedError:
        return
    assert rules_of(verdict) == {"revoked-model"}


def test_a_record_that_is_swapped_before_it_is_read_is_refused(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head was read; then somebody puts a record in place that two approvers signed, for other bytes."""
    registry.approve(MODEL, model, reason="another one")
    other = (registry.root / RECORD).read_bytes()
    registry.approve(MODEL, model)
    registry.publish()
    honest = DirectoryStore.read

    def read(store: DirectoryStore, path: str, limit: int) -> bytes | None:
        return other if path == RECORD else honest(store, path, limit)

    monkeypatch.setattr(DirectoryStore, "read", read)
    assert rules_of(registry.verify(MODEL, model)) == {"unapproved-model"}
