"""Signed claims about a checkpoint: which count, which are lacking, what they say of its name and its bases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from verifier import limits
from verifier.checkpoints.beside import Stranger, Unproven, authenticate
from verifier.checkpoints.statement import StatementDocument, Subjects, read_note, read_statement
from verifier.digest import Digest
from verifier.document import DocumentError, format_timestamp, load_json
from verifier.signature import Signature
from verifier.terms import ExpectedSigner, RequiredClaim


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim by an expected signer about exactly this checkpoint; `whole` is the statement with all its fields.

    `digest` is that of the bundle, its line without the line's end.
    """

    digest: Digest
    statement: StatementDocument
    whole: dict[str, object]
    signature: Signature


@dataclass(frozen=True, slots=True)
class Lacking:
    """A required claim that the checkpoint does not carry, and why what lies there does not count."""

    type: str
    reasons: tuple[str, ...] = ()


def claims_by(
    signers: Sequence[ExpectedSigner], bundles: Sequence[bytes] | Unproven, subjects: Subjects
) -> tuple[list[Claim], list[str]]:
    """Give the claims that count, and of every other line why it does not."""
    if isinstance(bundles, Unproven):
        return [], [bundles.reason]
    claims, reasons = [], []
    for number, bundle in enumerate(bundles, start=1):
        answer = _claim(bundle, signers, subjects)
        if isinstance(answer, Claim):
            claims.append(answer)
        else:
            reasons.append(f"line {number}: {answer}")
    return claims, reasons


def required_claims(
    required: Sequence[RequiredClaim], bundles: Sequence[bytes] | Unproven, subjects: Subjects, now: datetime
) -> Iterator[Claim | Lacking]:
    """Give for each claim that is required the first that serves, or why none does."""
    for wanted in required:
        claims, reasons = claims_by(wanted.signers, bundles, subjects)
        for claim in claims:
            problem = _problem(claim, wanted, now)
            if problem is None:
                yield claim
                break
            reasons.append(problem)
        else:
            yield Lacking(wanted.type, tuple(reasons))


def _claim(bundle: bytes, signers: Sequence[ExpectedSigner], subjects: Subjects) -> Claim | str:
    if len(bundle) > limits.MAX_CHECKPOINT_BUNDLE:
        return f"it is larger than the limit of {limits.MAX_CHECKPOINT_BUNDLE:,} bytes"
    authentic = authenticate(bundle, signers, statement=True)
    if isinstance(authentic, Stranger):
        return f"it was signed by {authentic.found}"
    if isinstance(authentic, Unproven):
        return authentic.reason
    try:
        statement = read_statement(authentic.payload)
        whole = load_json(authentic.payload)
    except DocumentError as error:
        return f"its statement {error}"
    if not subjects.are_those_of(statement):
        return "it is about other files"
    signature = dated(authentic.signature, [read_note(statement).at])
    return Claim(Digest.of(bundle), statement, whole if isinstance(whole, dict) else {}, signature)


def _problem(claim: Claim, wanted: RequiredClaim, now: datetime) -> str | None:
    if claim.statement.predicate_type != wanted.type:
        return f"there is {claim.statement.predicate_type[:200]}"
    if wanted.max_age is not None and (problem := age_problem(claim.signature, wanted.max_age, now)):
        return f"the claim {problem}"
    for condition in wanted.where:
        if not condition.holds(claim.whole):
            value, is_there = condition.look_up(claim.whole)
            said = f"is {str(value)[:100]!r}" if is_there else "is not there"
            return f"its {condition.path} {said}, demanded is {' or '.join(map(repr, condition.values))[:300]}"
    return None


def dated(signature: Signature, said: Iterable[datetime | None]) -> Signature:
    """Give a signature with the time that it proves, where its signer says `said`.

    A keyless signature is as old as its certificate. Any other can be given a new timestamp by whoever holds it, at
    any time: that proves only that it is no younger, and so the time that was signed with it counts as well.
    """
    if signature.method == "sigstore" or signature.signed_at is None:
        return signature
    latest = max((time for time in said if time is not None), default=None)
    return replace(signature, signed_at=None if latest is None else min(latest, signature.signed_at))


def age_problem(signature: Signature, max_age: timedelta, now: datetime) -> str | None:
    """Say why a signature is too old, or too young to be true; its time is the one that was proven."""
    signed_at = signature.signed_at
    if signed_at is None:
        if signature.method == "sigstore":
            return "does not prove when it was signed"
        return "does not prove when it was signed: that takes a timestamp, and a time in what was signed"
    if signed_at > now + limits.CLOCK_SKEW:
        return f"was signed on {format_timestamp(signed_at)}, which is still to come"
    if signed_at + max_age < now:
        return f"was signed on {format_timestamp(signed_at)}"
    return None
