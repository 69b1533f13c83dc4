"""From evidence to the one verdict: run the planned checks, let the policy judge each, draw the sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from verifier import limits
from verifier.checks import CHECKS, Answer, Check, Needs, Skipped
from verifier.document import format_timestamp
from verifier.errors import UndecidedError
from verifier.evidence import Evidence, ModelEvidence
from verifier.policy import Policy, WaiverGrant
from verifier.registry.registry import Registry
from verifier.registry.standing import Standing
from verifier.verdict import (
    ErrorReport,
    Outcome,
    PolicyUsed,
    RegistryUsed,
    Result,
    Status,
    Subject,
    Verdict,
    WaiverUse,
)

Given = TypeVar("Given", bound=Evidence)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a plan's checks came to, and which waivers excused something."""

    outcomes: tuple[Outcome, ...]
    used: frozenset[WaiverGrant]

    @property
    def result(self) -> Result:
        """Passed only if every check did, and there was one."""
        passed = bool(self.outcomes) and all(outcome.status is Status.PASSED for outcome in self.outcomes)
        return Result.PASSED if passed else Result.FAILED

    @property
    def denied(self) -> bool:
        """Tell whether a check failed; one that was skipped denies too, but knows nothing."""
        return any(outcome.status is Status.FAILED for outcome in self.outcomes)


def judge(
    evidence: Given,
    plan: Sequence[Check[Given]],
    policy: Policy,
    grants: Sequence[WaiverGrant] = (),
    audited: Sequence[str] = (),
) -> Judgement:
    """Run the checks of the plan on the evidence and let the policy judge what they find.

    Below the paths in `audited` the policy only warns.

    Raises `UndecidedError` where something could not be read and nothing else denies.
    """
    outcomes, used = [], set[WaiverGrant]()
    for check in plan:
        if check.needs is Needs.WRITERS and evidence.writers is None:
            continue  # who can write later matters only where the files are handed on
        answer = _run(check, evidence)
        if isinstance(answer, Skipped):
            outcomes.append(Outcome(check.name, Status.SKIPPED, reason=answer.reason))
            continue
        outcome, excused = policy.judge(check.name, answer, grants, audited)
        outcomes.append(outcome)
        used |= excused
    judgement = Judgement(tuple(outcomes), frozenset(used))
    if not judgement.denied and (unreadable := _unreadable(evidence)):
        name, reason = next(iter(unreadable.items()))
        where = f" in {str(evidence.snapshot.root)!r}" if evidence.snapshot else ""
        raise UndecidedError(
            f"{name}{where} can't be read: {reason}",
            "Check the permissions of the files and directories, and the disk.",
            code="unreadable",
        )
    return judgement


def _run(check: Check[Given], evidence: Given) -> Answer:
    lacking = {
        Needs.SNAPSHOT: evidence.snapshot is None,
        Needs.LISTING: evidence.manifest is None,
        Needs.CONTENT: evidence.readings is None,
    }
    return Skipped(evidence.unread) if lacking.get(check.needs) else check.run(evidence)


def denied_before_reading(evidence: ModelEvidence, policy: Policy) -> bool:
    """Tell whether what is known without reading a file already denies."""
    checks = [check for check in CHECKS if check.needs is not Needs.CONTENT]
    return any(_fails(check, evidence, policy) for check in checks)


def _fails(check: Check[ModelEvidence], evidence: ModelEvidence, policy: Policy) -> bool:
    answer = _run(check, evidence)
    return not isinstance(answer, Skipped) and policy.judge(check.name, answer, _grants(evidence))[0].status is (
        Status.FAILED
    )


def _grants(evidence: ModelEvidence) -> list[WaiverGrant]:
    approval = evidence.standing.approval if evidence.standing else None
    waivers = approval.waivers if approval else ()
    return [WaiverGrant(waiver.rule, waiver.path) for waiver in waivers if evidence.now < waiver.expires]


def conclude(
    evidence: ModelEvidence,
    policy: Policy,
    registry: Registry | None,
    path: Path | None,
    plan: Sequence[Check[ModelEvidence]] = CHECKS,
) -> Verdict:
    """Judge a model by the checks of the plan and give the verdict. Raises as `judge`."""
    judgement = judge(evidence, plan, policy, _grants(evidence))
    approval = evidence.standing.approval if evidence.standing else None
    return Verdict(
        result=judgement.result,
        enforced=policy.enforced,
        subject=_subject(evidence, path),
        policy=PolicyUsed(policy.name, policy.digest),
        registry=registry_used(registry, evidence.standing),
        outcomes=judgement.outcomes,
        time=evidence.now,
        waivers=tuple(
            WaiverUse(item.rule, item.path, item.expires, WaiverGrant(item.rule, item.path) in judgement.used)
            for item in (approval.waivers if approval else ())
        ),
        notices=tuple(_notices(evidence, registry)),
    )


def _subject(evidence: ModelEvidence, path: Path | None) -> Subject:
    read_paths = evidence.readings or {}
    return Subject(
        reference=str(evidence.reference),
        path=str(path) if path is not None else None,
        set=evidence.set_name,
        manifest_digest=evidence.manifest.only(evidence.chosen).digest if evidence.manifest else None,
        files=len(read_paths),
        size=sum(entry.size for name, entry in evidence.snapshot.files.items() if name in read_paths)
        if evidence.snapshot
        else 0,
    )


def _unreadable(evidence: Evidence) -> dict[str, str]:
    reasons = dict(evidence.snapshot.unreadable) if evidence.snapshot else {}
    for path, reading in (evidence.readings or {}).items():
        if reading.error is not None:
            reasons[path] = reading.error
    return reasons


def registry_used(registry: Registry | None, standing: Standing | None) -> RegistryUsed | None:
    """Say for a verdict which registry answered, and who approved."""
    if registry is None:
        return None
    return RegistryUsed(
        name=registry.trust.registry,
        version=registry.head.version,
        expires=registry.head.expires,
        trust_digest=registry.trust_digest,
        approved_by=standing.approved_by if standing else (),
        approved_until=standing.ends_at if standing else None,
        demonstration=registry.trust.demonstration,
    )


def _notices(evidence: ModelEvidence, registry: Registry | None) -> Iterator[str]:
    """Say what people should know beside the verdict: what ends soon, what was not reviewed."""
    if registry is not None:
        yield from registry.notices
    elif evidence.locked_at is not None:
        yield f"as locked on {format_timestamp(evidence.locked_at)[:10]}; approved by nobody"
    standing, now = evidence.standing, evidence.now
    if standing is None or standing.approval is None or standing.ends_at is None:
        return
    if standing.approval.baseline:
        left = max(0, (standing.ends_at - now).days)
        yield f"BASELINE, NOT REVIEWED: taken over as it was in use; {left} days left"
    elif now < standing.ends_at < now + limits.EXPIRY_NOTICE:
        yield f"the approval ends on {format_timestamp(standing.ends_at)}"
    if not standing.approved_by:
        yield "no person signed this approval: the registry asks for none, and the head's signature carries it"
    for waiver in standing.approval.waivers:
        if waiver.expires < now + limits.WAIVER_NOTICE:
            tense = "ended" if waiver.expires <= now else "ends"
            yield f"the waiver of {waiver.rule} for {waiver.path} {tense} on {format_timestamp(waiver.expires)}"


def undecided(error: UndecidedError, subject: str, policy: Policy | None, now: datetime | None = None) -> Verdict:
    """Make the verdict of a run that could not decide, for reports."""
    return Verdict(
        result=Result.UNDECIDED,
        enforced=policy.enforced if policy is not None else True,
        subject=Subject(reference=subject),
        policy=PolicyUsed(policy.name, policy.digest) if policy is not None else None,
        registry=None,
        outcomes=(),
        time=now or datetime.now(UTC),
        error=ErrorReport(error.code, error.message, error.remedy),
    )
