"""The Hub's cache: its own links are followed, any other is not, and no blob's name is believed."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier.errors import UndecidedError
from verifier.verdict import Result

COMMIT = commit_of(MODEL)
SHARED = "blobs/xx"


@pytest.fixture
def cache(model: Path, tmp_path: Path) -> Path:
    """A cache with the model as the Hub's client lays it out: links from the snapshot into the blobs."""
    repository = tmp_path / "hub/models--acme--tiny"
    (repository / "blobs").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(COMMIT)
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    for path in sorted(model.iterdir()):
        blob = repository / "blobs" / hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
        shutil.copy(path, blob)
        (snapshot / path.name).symlink_to(f"../../blobs/{blob.name}")
    return tmp_path / "hub"


@pytest.fixture
def repository(cache: Path) -> Path:
    return cache / "models--acme--tiny"


@pytest.fixture
def snapshot(repository: Path) -> Path:
    return repository / "snapshots" / COMMIT


def relink(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def blob_of(path: Path) -> Path:
    return path.parent / path.readlink()


def test_a_cache_as_the_client_lays_it_out_passes(registry: FakeRegistry, snapshot: Path) -> None:
    verdict = registry.verify(MODEL, snapshot)

    assert verdict.result is Result.PASSED
    assert verdict.subject.files == len(list(snapshot.iterdir()))


def test_a_cache_without_links_passes(registry: FakeRegistry, snapshot: Path) -> None:
    for path in snapshot.iterdir():
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)

    assert registry.verify(MODEL, snapshot).result is Result.PASSED


def test_a_snapshot_that_is_reached_through_a_link_passes(
    registry: FakeRegistry, snapshot: Path, tmp_path: Path
) -> None:
    (tmp_path / "model-link").symlink_to(snapshot)

    assert registry.verify(MODEL, tmp_path / "model-link").result is Result.PASSED


def test_files_in_directories_are_linked_from_further_down(
    registry: FakeRegistry, model: Path, snapshot: Path, repository: Path
) -> None:
    (model / "sub").mkdir()
    (model / "sub/x.json").write_text("{}")
    registry.approve(MODEL, model)
    registry.publish()
    (repository / "blobs/1234").write_text("{}")
    (snapshot / "sub").mkdir()
    (snapshot / "sub/x.json").symlink_to("../../../blobs/1234")

    assert registry.verify(MODEL, snapshot).result is Result.PASSED


def test_a_blob_may_lie_in_the_caches_shared_store(registry: FakeRegistry, cache: Path, snapshot: Path) -> None:
    for path in snapshot.iterdir():
        blob = blob_of(path)
        shared = cache / SHARED / blob.name
        shared.parent.mkdir(parents=True, exist_ok=True)
        blob.rename(shared)
        blob.symlink_to(f"../../{SHARED}/{blob.name}")

    assert registry.verify(MODEL, snapshot).result is Result.PASSED


def test_no_blobs_name_is_believed(registry: FakeRegistry, snapshot: Path) -> None:
    blob = blob_of(snapshot / "config.json")
    data = bytearray(blob.read_bytes())
    data[0] ^= 1
    blob.write_bytes(data)

    assert rules_of(registry.verify(MODEL, snapshot)) == {"digest-mismatch"}


def test_a_planted_module_is_refused(registry: FakeRegistry, snapshot: Path, repository: Path) -> None:
    (snapshot / "modeling.py").write_text("print('hello')")
    (repository / "blobs/5678").write_text("print('hello')")
    (snapshot / "linked.py").symlink_to("../../blobs/5678")

    verdict = registry.verify(MODEL, snapshot)

    assert rules_of(verdict) == {"unlisted-file"}
    assert {judged.finding.location.path for judged in verdict.findings()} == {"modeling.py", "linked.py"}


def test_the_remedy_for_a_linked_extra_removes_the_link(
    registry: FakeRegistry, snapshot: Path, repository: Path
) -> None:
    (repository / "blobs/5678").write_text("x")
    (snapshot / "extra.txt").symlink_to("../../blobs/5678")

    (judged,) = registry.verify(MODEL, snapshot).findings()

    assert judged.finding.remedy == f"rm {snapshot.resolve() / 'extra.txt'}"


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("../../refs/main", id="refs"),
        pytest.param("../../../models--evil--tiny/blobs/1234", id="another repository's blob"),
        pytest.param("../../../models--evil--tiny/snapshots/1/config.json", id="another repository's snapshot"),
        pytest.param("generation_config.json", id="a neighbour"),
        pytest.param("../other/config.json", id="another snapshot"),
        pytest.param("../../blobs", id="the blobs themselves"),
        pytest.param("../../blobs/..", id="the repository"),
        pytest.param("../../blobs/../refs/main", id="through the blobs"),
        pytest.param("../../blobs/directory", id="a directory among the blobs"),
        pytest.param("../../blobs/missing", id="a blob that is not there"),
        pytest.param("../../blobs/fifo", id="a FIFO among the blobs"),
        pytest.param("../../blobs/loop", id="a blob that is a loop"),
        pytest.param("../../blobs/neighbour", id="a blob that links to a blob"),
        pytest.param("../../blobs/out", id="a blob that leaves the cache"),
        pytest.param("../../blobs/foreign", id="a blob that links to another repository"),
        pytest.param("../../blobs/chain", id="a chain of three"),
        pytest.param("../../blobs/shared-directory", id="a directory in the shared store"),
        pytest.param("../../blobs/linked/1234", id="through a linked directory among the blobs"),
        pytest.param("../../blobs/1234/below", id="below a blob that is a file"),
        pytest.param("../../../blobs/xx/1234", id="the shared store without a blob between"),
        pytest.param("../../../../outside.json", id="out of the cache"),
        pytest.param("/etc/hostname", id="absolute"),
        pytest.param("../../blobs/" + "x" * 300, id="a name that no file can have"),
    ],
)
def test_any_other_link_is_refused(
    registry: FakeRegistry, cache: Path, repository: Path, snapshot: Path, target: str
) -> None:
    data = (snapshot / "config.json").read_bytes()
    other = cache / "models--evil--tiny"
    for path in (
        other / "blobs/1234",
        other / "snapshots/1/config.json",
        repository / "snapshots/other/config.json",
        repository / "blobs/1234",
        repository / "blobs/directory/1234",
        cache / SHARED / "1234",
        cache.parent / "outside.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name, link in {
        "loop": "loop",
        "neighbour": "1234",
        "out": "../../../outside.json",
        "foreign": "../../models--evil--tiny/blobs/1234",
        "chain": f"../../{SHARED}/link",
        "shared-directory": f"../../{SHARED}",
        "linked": "directory",
    }.items():
        (repository / "blobs" / name).symlink_to(link)
    (cache / SHARED / "link").symlink_to("1234")
    os.mkfifo(repository / "blobs/fifo")
    relink(snapshot / "config.json", target)

    verdict = registry.verify(MODEL, snapshot)

    assert rules_of(verdict) == {"unsafe-path", "missing-file"}


def test_a_link_that_was_absolute_when_the_cache_was_made_is_followed(
    registry: FakeRegistry, snapshot: Path, repository: Path
) -> None:
    for path in snapshot.iterdir():
        relink(path, str(repository.resolve() / "blobs" / path.readlink().name))

    assert registry.verify(MODEL, snapshot).result is Result.PASSED


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("models--acme--tiny/snapshots/main", id="a snapshot that is no commit"),
        pytest.param(f"models--acme--tiny/other/{COMMIT}", id="no snapshots directory"),
        pytest.param(f"acme--tiny/snapshots/{COMMIT}", id="no model's folder"),
        pytest.param(f"datasets--acme--tiny/snapshots/{COMMIT}", id="a data set's folder"),
    ],
)
def test_links_are_followed_in_the_layout_of_the_cache_only(
    registry: FakeRegistry, repository: Path, tmp_path: Path, place: str
) -> None:
    moved = tmp_path / "moved" / place
    moved.parent.mkdir(parents=True)
    (repository / "snapshots" / COMMIT).rename(moved)
    (repository / "blobs").rename(moved.parent.parent / "blobs")

    assert rules_of(registry.verify(MODEL, moved)) == {"unsafe-path", "missing-file"}


def test_a_blob_that_is_exchanged_for_a_link_after_the_walk_is_not_read(
    registry: FakeRegistry, snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = blob_of(snapshot / "config.json").resolve()
    real = os.open

    def exchange(path: str, flags: int, *rest: int, **where: int) -> int:
        if path == blob.name and not blob.is_symlink():
            blob.rename(tmp_path / "elsewhere")
            blob.symlink_to(tmp_path / "elsewhere")
        return real(path, flags, *rest, **where)

    monkeypatch.setattr(os, "open", exchange)

    with pytest.raises(UndecidedError, match="symbolic links") as caught:
        registry.verify(MODEL, snapshot)

    assert caught.value.remedy
