"""Verdicts made by hand, for reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from verifier.digest import Digest
from verifier.finding import Finding, Location, Severity
from verifier.verdict import (
    Effect,
    ErrorReport,
    Judged,
    Outcome,
    PolicyUsed,
    RegistryUsed,
    Result,
    Status,
    Subject,
    Verdict,
    WaiverUse,
)

COMMIT = "3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f"
NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
EXPIRES = datetime(2026, 12, 4, 10, 0, 0, tzinfo=UTC)
SHARD = "model-00002-of-00004.safetensors"
HOSTILE = "\x1b]8;;https://evil.example\x1b\\x\x07\n\u202etxt\udcff\x9b31m"
"""A link, a bell, a line feed, a bidirectional override, a byte that is not UTF-8, and an 8-bit escape."""

PASSED = Verdict(
    result=Result.PASSED,
    enforced=True,
    subject=Subject(f"acme/tiny@{COMMIT}", "./tiny", "default", Digest("sha256", "a" * 64), 12, 14_200_000_000),
    policy=PolicyUsed("deploy", Digest("sha256", "b" * 64)),
    registry=RegistryUsed(
        "acme-prod", 412, EXPIRES, Digest("sha256", "c" * 64), approved_by=("alice", "carol"), approved_until=EXPIRES
    ),
    outcomes=(Outcome("digests", Status.PASSED), Outcome("pickle", Status.PASSED)),
    time=NOW,
)

MISMATCH = Finding(
    "digest-mismatch",
    Severity.ERROR,
    f"{SHARD} is not the approved file",
    "Fetch it again.",
    Location(SHARD),
    found=f"sha256:{'9' * 64}",
    expected=f"sha256:{'5' * 64}",
)

UNDECIDED = replace(
    PASSED,
    result=Result.UNDECIDED,
    subject=Subject("acme/tiny"),
    registry=None,
    outcomes=(),
    error=ErrorReport("head-stale", "the registry's head expired on 2026-11-19T10:00:00Z", "Update the registry."),
)

WAIVER = WaiverUse("pickle", "pytorch_model.bin", EXPIRES, used=True)


def finding(rule: str, message: str, path: str | None = None, *, remedy: str = "", **more: Any) -> Finding:
    """Make an error."""
    return Finding(rule, Severity.ERROR, message, remedy, Location(path), **more)


def judged(finding: Finding, effect: Effect = Effect.DENY, *, moved: bool = False) -> Judged:
    """Give a finding an effect."""
    return Judged(finding, effect, moved)


def failed(*findings: Judged, **changes: Any) -> Verdict:
    """Make a refusal."""
    outcome = Outcome("closed-set", Status.FAILED, findings)
    return replace(PASSED, **({"result": Result.FAILED, "outcomes": (outcome,)} | changes))
