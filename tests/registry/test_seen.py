"""The highest head that this machine has seen: an older one, though signed and unexpired, is noticed."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry
from verifier.digest import Digest
from verifier.errors import UndecidedError
from verifier.registry import seen
from verifier.verdict import Result

TRUST, OTHER = Digest.of(b"trust"), Digest.of(b"another trust")


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "memory"


def put_back(registry: FakeRegistry, model: Path) -> None:
    """Publish twice, let this machine see the second head, and put the first one back."""
    older = {path: (registry.root / path).read_bytes() for path in ("head.json", "head.sigs/ci.sigstore.json")}
    registry.publish()
    assert registry.verify(MODEL, model).result is Result.PASSED
    for path, data in older.items():
        registry.put(path, data)


def test_an_older_head_is_refused_where_a_newer_one_was_seen(registry: FakeRegistry, model: Path) -> None:
    put_back(registry, model)
    with pytest.raises(UndecidedError, match="version 1; at least 2 is known to exist") as caught:
        registry.verify(MODEL, model)
    assert caught.value.code == "head-stale"


def test_a_revocation_can_not_be_undone_by_putting_the_older_head_back(registry: FakeRegistry, model: Path) -> None:
    older = {path: (registry.root / path).read_bytes() for path in ("head.json", "head.sigs/ci.sigstore.json")}
    registry.revoke("bad", model=MODEL)
    registry.publish()
    assert registry.verify(MODEL, model).result is Result.FAILED
    (registry.root / "revocations/bad.json").unlink()
    for path, data in older.items():
        registry.put(path, data)
    with pytest.raises(UndecidedError, match="at least 2"):
        registry.verify(MODEL, model)


def test_the_same_head_again_is_no_older_one(registry: FakeRegistry, model: Path) -> None:
    for _ in range(2):
        assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_stateless_machine_can_not_notice(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit that users are told: without memory only `min_version` helps."""
    put_back(registry, model)
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_trust_file_that_was_seen_can_not_be_hidden_again(registry: FakeRegistry, model: Path) -> None:
    """The publisher of trust file 1 was taken over and replaced; its key must not work where trust file 2 was seen."""
    replaced = registry.trust.principals | {"ci": (registry.signer("ci", identity=f"{registry.identity('ci')}-2"),)}
    registry.next_trust(principals=replaced)
    head = registry.publish(signers=())
    data = (registry.root / "head.json").read_bytes()
    registry.put_bundle("head.json", "ci", registry.sigstore.sign(data, f"{registry.identity('ci')}-2"))
    assert registry.verify(MODEL, model).result is Result.PASSED
    (registry.root / "trust/2.json").unlink()
    registry.put("head.json", head.model_copy(update={"version": 99, "trust_version": 1}), ("ci",))
    with pytest.raises(UndecidedError, match="trust"):
        registry.verify(MODEL, model)


def test_a_refused_head_is_not_remembered(registry: FakeRegistry, memory: Path) -> None:
    registry.publish(version=99)
    with pytest.raises(UndecidedError, match="expired"):
        registry.open(now=NOW + timedelta(days=15), memory=memory)
    assert seen.highest(memory, registry.trust_digest).head_version == 0


def test_an_unsigned_head_is_not_remembered(registry: FakeRegistry, memory: Path) -> None:
    (registry.root / "head.sigs/ci.sigstore.json").unlink()
    registry.publish(version=99, signers=())
    with pytest.raises(UndecidedError, match="not signed"):
        registry.open(memory=memory)
    assert seen.highest(memory, registry.trust_digest).head_version == 0


def test_head_and_trust_file_are_remembered_each_at_its_highest(memory: Path) -> None:
    seen.remember(memory, TRUST, seen.Seen(head_version=7, trust_version=1))
    seen.remember(memory, TRUST, seen.Seen(head_version=3, trust_version=2))
    assert seen.highest(memory, TRUST) == seen.Seen(head_version=7, trust_version=2)
    seen.remember(memory, TRUST, seen.Seen(head_version=8, trust_version=1))
    assert seen.highest(memory, TRUST) == seen.Seen(head_version=8, trust_version=2)


def test_registries_are_remembered_apart(memory: Path) -> None:
    seen.remember(memory, TRUST, seen.Seen(7))
    assert seen.highest(memory, TRUST).head_version == 7
    assert seen.highest(memory, OTHER).head_version == 0


def test_nothing_seen_is_version_0(memory: Path) -> None:
    assert seen.highest(memory, TRUST).head_version == 0
    assert seen.highest(None, TRUST).head_version == 0


def test_a_newer_head_is_remembered(memory: Path) -> None:
    for version in (3, 4, 400):
        seen.remember(memory, TRUST, seen.Seen(version))
        assert seen.highest(memory, TRUST).head_version == version


def test_the_memory_never_goes_back(memory: Path) -> None:
    """Two runs at once: the one that read the older head may write last."""
    seen.remember(memory, TRUST, seen.Seen(6))
    seen.remember(memory, TRUST, seen.Seen(5))
    assert seen.highest(memory, TRUST).head_version == 6


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"7",
        b"null",
        b"not JSON",
        b"\xff",
        b'{"head_version": "7"}',
        b'{"head_version": -1}',
        b'{"head_version": 7.0}',
        b'{"head_version": true}',
        b'{"head_version": NaN}',
        b'{"head_version": 1, "head_version": 0}',
        b'{"head_version": 1, "trust_version": -1}',
        b'{"head_version": 1, "trust_version": "2"}',
        b'{"trust_version": 2}',
        b'{"head_version": 7' + b" " * 2_000 + b"}",
        b"[" * 1_000,
    ],
    ids=range(18),
)
def test_a_memory_that_can_not_be_read_is_not_an_empty_one(memory: Path, content: bytes) -> None:
    memory.mkdir()
    (memory / f"{TRUST.hex}.json").write_bytes(content)
    with pytest.raises(UndecidedError) as caught:
        seen.highest(memory, TRUST)
    assert caught.value.remedy.startswith("Remove")


@pytest.mark.parametrize("kind", ["directory", "fifo", "loop"])
def test_a_memory_that_is_no_file_is_not_an_empty_one(memory: Path, kind: str) -> None:
    memory.mkdir()
    path = memory / f"{TRUST.hex}.json"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(path.name)
    with pytest.raises(UndecidedError):
        seen.highest(memory, TRUST)


def test_where_nothing_can_be_written_nothing_is(registry: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    registry.open(memory=tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b""


def test_a_memory_is_written_whole_and_leaves_nothing_beside_it(memory: Path) -> None:
    for version in (1, 2):
        seen.remember(memory, TRUST, seen.Seen(version))
    assert [path.name for path in memory.iterdir()] == [f"{TRUST.hex}.json"]


# Where it is.


def test_the_machines_memory_comes_before_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    machine.mkdir()
    monkeypatch.setattr(seen, "MACHINE", machine)
    assert seen.default_directory() == machine


def test_the_users_memory_is_in_the_state_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert seen.default_directory() == tmp_path / "model-verifier"


def test_without_a_state_directory_it_is_below_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert seen.default_directory() == tmp_path / ".local" / "state" / "model-verifier"


def test_a_relative_state_directory_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert seen.default_directory() is None


def test_without_a_home_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    assert seen.default_directory() is None
