"""Are these bytes the approved (or locked) ones?

(1) the reference;  (2) what the registry or the lock says of it;  (3) the files that are there;
(4) the closed set: sizes, names, links, extras;  (5) the bytes, hashed and then looked at;
(6) every check's outcome, by the policy;  (7) the verdict.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from verifier.checks import CHECKS, Check, Needs, Skipped
from verifier.digest import Digest
from verifier.errors import UndecidedError, UsageError
from verifier.evidence import Evidence, Readings
from verifier.formats import Content, identify
from verifier.lock import read_lock
from verifier.lookup import notices, open_registry, parse_reference, stand
from verifier.manifest import Manifest
from verifier.policy import Policy, WaiverGrant
from verifier.reference import ModelReference
from verifier.registry.registry import Registry
from verifier.registry.standing import Standing
from verifier.snapshot import Snapshot, Source, read, take
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


class Watch(Protocol):
    """Whoever wants to see how far the reading of the files is; `advance` comes from any thread."""

    def begin(self, total: int) -> None:
        """`total` bytes will be read."""

    def advance(self, count: int) -> None:
        """`count` bytes more were read."""

    def end(self) -> None:
        """Nothing more will be read."""


def verify(
    reference_or_path: ModelReference | Path | str,
    *,
    path: Path | None = None,
    lock: Path | None = None,
    policy: Policy | Path | str,
    offline: bool = False,
    set_name: str | None = None,
    all_findings: bool = False,
    watch: Watch | None = None,
    workers: int | None = None,
    now: datetime | None = None,
) -> Verdict:
    """Verify the model's files in the directory `path` against the policy's registry, or against a lock.

    `policy` may name a file or a shipped policy. `all_findings` goes on to hash where the closed set already
    fails. `now` (UTC) is the time of judgement. Nothing here asks the network, whatever `offline` says.

    Raises only `verifier.errors`: `UsageError` for what can't be meant, `UndecidedError` where the registry or
    the files can't be read or believed; never because the artifact is bad, which is the verdict's to say.
    """
    now = now or datetime.now(UTC)
    policy = policy if isinstance(policy, Policy) else Policy.load(policy)
    locked = read_lock(lock) if lock is not None else None
    registry = open_registry(policy, locked, now)
    asked = parse_reference(reference_or_path, registry)  # (1)
    evidence = stand(asked, registry, locked, policy, set_name, now)  # (2)
    if path is None:
        raise UsageError("nobody said where the model's files are", "Add --path DIR.")
    evidence = replace(evidence, snapshot=take(path))  # (3)
    evidence = _read(evidence, policy, all_findings=all_findings, watch=watch, workers=workers)  # (4), (5)
    return _conclude(evidence, policy, registry, path)  # (6), (7)


def _read(
    evidence: Evidence, policy: Policy, *, all_findings: bool, watch: Watch | None, workers: int | None
) -> Evidence:
    """Read the listed files, unless what is known without reading them already denies."""
    if evidence.manifest is None or evidence.snapshot is None:
        return evidence
    outcomes = [_run(check, evidence, policy)[0] for check in CHECKS if check.needs is not Needs.CONTENT]
    if any(outcome.status is Status.FAILED for outcome in outcomes) and not all_findings:
        return replace(evidence, unread="the files were not read, since this already denies; --all-findings reads them")
    return replace(evidence, readings=_readings(evidence.snapshot, evidence.manifest, watch, workers))


def _readings(snapshot: Snapshot, manifest: Manifest, watch: Watch | None, workers: int | None) -> Readings:
    def inspect(path: str, digest: Digest, source: Source) -> Content | None:
        return identify(path, source) if digest == manifest.files[path].digest else None

    entries = [
        entry
        for path, entry in snapshot.files.items()
        if path in manifest.files and entry.size == manifest.files[path].size
    ]
    if watch is None:
        return read(entries, inspect, workers=workers)
    watch.begin(sum(entry.size for entry in entries))
    try:
        return read(entries, inspect, workers=workers, progress=watch.advance)
    finally:
        watch.end()


def _run(check: Check, evidence: Evidence, policy: Policy) -> tuple[Outcome, set[WaiverGrant]]:
    lacks_files = check.needs is not Needs.STANDING and evidence.manifest is None
    lacks_content = check.needs is Needs.CONTENT and evidence.readings is None
    answer = Skipped(evidence.unread) if lacks_files or lacks_content else check.run(evidence)
    if isinstance(answer, Skipped):
        return Outcome(check.name, Status.SKIPPED, reason=answer.reason), set()
    grants = [
        WaiverGrant(waiver.rule, waiver.path)
        for waiver in (evidence.standing.approval.waivers if evidence.standing and evidence.standing.approval else ())
        if evidence.now < waiver.expires
    ]
    return policy.judge(check.name, answer, grants)


def _conclude(evidence: Evidence, policy: Policy, registry: Registry | None, path: Path) -> Verdict:
    outcomes, used = [], set()
    for check in CHECKS:
        outcome, grants = _run(check, evidence, policy)
        outcomes.append(outcome)
        used |= grants
    unreadable = _unreadable(evidence)
    denied = any(outcome.status is Status.FAILED for outcome in outcomes)
    if unreadable and not denied:
        name, reason = next(iter(unreadable.items()))
        raise UndecidedError(
            f"{name} in {str(path)!r} can't be read: {reason}",
            "Check the permissions of the files and directories, and the disk.",
            code="unreadable",
        )
    passed = bool(outcomes) and all(outcome.status is Status.PASSED for outcome in outcomes)
    approval = evidence.standing.approval if evidence.standing else None
    return Verdict(
        result=Result.PASSED if passed else Result.FAILED,
        enforced=policy.enforced,
        subject=_subject(evidence, path),
        policy=PolicyUsed(policy.name, policy.digest),
        registry=_registry_used(registry, evidence.standing),
        outcomes=tuple(outcomes),
        time=evidence.now,
        waivers=tuple(
            WaiverUse(item.rule, item.path, item.expires, WaiverGrant(item.rule, item.path) in used)
            for item in (approval.waivers if approval else ())
        ),
        notices=tuple(notices(evidence, registry)),
    )


def _subject(evidence: Evidence, path: Path) -> Subject:
    read_paths = evidence.readings or {}
    return Subject(
        reference=str(evidence.reference),
        path=str(path),
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


def _registry_used(registry: Registry | None, standing: Standing | None) -> RegistryUsed | None:
    if registry is None:
        return None
    return RegistryUsed(
        name=registry.trust.registry,
        version=registry.head.version,
        expires=registry.head.expires,
        trust_digest=registry.trust_digest,
        approved_by=standing.approved_by if standing else (),
        demonstration=registry.trust.demonstration,
    )


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
