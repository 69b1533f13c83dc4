"""A Hub cache for one COMMAND: private, fresh, read-only, with links to verified files and nothing else."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest
from huggingface_hub import scan_cache_dir

from tests.fakes.registry import commit_of
from verifier.digest import Digest
from verifier.errors import UndecidedError
from verifier.launch import private_cache
from verifier.launch.private_cache import PrivateCache, VerifiedFile, build
from verifier.reference import ModelReference

REFERENCE = ModelReference("acme", "tiny", commit_of("acme/tiny"))


def verified(*paths: Path) -> dict[str, VerifiedFile]:
    return {f"sub/{path.name}": VerifiedFile(path, Digest.of(path.read_bytes())) for path in paths}


@pytest.fixture
def cache(tmp_path: Path, model: Path) -> PrivateCache:
    return build(tmp_path, {REFERENCE: verified(*model.iterdir())})


def test_its_main_branch_is_exactly_the_verified_commit(cache: PrivateCache) -> None:
    main = cache.root / "hub/models--acme--tiny/refs/main"

    assert main.read_bytes() == str(REFERENCE.commit).encode()
    assert main.stat().st_size == 40


def test_it_holds_links_to_the_files_and_nothing_else(cache: PrivateCache, model: Path) -> None:
    snapshot = cache.snapshots["acme/tiny"]

    assert snapshot == cache.root / f"hub/models--acme--tiny/snapshots/{REFERENCE.commit}"
    assert {path.resolve() for path in snapshot.rglob("*") if path.is_file()} == set(model.iterdir())
    regular = [path for path in cache.root.rglob("*") if not path.is_symlink() and path.is_file()]
    assert regular == [cache.root / "hub/models--acme--tiny/refs/main"]
    assert {path.name for path in (cache.root / "hub").iterdir()} == {"models--acme--tiny"}


def test_the_hubs_client_finds_nothing_amiss(cache: PrivateCache, model: Path) -> None:
    found = scan_cache_dir(cache.root / "hub")

    assert found.warnings == []
    (repository,) = found.repos
    (revision,) = repository.revisions
    assert (repository.repo_id, revision.commit_hash, set(revision.refs)) == ("acme/tiny", REFERENCE.commit, {"main"})
    assert found.size_on_disk == sum(path.stat().st_size for path in model.iterdir())


def test_only_this_user_can_read_it_and_nobody_can_write_it(cache: PrivateCache) -> None:
    for path in (cache.root, *cache.root.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.lstat().st_mode)
            assert mode == (0o700 if path.name == "modules" else 0o500 if path.is_dir() else 0o400), path


def test_modules_is_empty_and_can_be_written(cache: PrivateCache) -> None:
    assert list((cache.root / "modules").iterdir()) == []


def test_each_is_a_new_one(tmp_path: Path, cache: PrivateCache, model: Path) -> None:
    assert build(tmp_path, {REFERENCE: verified(*model.iterdir())}).root != cache.root


def test_files_with_the_same_bytes_are_one_blob(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("{}")
    cache = build(tmp_path, {REFERENCE: verified(tmp_path / "a.json", tmp_path / "b.json")})

    assert len(list((cache.root / "hub/models--acme--tiny/blobs").iterdir())) == 1
    assert {path.name for path in (cache.snapshots["acme/tiny"] / "sub").iterdir()} == {"a.json", "b.json"}


def test_it_can_be_removed_again(cache: PrivateCache, model: Path) -> None:
    cache.remove()

    assert not cache.root.exists()
    assert (model / "config.json").exists()


def test_a_disk_that_fills_up_leaves_nothing_behind(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    files = verified(*model.iterdir())
    monkeypatch.setattr(os, "symlink", full)

    with pytest.raises(UndecidedError, match="No space left") as caught:
        build(tmp_path, {REFERENCE: files})

    assert "--cache-dir" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    files = verified(*model.iterdir())
    monkeypatch.setattr(os, "symlink", interrupt)

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, {REFERENCE: files})

    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_where_nothing_can_be_made_nothing_is_decided(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="can't be made"):
        build(tmp_path / "nowhere", {})


def test_only_a_commit_can_be_main(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="acme/tiny@main names no commit"):
        build(tmp_path, {ModelReference("acme", "tiny", "main"): {}})


def test_no_directory_for_temporary_files_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)

    with pytest.raises(UndecidedError, match="No usable temporary directory"):
        private_cache.default_parent()
