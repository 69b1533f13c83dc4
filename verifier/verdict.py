"""What the policy makes of the findings: effects, outcomes, and the one verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from verifier.digest import Digest
from verifier.finding import Finding
from verifier.signature import Signature


class Effect(StrEnum):
    """What a finding does to the verdict."""

    DENY = "deny"
    WARN = "warn"
    NOTE = "note"
    IGNORED = "ignored"
    WAIVED = "waived"


class Status(StrEnum):
    """How a planned check ended; a skipped one denies."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Result(StrEnum):
    """The verdict in one word."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with its effect; `moved_by_policy` tells that the policy overrode the check's severity."""

    finding: Finding
    effect: Effect
    moved_by_policy: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One planned check: how it ended, what it found, and why it was skipped where it was.

    `omitted` counts findings beyond the cap of a report; they had their say in the status.
    """

    check: str
    status: Status
    findings: tuple[Judged, ...] = ()
    reason: str | None = None
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """A waiver in the signed record, and whether it excused anything."""

    rule: str
    path: str
    expires: datetime
    used: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """What was judged. Sizes in bytes; `manifest_digest` is that of the chosen set (`Manifest.digest`)."""

    reference: str | None
    path: str | None = None
    set: str | None = None
    manifest_digest: Digest | None = None
    files: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class PolicyUsed:
    """Which policy decided."""

    name: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signed bundle that a verdict rests on: the name of the file that holds it, and the bundle's digest."""

    file: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class RegistryUsed:
    """Which registry answered, under which trust file, and who approved the model."""

    name: str
    version: int
    expires: datetime
    trust_digest: Digest
    approved_by: tuple[str, ...] = ()
    approved_until: datetime | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file that was scanned: what it is, how far it was followed, how many errors and warnings it has."""

    path: str
    format: str
    status: Literal["followed", "incomplete", "inert"]
    findings: int


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """Why a verdict is UNDECIDED."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class NamedReference:
    """A place in source that names a model; `model` is None where it can't be followed. Lines and columns from 1."""

    model: str | None
    revision: str | None
    path: str
    line: int
    column: int
    status: Literal["found", "unresolved", "ignored"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, with everything that led to it. `notices` and `headline` are for people: they change nothing.

    `references` is what a change to source names, None where no source was judged; `files` are those that `scan`
    looked at.
    """

    result: Result
    enforced: bool
    subject: Subject
    policy: PolicyUsed | None
    registry: RegistryUsed | None
    outcomes: tuple[Outcome, ...]
    time: datetime
    waivers: tuple[WaiverUse, ...] = ()
    signers: tuple[Signature, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    notices: tuple[str, ...] = ()
    error: ErrorReport | None = None
    references: tuple[NamedReference, ...] | None = None
    headline: str = ""
    files: tuple[FileReport, ...] | None = None

    def findings(self, *effects: Effect) -> Iterator[Judged]:
        """Give the findings with one of the effects (all without), in the order of the checks."""
        for outcome in self.outcomes:
            for judged in outcome.findings:
                if not effects or judged.effect in effects:
                    yield judged

    @property
    def exit_status(self) -> int:
        """The command's exit status: 0 passed (or not enforced), 3 failed, 4 undecided."""
        if not self.enforced:
            return 0
        return {Result.PASSED: 0, Result.FAILED: 3, Result.UNDECIDED: 4}[self.result]
