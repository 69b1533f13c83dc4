"""What changed in a registry between two commits, in words: approvals, renewals, revocations, signatures, trust."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from verifier.document import Document, DocumentError, format_timestamp, parse
from verifier.governance.approve import revocation_in_words
from verifier.governance.change import Change, is_renewal
from verifier.governance.review import Changes
from verifier.governance.rotate import described
from verifier.registry.documents import Approval, Head, Revocation, Trust

Kind = Literal["added", "removed", "changed", "renewed", "signed", "unsigned"]
Parsed = TypeVar("Parsed", bound=Document)


@dataclass(frozen=True)
class Difference:
    """One thing that changed: what it is about, and how, in a few lines of words."""

    kind: Kind
    subject: str
    words: tuple[str, ...] = ()
    files: Changes | None = None


def differences(change: Change) -> list[Difference]:
    """Put a change into words. What can't be parsed is named as it is; whether it may be, `registry verify` says."""
    return [item for path in sorted(change.changed) for item in _of(change, path)]


def _of(change: Change, path: str) -> Iterator[Difference]:
    if match := re.fullmatch(r"(.+)\.sigs/(.+)\.sigstore\.json", path):
        kind: Kind = "signed" if path in change.now else "unsigned"
        yield Difference(kind, f"{match[1]}.json", (f"by {match[2]}",))
    elif path.startswith("models/") and path.endswith(".json"):
        now = _parsed(change.now.get(path), Approval)
        if now is None and path in change.now:
            yield Difference(_kind(change, path), path, ("it is no record",))
        else:
            yield from _record(path, _parsed(change.before.get(path), Approval), now)
    elif path.startswith("revocations/") and path.endswith(".json"):
        kind, document = _kind(change, path), change.now.get(path) or change.before.get(path)
        revocation = _parsed(document, Revocation)
        yield Difference(kind, path, tuple(revocation_in_words(revocation)) if revocation else ())
    elif path.startswith("trust/"):
        new = _parsed(change.now.get(path), Trust)
        former = f"trust/{new.version - 1}.json" if new else ""
        old = _parsed(change.before.get(path) or change.context.get(former), Trust)
        words = tuple(described(old, new)) if old and new else ()
        yield Difference(_kind(change, path), path, words)
    elif path == "head.json":
        old_head, head = _parsed(change.before.get(path), Head), _parsed(change.now.get(path), Head)
        if head is not None:
            before = f"{old_head.version} to {head.version}" if old_head else str(head.version)
            words = (f"version {before}, until {format_timestamp(head.expires)}", f"{len(head.records):,} records")
            yield Difference(_kind(change, path), path, words)
    else:
        yield Difference(_kind(change, path), path)


def _record(path: str, before: Approval | None, now: Approval | None) -> Iterator[Difference]:
    subject = now or before
    if subject is None:
        yield Difference("removed", path)
    elif now is None:
        yield Difference("removed", subject.reference)
    elif before is None:
        words = [f"asked for by {now.requested_by}: {now.reason}", f"until {format_timestamp(now.valid_until)}"]
        words += ["BASELINE, NOT REVIEWED"] if now.baseline else []
        words += [f"waives {waiver.rule} for {waiver.path}" for waiver in now.waivers]
        yield Difference("added", now.reference, tuple(words))
    elif is_renewal(before, now):
        until = f"{format_timestamp(before.valid_until)} to {format_timestamp(now.valid_until)}"
        yield Difference("renewed", now.reference, (until,))
    else:
        values = (before.model_dump(mode="json"), now.model_dump(mode="json"))
        fields = sorted(
            name for name in values[0].keys() | values[1].keys() if values[0].get(name) != values[1].get(name)
        )
        yield Difference("changed", now.reference, (f"fields: {', '.join(fields)}",), Changes.between(before, now))


def _kind(change: Change, path: str) -> Kind:
    return "removed" if path not in change.now else "changed" if path in change.before else "added"


def _parsed(raw: bytes | None, kind: type[Parsed]) -> Parsed | None:
    try:
        return parse(raw, kind) if raw is not None else None
    except DocumentError:
        return None
