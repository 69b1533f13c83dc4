"""Content in memory or in files: slices of it that are not read before they are sent, and the digests of it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LFS_SUFFIXES = (".bin", ".gguf", ".h5", ".msgpack", ".onnx", ".ot", ".pt", ".pth", ".safetensors")
"""Of the Hub's default `.gitattributes`, what model repositories hold most."""
_LFS_SIZE = 10 * 1024 * 1024


@dataclass(frozen=True)
class FilePart:
    """`size` bytes of a file from `offset` on."""

    path: Path
    offset: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, within: slice) -> "FilePart":
        start, stop, _ = within.indices(self.size)
        return FilePart(self.path, self.offset + start, max(stop - start, 0))

    def read(self) -> bytes:
        """The bytes."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


@dataclass(frozen=True)
class Body:
    """Parts to be sent one after the other."""

    parts: tuple[bytes | FilePart, ...] = ()

    @classmethod
    def of(cls, source: bytes | Path) -> "Body":
        """All of `source`."""
        part = source if isinstance(source, bytes) else FilePart(source, 0, source.stat().st_size)
        return cls((part,))

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __add__(self, other: "Body") -> "Body":
        return Body(self.parts + other.parts)

    def __getitem__(self, within: slice) -> "Body":
        start, stop, _ = within.indices(len(self))
        taken: list[bytes | FilePart] = []
        for part in self.parts:
            if piece := part[max(start, 0) : max(stop, 0)]:
                taken.append(piece)
            start, stop = start - len(part), stop - len(part)
        return Body(tuple(taken))

    def read(self) -> bytes:
        """The bytes."""
        return b"".join(part if isinstance(part, bytes) else part.read() for part in self.parts)


@dataclass(frozen=True)
class StoredFile:
    """One file of a commit: in Git itself, or, where it is large or of a known suffix, in Git LFS."""

    path: str
    source: bytes | Path

    @cached_property
    def body(self) -> Body:
        """The content."""
        return Body.of(self.source)

    @property
    def size(self) -> int:
        """The content's size in bytes."""
        return len(self.body)

    @cached_property
    def sha256(self) -> str:
        """The content's SHA-256, which is its name in Git LFS."""
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        with self.source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def git_sha1(self) -> str:
        """The name of the blob in Git, which is a pointer for what is in Git LFS."""
        blob = self.pointer if self.is_lfs else self.body.read()
        return hashlib.sha1(b"blob %d\0" % len(blob) + blob, usedforsecurity=False).hexdigest()

    @property
    def is_lfs(self) -> bool:
        """Whether Git holds a pointer only."""
        return self.path.endswith(LFS_SUFFIXES) or self.size >= _LFS_SIZE

    @property
    def pointer(self) -> bytes:
        """The pointer for Git LFS (git-lfs, `docs/spec.md`)."""
        lines = "version https://git-lfs.github.com/spec/v1", f"oid sha256:{self.sha256}", f"size {self.size}"
        return "".join(f"{line}\n" for line in lines).encode()

    @property
    def etag(self) -> str:
        """What the Hub gives as ETag and the client names the blob in its cache by."""
        return self.sha256 if self.is_lfs else self.git_sha1

    @property
    def xet_hash(self) -> str:
        """A name in Xet's form; the real one is a Merkle tree's root over chunks, which nothing here can check."""
        return hashlib.sha256(b"xet" + bytes.fromhex(self.sha256)).hexdigest()
