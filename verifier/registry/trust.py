"""From one pinned digest to the people who may sign: the trust chain, and counting principals.

Trust file N+1 needs the signatures that N's `trust` role asks for, and those that its own asks for. What is
counted are principals whose exact issuer and identity signed the exact bytes, never bundles or file names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from verifier import limits
from verifier.digest import Digest
from verifier.document import DocumentError, format_timestamp, parse
from verifier.errors import UndecidedError
from verifier.registry.documents import Role, Signer, Trust
from verifier.registry.store import Store

if TYPE_CHECKING:
    from verifier._sigstore.verify import ExpectedIdentity, Root


@dataclass(frozen=True, slots=True)
class Signature:
    """A principal who validly signed, and the verified time of it."""

    principal: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """Who signed a document for a role, of how many that must; `complaints` tell why others do not count."""

    signatures: tuple[Signature, ...]
    threshold: int
    complaints: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        """Tell whether enough principals signed."""
        return len(self.signatures) >= self.threshold

    def since(self, otherwise: datetime) -> datetime:
        """Give the earliest signature's time, or `otherwise` where nobody signed."""
        return min((signature.signed_at for signature in self.signatures), default=otherwise)

    def __str__(self) -> str:
        text = f"{len(self.signatures)} of {self.threshold} valid signatures"
        return f"{text} ({'; '.join(self.complaints)})" if self.complaints else text


@dataclass(frozen=True)
class TrustedRegistry:
    """The trust file in force, reached from the pinned one, with the trusted roots that it lists."""

    trust: Trust
    pinned: Digest
    store: Store
    roots: Mapping[str, Root]

    def count(self, role: Role, path: str, data: bytes, *, excluding: str = "", at_most: int | None = None) -> Count:
        """Count the principals of `role` who signed `data`, which lies at `path` in the registry.

        The principal named `excluding` (case-folded) is passed over; `at_most` lowers the threshold.
        """
        rule = self.trust.roles[role]
        signatures: list[Signature] = []
        complaints: list[str] = []
        directory = path.removesuffix(".json") + ".sigs"
        for principal in sorted(set(rule.principals)):
            if principal.casefold() == excluding.casefold():
                complaints.append(f"{principal} asked for it and does not count")
                continue
            bundle = self.store.read(f"{directory}/{principal}.sigstore.json", limits.MAX_BUNDLE)
            if bundle is None:
                continue
            signed_at = self._signed_at(principal, data, bundle, complaints)
            if signed_at is not None:
                signatures.append(Signature(principal, signed_at))
        threshold = rule.threshold if at_most is None else min(rule.threshold, at_most)
        return Count(tuple(signatures), threshold, tuple(complaints))

    def _signed_at(self, principal: str, data: bytes, bundle: bytes, complaints: list[str]) -> datetime | None:
        from verifier._sigstore.verify import BadSignatureError  # late: where a lock decides, nobody pays for it

        reasons = []
        for signer in self.trust.principals[principal]:
            try:
                signed_at = self.roots[signer.root].verify(data, bundle, _expected(signer))
            except BadSignatureError as error:
                reasons.append(str(error).split("\n")[0][:300])
                continue
            if reason := _outside_period(signer, signed_at):
                reasons.append(reason)
                continue
            return signed_at
        complaints.append(f"{principal}'s signature does not count: {reasons[-1]}")
        return None


def _expected(signer: Signer) -> ExpectedIdentity:
    from verifier._sigstore.verify import ExpectedIdentity

    return ExpectedIdentity(signer.issuer, signer.identity, signer.repository_id, signer.owner_id)


def _outside_period(signer: Signer, signed_at: datetime) -> str | None:
    if signer.not_before is not None and signed_at < signer.not_before:
        return f"it was made before {format_timestamp(signer.not_before)}"
    if signer.not_after is not None and signed_at > signer.not_after:
        return f"it was made after {format_timestamp(signer.not_after)}, when the signer's time was over"
    return None


def follow_chain(store: Store, pinned: Digest, now: datetime) -> TrustedRegistry:
    """Go from the trust file with the digest `pinned` to the last one there is.

    Raises `UndecidedError` where the pinned one is not there, a later one is not signed as it must be, or
    the last one has expired.
    """
    *_, current = chain(store, pinned)
    require_unexpired(current.trust, now)
    return current


def chain(store: Store, pinned: Digest) -> Iterator[TrustedRegistry]:
    """Give the trust files from the one with the digest `pinned` upwards, each signed by those of the one before.

    Raises `UndecidedError` where the pinned one is not there or a later one is not signed as it must be, the latter
    with the code "trust-unsigned". Whether one has expired is not looked at: only the last one's end counts.
    """
    version, raw = _find_pinned(store, pinned)
    current = open_trust(raw, store, pinned, version)
    yield current
    while (raw_next := store.read(f"trust/{version + 1}.json", limits.MAX_TRUST)) is not None:
        version += 1
        current = _step(current, raw_next, version)
        yield current


def require_unexpired(trust: Trust, now: datetime) -> None:
    """Raise `UndecidedError` for a trust file whose time is over."""
    if trust.expires <= now:
        raise UndecidedError(
            f"trust file {trust.version} of {trust.registry} expired on {format_timestamp(trust.expires)}",
            "Update the registry; if this is its newest, the holders of its 'trust' role must sign the next one. "
            "Check this machine's clock, too.",
            code="trust-expired",
        )


def _find_pinned(store: Store, pinned: Digest) -> tuple[int, bytes]:
    for version in range(1, limits.MAX_TRUST_FILES + 1):
        raw = store.read(f"trust/{version}.json", limits.MAX_TRUST)
        if raw is None:
            break
        if Digest.of(raw) == pinned:
            return version, raw
    raise UndecidedError(
        f"no trust file of the registry has the pinned digest {pinned}",
        "Compare trust_digest in the policy with `sha256sum trust/1.json`, and ask the registry's owners over "
        "another channel which is right.",
        code="trust-mismatch",
    )


def open_trust(raw: bytes, store: Store, pinned: Digest, version: int) -> TrustedRegistry:
    """Parse a trust file, and read its roots by their digests. That its bytes can be trusted, the caller sees to."""
    from verifier._sigstore.verify import BadSignatureError, Root

    trust = _parse(raw, version)
    roots = {}
    for sha256 in trust.trusted_roots:
        root = store.read(f"roots/{sha256}.json", limits.MAX_ROOT)
        if root is None or Digest.of(root).hex != sha256:
            state = "is not there" if root is None else "does not have that digest"
            raise _bad(f"the trusted root roots/{sha256}.json {state}")
        try:
            roots[sha256] = Root(root)
        except BadSignatureError as error:
            raise _bad(f"roots/{sha256}.json: {error}") from error
    return TrustedRegistry(trust, pinned, store, roots)


def _step(current: TrustedRegistry, raw: bytes, version: int) -> TrustedRegistry:
    path = f"trust/{version}.json"
    by_old = current.count("trust", path, raw)
    if not by_old.reached:
        raise _unsigned(f"{path} is not signed by those whom trust file {version - 1} asks for: {by_old}")
    following = open_trust(raw, current.store, current.pinned, version)
    if following.trust.registry != current.trust.registry:
        raise _bad(f"{path} is of another registry, {following.trust.registry!r}")
    by_new = following.count("trust", path, raw)
    if not by_new.reached:
        raise _unsigned(f"{path} is not signed by those whom it asks for itself: {by_new}")
    return following


def _parse(raw: bytes, version: int) -> Trust:
    try:
        trust = parse(raw, Trust)
    except DocumentError as error:
        raise _bad(f"trust/{version}.json {error}") from error
    if trust.version != version:
        raise _bad(f"trust/{version}.json says that it is version {trust.version}")
    return trust


def _unsigned(message: str) -> UndecidedError:
    return UndecidedError(message, "Check out the registry again, whole, from its home.", code="trust-unsigned")


def _bad(message: str) -> UndecidedError:
    return UndecidedError(message, "Check out the registry again, whole, from its home.", code="trust-invalid")
