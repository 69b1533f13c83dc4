"""What lies beside a checkpoint: its bundle and its claims; and who signed them, by the policy's signers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from verifier import limits
from verifier.document import DocumentError, read_bytes
from verifier.errors import UndecidedError
from verifier.signature import Authentic, Signature
from verifier.terms import ExpectedSigner

BUNDLE, CLAIMS = ".sigstore.json", ".claims.jsonl"


def beside(path: Path, suffix: str) -> Path:
    """Give the file beside a checkpoint; never one inside it."""
    whole = Path(os.path.normpath(path.absolute()))
    return whole.parent / f"{whole.name}{suffix}"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A valid signature by somebody whom the policy does not name."""

    found: Signature


@dataclass(frozen=True, slots=True)
class Unproven:
    """No signature that counts, and why."""

    reason: str


def read_bundle(path: Path) -> bytes | Unproven:
    """Read a checkpoint's bundle; raises `UndecidedError` where the system refuses to."""
    try:
        return read_bytes(path, limits.MAX_CHECKPOINT_BUNDLE)
    except (FileNotFoundError, NotADirectoryError):
        return Unproven(f"there is no bundle {str(path)!r}")
    except IsADirectoryError:
        return Unproven(f"the bundle {str(path)!r} is a directory")
    except DocumentError as error:
        return Unproven(f"the bundle {str(path)!r} {error}")
    except OSError as error:
        raise _unreadable(path, error) from error


def read_claims(path: Path) -> tuple[bytes, ...] | Unproven:
    """Read the bundles of the claims, one a line; none where there is no such file."""
    try:
        raw = read_bytes(path, limits.MAX_CLAIMS)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except IsADirectoryError:
        return Unproven(f"{str(path)!r} is a directory")
    except DocumentError as error:
        return Unproven(f"{str(path)!r} {error}")
    except OSError as error:
        raise _unreadable(path, error) from error
    lines = tuple(line for line in raw.split(b"\n") if line.strip())
    if len(lines) > limits.MAX_CLAIM_LINES:
        return Unproven(f"{str(path)!r} holds more than {limits.MAX_CLAIM_LINES} claims")
    return lines


def authenticate(
    bundle: bytes, signers: Sequence[ExpectedSigner], *, statement: bool
) -> Authentic | Stranger | Unproven:
    """Find the signer whose bundle this is: one of `signers`, a stranger, or nobody that can be proven."""
    from verifier._sigstore.authenticate import authenticate_file, authenticate_statement
    from verifier._sigstore.verify import BadSignatureError, WrongSignerError

    stranger: Stranger | None = None
    unproven = Unproven("the policy names nobody who may have signed it")
    for signer in signers:
        try:
            return authenticate_statement(bundle, signer) if statement else authenticate_file(bundle, signer)
        except WrongSignerError as error:
            stranger = stranger or Stranger(error.found)
        except BadSignatureError as error:
            unproven = Unproven(f"its bundle does not hold: {error}")
    return stranger or unproven


def _unreadable(path: Path, error: OSError) -> UndecidedError:
    return UndecidedError(f"{str(path)!r} can't be read: {error.strerror}", "Check its permissions.", code="unreadable")
