"""Which records hold a digest or a path: an index beside the registry's files, brought up to date at each question.

It is a cache and proves nothing: whoever asks opens the records that it names, and verifies those.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from verifier.digest import Digest
from verifier.document import DocumentError, load_json
from verifier.errors import UndecidedError
from verifier.governance.home import Home

_TABLES = """
CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, key TEXT UNIQUE, stamp TEXT);
CREATE TABLE IF NOT EXISTS files (record INTEGER, path TEXT, digest BLOB);
CREATE INDEX IF NOT EXISTS by_digest ON files (digest);
CREATE INDEX IF NOT EXISTS by_path ON files (path);
CREATE INDEX IF NOT EXISTS by_record ON files (record);
"""


class Index:
    """An index of a registry's records, open and up to date."""

    def __init__(self, home: Home, directory: Path | None) -> None:
        """Open and update it in `directory`; without one, or where nothing can be written, it is made in memory."""
        self._home = home
        self._database = _open(_file(home, directory))
        with self._database:
            self._update()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def holding(self, digest: Digest) -> set[str]:
        """Give the key of each record that lists a file with this digest."""
        return self._keys("SELECT DISTINCT record FROM files WHERE digest = ?", bytes.fromhex(digest.hex))

    def listing(self, path: str) -> set[str]:
        """Give the key of each record that lists a file at this path."""
        return self._keys("SELECT DISTINCT record FROM files WHERE path = ?", path)

    def _keys(self, records: str, value: bytes | str) -> set[str]:
        query = f"SELECT key FROM records WHERE id IN ({records})"  # noqa: S608 - one of the two above
        with closing(self._database.execute(query, (value,))) as rows:
            return {key for (key,) in rows}

    def _update(self) -> None:
        known: dict[str, tuple[int, str]] = {
            key: (identifier, stamp)
            for identifier, key, stamp in self._database.execute("SELECT id, key, stamp FROM records")
        }
        for key, stamp in _stamps(self._home):
            identifier, before = known.pop(key, (None, None))
            if stamp == before:
                continue
            if identifier is not None:
                self._forget(identifier)
            row = self._database.execute("INSERT INTO records (key, stamp) VALUES (?, ?)", (key, stamp)).lastrowid
            files = [(row, path, digest) for path, digest in _files(self._home.raw_record(key) or b"")]
            self._database.executemany("INSERT INTO files VALUES (?, ?, ?)", files)
        for identifier, _ in known.values():
            self._forget(identifier)

    def _forget(self, identifier: int) -> None:
        self._database.execute("DELETE FROM files WHERE record = ?", (identifier,))
        self._database.execute("DELETE FROM records WHERE id = ?", (identifier,))


def cache_directory() -> Path | None:
    """Give where this user's caches lie (XDG), or None where there is no home."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "model-verifier" if Path(base).is_absolute() else None
    try:
        return Path.home() / ".cache" / "model-verifier"
    except RuntimeError:
        return None


def _file(home: Home, directory: Path | None) -> str:
    if directory is None:
        return ":memory:"
    with contextlib.suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(os.fsencode(home.root.resolve())).hexdigest()
        return str(directory / f"registry-{name[:32]}.sqlite")
    return ":memory:"


def _open(file: str) -> sqlite3.Connection:
    """Open a database; what is none, or can't be written, is passed over for one in memory."""
    for place in (file, ":memory:"):
        database = sqlite3.connect(place)
        try:
            database.executescript(f"PRAGMA synchronous = OFF; {_TABLES}")
            return database
        except sqlite3.Error:
            database.close()
            if place == file != ":memory:":
                with contextlib.suppress(OSError):
                    Path(file).unlink()
    raise UndecidedError("an index can't be made in memory", "Free some memory.")  # pragma: no cover


def _stamps(home: Home) -> Iterator[tuple[str, str]]:
    """Give each record's key, and what differs once its file was written anew."""
    for publisher, model in home.model_directories():
        with os.scandir(model) as entries:
            for entry in entries:
                if entry.name.endswith(".json"):
                    status = entry.stat()
                    key = f"{publisher.name}/{model.name}@{entry.name.removesuffix('.json')}"
                    yield key, f"{status.st_ino}.{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}"


def _files(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Give a record's paths and digests, leniently: who asks verifies the record."""
    try:
        document = load_json(raw)
    except DocumentError:
        return
    files = document.get("files") if isinstance(document, dict) else None
    for path, entry in files.items() if isinstance(files, dict) else ():
        sha256 = entry.get("sha256") if isinstance(entry, dict) else None
        if isinstance(sha256, str) and len(sha256) == 64:
            with contextlib.suppress(ValueError):
                yield path, bytes.fromhex(sha256)
