"""The Hub's cache on disk, as huggingface_hub leaves it after a download ("Understand caching").

Snapshots hold links to `blobs/`, or, where links can't be made, the files themselves. From version 2 on, a blob
that is in Xet can be a link itself, into a store that all repositories of the cache share.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fakes.hub.content import StoredFile
from tests.fakes.hub.repository import MAIN

_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag.\n"
_STORE_MARKER, _STORE_VERSION = ".huggingface-shared-blobs", "1\n"


def fill_cache(
    cache_dir: Path,
    model_id: str,
    commit: str,
    files: Mapping[str, bytes | Path],
    *,
    links: bool = True,
    shared_store: bool = False,
    refs: Mapping[str, str] | None = None,
) -> Path:
    """Add one snapshot to a cache, and return its directory; `refs` are by default that `main` is `commit`.

    Raises ValueError for a shared store without links, which the client never makes.
    """
    if shared_store and not links:
        raise ValueError("a store can't be shared without links")
    repository = cache_dir / f"models--{model_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / commit
    for directory in (repository / "blobs", snapshot):
        directory.mkdir(parents=True, exist_ok=True)
    (cache_dir / "CACHEDIR.TAG").write_text(_TAG)
    stored = [StoredFile(path, source) for path, source in sorted(files.items())]
    for file in stored:
        pointer = snapshot / file.path
        pointer.parent.mkdir(parents=True, exist_ok=True)
        if not links:
            _write(file.source, pointer)
            continue
        blob = repository / "blobs" / file.etag
        if not blob.exists():
            if shared_store and file.is_lfs:
                _share(cache_dir, file, blob)
            else:
                _write(file.source, blob)
        _link(pointer, blob)
    for name, target in ({MAIN: commit} if refs is None else refs).items():
        ref = repository / "refs" / name
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(target)
    tree = {"format_version": 1, "files": {file.path: _tree_entry(file, shared_store) for file in stored}}
    (repository / "trees").mkdir(exist_ok=True)
    (repository / "trees" / f"{commit}.json").write_text(json.dumps(tree, indent=1))
    return snapshot


def _share(cache_dir: Path, file: StoredFile, blob: Path) -> None:
    """Put the content into the store, the link to it in the blob's place, and that link on the store's list."""
    store = cache_dir / "blobs"
    payload = store / file.xet_hash[:2] / file.xet_hash
    payload.parent.mkdir(parents=True, exist_ok=True)
    (store / _STORE_MARKER).write_text(_STORE_VERSION)
    if not payload.exists():
        _write(file.source, payload)
        payload.chmod(0o444)
    with payload.with_name(f"{payload.name}.refs").open("a") as references:
        references.write(f"{blob.relative_to(cache_dir).as_posix()}\n")
    _link(blob, payload)


def _write(source: bytes | Path, target: Path) -> None:
    if isinstance(source, bytes):
        target.write_bytes(source)
    else:
        shutil.copyfile(source, target)


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(target, link.parent))


def _tree_entry(file: StoredFile, in_xet: bool) -> dict[str, Any]:
    entry = {"size": file.size, "blob_id": file.git_sha1}
    if not file.is_lfs:
        return entry
    entry |= {"lfs_sha256": file.sha256, "lfs_size": file.size}
    return entry | {"xet_hash": file.xet_hash} if in_xet else entry
