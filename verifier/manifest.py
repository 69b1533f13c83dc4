"""What files a model consists of: path, size and digest of each, and what a path may look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from verifier.characters import is_hidden
from verifier.digest import Digest


@dataclass(frozen=True, slots=True)
class File:
    """One file: its path relative to the model's root (with `/`), its size in bytes, its digest."""

    path: str
    size: int
    digest: Digest


@dataclass(frozen=True)
class Manifest:
    """A closed set of files, in order of their paths."""

    files: Mapping[str, File]

    @classmethod
    def of(cls, files: Iterable[File]) -> Manifest:
        """Build a manifest, sorted by path."""
        return cls({file.path: file for file in sorted(files, key=lambda file: file.path)})

    def __iter__(self) -> Iterator[File]:
        return iter(self.files.values())

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def size(self) -> int:
        """The sum of all sizes, in bytes."""
        return sum(file.size for file in self)

    @cached_property
    def digest(self) -> Digest:
        """The digest of the manifest as `sha256sum` would print it: `<hex>  <path>` lines by path."""
        return Digest.of("".join(f"{file.digest.hex}  {file.path}\n" for file in self).encode())

    def only(self, paths: Iterable[str]) -> Manifest:
        """Give the part of the manifest that `paths` name; each must be in it."""
        return Manifest.of(self.files[path] for path in paths)


def path_problem(path: str) -> str | None:
    """Say what is wrong with a relative path, or None where it is one that any system can hold.

    Refused: absolute and empty paths, `.` and `..`, backslashes, control and invisible characters,
    surrogates (a name that is not UTF-8), components over 255 bytes, blanks at a component's ends.
    """
    for character in path:
        if "\ud800" <= character <= "\udfff":
            return "a name that is not UTF-8"
        if is_hidden(character):
            return f"a name with the control or invisible character U+{ord(character):04X}"
    if "\\" in path:
        return "a name with a backslash"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return "a path that is absolute or not in its plain form"
        if part != part.strip(" "):
            return "a name that begins or ends with a blank"
        if len(part.encode()) > 255:
            return "a name of more than 255 bytes"
    return None
