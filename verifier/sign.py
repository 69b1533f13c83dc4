"""Sign a checkpoint where it was trained.

(1) the files that are there: all of them, plain ones only;  (2) their bytes, read once;  (3) what is signed: the
checkpoint's name, the time, and the exact set of files;  (4) the signature, verified by whoever made it;
(5) the bundle and the claims beside the checkpoint, each written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from verifier import oms
from verifier.atomic import write_atomically
from verifier.checkpoint import BUNDLE, CLAIMS, beside
from verifier.digest import Digest, Watch
from verifier.errors import UndecidedError, UsageError
from verifier.manifest import File, Manifest
from verifier.reading import hash_files
from verifier.reference import ModelReference
from verifier.snapshot import Snapshot, take
from verifier.statement import PROVENANCE, Subjects, provenance_predicate, write_statement


class Named(Protocol):
    """Whom a signature will name."""

    @property
    def identity(self) -> str:
        """The name itself."""


class Signer(Protocol):
    """Whoever signs. What it gives was verified."""

    @property
    def identity(self) -> Named:
        """Who that is; its text says it to people."""

    def sign_digest(self, digest: Digest) -> bytes:
        """Give a bundle over what has this digest."""

    def sign_statement(self, payload: bytes) -> bytes:
        """Give a bundle over an in-toto statement."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed: `digest` is what `verify --digest` pins; sizes in bytes; `written` what lies beside it now."""

    path: Path
    identity: str
    digest: Digest
    files: int
    size: int
    written: tuple[Path, ...]


def sign(
    path: Path,
    signer: Callable[[], Signer],
    *,
    name: str | None = None,
    bases: Iterable[str] | None = None,
    bundle: Path | None = None,
    watch: Watch | None = None,
    workers: int | None = None,
    now: datetime | None = None,
) -> Signed:
    """Sign the checkpoint at `path`; `signer` is opened once the bytes were read, as certificates live for minutes.

    `name` is what a policy's [checkpoint] names; `bases` are the models, org/name@commit, that it was trained from
    (None: nothing is said). `bundle` is where the signature goes, if not beside `path`. Raises `UsageError` for what
    must not be signed, `UndecidedError` where reading, signing or writing does not succeed.
    """
    now = now or datetime.now(UTC)
    trained_from = None if bases is None else [_base(base) for base in bases]
    target = _outside(bundle or beside(path, BUNDLE), path)
    manifest = read_directory(path, watch=watch, workers=workers)  # (1), (2)
    subjects = _subjects(manifest)
    whole = _basename(path)
    payload = oms.write(whole, {file.path: file.digest for file in manifest}, name=name, at=now)  # (3)
    opened = signer()
    made = opened.sign_statement(payload)  # (4)
    claims = [] if trained_from is None else [provenance(opened, subjects, whole, trained_from)]
    written = write_beside(target, made, beside(path, CLAIMS), claims)  # (5)
    return Signed(path, str(opened.identity), manifest.digest, len(manifest), manifest.size, written)


def subjects_of(path: Path, *, watch: Watch | None = None, workers: int | None = None) -> tuple[Subjects, str]:
    """Read a checkpoint to say what a claim about it is about, and what it is called on the disk; raises as `sign`."""
    return _subjects(read_directory(path, watch=watch, workers=workers)), _basename(path)


def _subjects(manifest: Manifest) -> Subjects:
    return Subjects(files=frozenset((file.path, file.digest.hex) for file in manifest))


def _basename(path: Path) -> str:
    return path.absolute().resolve().name


def read_directory(path: Path, *, watch: Watch | None = None, workers: int | None = None) -> Manifest:
    """Hash every file below a directory.

    Raises `UsageError` where something there can't be signed: nothing at all, links, devices, strange names.
    """
    snapshot = take(path)
    _refuse_oddities(snapshot)
    readings = hash_files(snapshot, watch, workers)
    for name, reading in readings.items():
        if reading.error is not None:
            raise UndecidedError(
                f"{name} can't be read: {reading.error}", "Check its permissions and the disk.", code="unreadable"
            )
        if reading.digest is None:
            raise UndecidedError(f"{name} changed while it was read", "Stop what writes to it and sign again.")
    return Manifest.of(
        File(name, snapshot.files[name].size, reading.digest) for name, reading in readings.items() if reading.digest
    )


def _refuse_oddities(snapshot: Snapshot) -> None:
    root = str(snapshot.root)
    for oddity in snapshot.oddities:
        raise UsageError(
            f"{oddity.path} in {root!r} is {oddity.problem}; such a checkpoint can't be signed",
            "Replace it by a plain file, or remove it.",
        )
    for name, reason in snapshot.unreadable.items():
        raise UndecidedError(f"{name} in {root!r} can't be read: {reason}", "Check its permissions.", code="unreadable")
    if not snapshot.complete:
        raise UsageError(f"{root!r} holds too many files to be signed", "Sign a tarball: sign DIR --tar OUT.")
    if not snapshot.files:
        raise UsageError(f"{root!r} holds no file; there is nothing to sign", "Give the checkpoint's directory.")


def provenance(signer: Signer, subjects: Subjects, name: str, bases: Sequence[str]) -> bytes:
    """Sign the claim that says from which models this was trained."""
    return signer.sign_statement(
        write_statement(subjects.listed(name), PROVENANCE, provenance_predicate(bases, signer.identity.identity))
    )


def write_beside(bundle_path: Path, bundle: bytes, claims_path: Path, claims: Sequence[bytes]) -> tuple[Path, ...]:
    """Write the claims, then the bundle; a new signature begins with the claims that were made with it."""
    try:
        if claims or claims_path.exists():
            write_atomically(claims_path, b"".join(line.strip() + b"\n" for line in claims))
        write_atomically(bundle_path, bundle + b"\n")
    except OSError as error:
        raise UndecidedError(
            f"the bundle can't be written beside the checkpoint: {error.strerror}",
            "Check the directory's permissions and the disk.",
            code="unwritable",
        ) from error
    return (bundle_path, claims_path) if claims else (bundle_path,)


def _outside(target: Path, path: Path) -> Path:
    """Refuse to lay a bundle inside what it signs."""
    if path.is_dir() and target.parent.resolve().is_relative_to(path.resolve()):
        raise UsageError(
            f"the bundle {str(target)!r} would lie inside the checkpoint", "Give a place outside of it by --bundle."
        )
    return target


def _base(text: str) -> str:
    reference = ModelReference.parse(text)
    if reference.commit is None:
        raise UsageError(
            f"the base {text!r} is not named at a commit", "Write org/name@<40 hex>; model-verifier lookup shows it."
        )
    return str(reference)
