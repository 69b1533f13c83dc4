"""The head as bytes: signed by the `publish` role, of this registry. How fresh it is, its reader judges."""

from __future__ import annotations

from verifier import limits
from verifier.document import DocumentError, parse
from verifier.errors import UndecidedError
from verifier.registry.documents import Head
from verifier.registry.trust import TrustedRegistry

PATH = "head.json"
_UPDATE = "Update the registry from its home, and check this machine's clock."


def read_head(trusted: TrustedRegistry) -> Head:
    """Read and verify the registry's head; raises `UndecidedError` where there is none or it does not hold."""
    raw = trusted.store.read(PATH, limits.MAX_HEAD)
    if raw is None:
        raise bad_head("the registry has no head.json", "Publish it, or check out the registry whole.")
    count = trusted.count("publish", PATH, raw)
    if not count.reached:
        raise bad_head(f"the registry's head.json is not signed as it must be: {count}")
    try:
        head = parse(raw, Head)
    except DocumentError as error:
        raise bad_head(f"the registry's head.json {error}") from error
    registry = trusted.trust.registry
    if head.registry != registry:
        raise bad_head(f"head.json is of another registry, {head.registry!r} instead of {registry!r}")
    if head.trust_version != trusted.trust.version:
        raise bad_head(
            f"head.json was made under trust file {head.trust_version}; "
            f"the chain of trust files here ends at {trusted.trust.version}"
        )
    for item in head.revoked:
        if item.revocation.registry != registry:
            raise bad_head(f"head.json holds a revocation of another registry, {item.revocation.registry!r}")
    return head


def bad_head(message: str, remedy: str = _UPDATE) -> UndecidedError:
    """Make the error for a head that does not hold."""
    return UndecidedError(message, remedy, code="head-invalid")
