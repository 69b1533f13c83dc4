"""The verdict as JSON (DESIGN, section 4). Keys may be added, never changed; enumerations are closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from verifier import __version__
from verifier.document import format_timestamp
from verifier.finding import Location
from verifier.verdict import NamedReference, Outcome, Result, Verdict

Word = Literal["PASSED", "FAILED", "UNDECIDED"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LocationPart(_Part):
    """Where a finding is; lines and columns count from 1, offsets are bytes from 0."""

    path: str | None
    member: str | None
    line: int | None
    column: int | None
    offset: int | None
    global_: str | None = Field(serialization_alias="global")


class FindingPart(_Part):
    """One finding and its effect."""

    rule: str
    severity: Literal["error", "warning", "note"]
    effect: Literal["deny", "warn", "note", "ignored", "waived"]
    moved_by_policy: bool
    message: str
    remedy: str
    location: LocationPart
    found: str | None
    expected: str | None
    details: list[str]


class FilePart(_Part):
    """One file that was scanned; `findings` counts errors and warnings."""

    path: str
    format: str
    status: Literal["followed", "incomplete", "inert"]
    findings: int


class OutcomePart(_Part):
    """One planned check; `reason` is set where it was skipped, which denies."""

    check: str
    status: Literal["passed", "failed", "skipped"]
    reason: str | None
    omitted: int
    findings: list[FindingPart]


class SubjectPart(_Part):
    """What was judged; `size` in bytes."""

    reference: str | None
    path: str | None
    set: str | None
    manifest_digest: str | None
    files: int
    size: int


class PolicyPart(_Part):
    """The policy that decided."""

    name: str
    digest: str


class RegistryPart(_Part):
    """The registry that answered."""

    name: str
    version: int
    expires: str
    trust_digest: str
    approved_by: list[str]
    approved_until: str | None
    demonstration: bool


class WaiverPart(_Part):
    """A waiver of the signed record, and whether it was used."""

    rule: str
    path: str
    expires: str
    used: bool


class SignerPart(_Part):
    """Who validly signed the checkpoint; `signed_at` is null where nothing proves the time."""

    method: Literal["sigstore", "key", "certificate"]
    issuer: str | None
    identity: str
    signed_at: str | None


class ErrorPart(_Part):
    """Why a verdict is UNDECIDED."""

    code: str
    message: str
    remedy: str


class ReferencePart(_Part):
    """A place in source that names a model; null where the name can't be followed."""

    model: str | None
    revision: str | None
    path: str
    line: int
    column: int
    status: Literal["found", "unresolved", "ignored"]


class VerifierPart(_Part):
    """What wrote the verdict."""

    name: str = "model-verifier"
    version: str = __version__


class VerdictDocument(_Part):
    """`model-verifier/verdict/v1`."""

    schema_: Literal["model-verifier/verdict/v1"] = Field("model-verifier/verdict/v1", serialization_alias="schema")
    result: Word
    enforced: bool
    error: ErrorPart | None
    subject: SubjectPart
    policy: PolicyPart | None
    registry: RegistryPart | None
    signers: list[SignerPart]
    waivers: list[WaiverPart]
    notices: list[str]
    outcomes: list[OutcomePart]
    references: list[ReferencePart] | None
    files: list[FilePart] | None
    time: str
    verifier: VerifierPart = VerifierPart()


class VerdictsDocument(_Part):
    """`model-verifier/verdicts/v1`: several references; `result` is the gravest."""

    schema_: Literal["model-verifier/verdicts/v1"] = Field("model-verifier/verdicts/v1", serialization_alias="schema")
    result: Word
    verdicts: list[VerdictDocument]


def render(verdict: Verdict) -> str:
    """Write one verdict."""
    return _document(verdict).model_dump_json(by_alias=True, indent=2) + "\n"


def render_all(verdicts: Sequence[Verdict]) -> str:
    """Write several verdicts as one document."""
    if not verdicts:
        raise ValueError("there is no verdict to report")
    gravest = next(
        (word for word in (Result.FAILED, Result.UNDECIDED) if any(verdict.result is word for verdict in verdicts)),
        Result.PASSED,
    )
    document = VerdictsDocument(result=gravest.value, verdicts=[_document(verdict) for verdict in verdicts])
    return document.model_dump_json(by_alias=True, indent=2) + "\n"


def _document(verdict: Verdict) -> VerdictDocument:
    subject, policy, registry, error = verdict.subject, verdict.policy, verdict.registry, verdict.error
    return VerdictDocument(
        result=verdict.result.value,
        enforced=verdict.enforced,
        error=ErrorPart(code=error.code, message=_text(error.message), remedy=_text(error.remedy)) if error else None,
        subject=SubjectPart(
            reference=_maybe(subject.reference),
            path=_maybe(subject.path),
            set=subject.set,
            manifest_digest=str(subject.manifest_digest) if subject.manifest_digest else None,
            files=subject.files,
            size=subject.size,
        ),
        policy=PolicyPart(name=policy.name, digest=str(policy.digest)) if policy else None,
        registry=RegistryPart(
            name=registry.name,
            version=registry.version,
            expires=format_timestamp(registry.expires),
            trust_digest=str(registry.trust_digest),
            approved_by=list(registry.approved_by),
            approved_until=format_timestamp(registry.approved_until) if registry.approved_until else None,
            demonstration=registry.demonstration,
        )
        if registry
        else None,
        signers=[
            SignerPart(
                method=item.method,
                issuer=_maybe(item.issuer),
                identity=_text(item.identity),
                signed_at=format_timestamp(item.signed_at) if item.signed_at else None,
            )
            for item in verdict.signers
        ],
        waivers=[
            WaiverPart(rule=item.rule, path=item.path, expires=format_timestamp(item.expires), used=item.used)
            for item in verdict.waivers
        ],
        notices=[_text(notice) for notice in verdict.notices],
        outcomes=[_outcome(outcome) for outcome in verdict.outcomes],
        references=None if verdict.references is None else [_reference(named) for named in verdict.references],
        files=None
        if verdict.files is None
        else [
            FilePart(path=_text(file.path), format=file.format, status=file.status, findings=file.findings)
            for file in verdict.files
        ],
        time=format_timestamp(verdict.time),
    )


def _outcome(outcome: Outcome) -> OutcomePart:
    return OutcomePart(
        check=outcome.check,
        status=outcome.status.value,
        reason=_maybe(outcome.reason),
        omitted=outcome.omitted,
        findings=[
            FindingPart(
                rule=judged.finding.rule,
                severity=judged.finding.severity.value,
                effect=judged.effect.value,
                moved_by_policy=judged.moved_by_policy,
                message=_text(judged.finding.message),
                remedy=_text(judged.finding.remedy),
                location=_location(judged.finding.location),
                found=_maybe(judged.finding.found),
                expected=_maybe(judged.finding.expected),
                details=[_text(line) for line in judged.finding.details],
            )
            for judged in outcome.findings
        ],
    )


def _reference(named: NamedReference) -> ReferencePart:
    return ReferencePart(
        model=_maybe(named.model),
        revision=_maybe(named.revision),
        path=_text(named.path),
        line=named.line,
        column=named.column,
        status=named.status,
    )


def _location(location: Location) -> LocationPart:
    return LocationPart(
        path=_maybe(location.path),
        member=_maybe(location.member),
        line=location.line,
        column=location.column,
        offset=location.offset,
        global_=_maybe(location.global_name),
    )


def _text(value: str) -> str:
    r"""Write what UTF-8 can't hold (a name's raw bytes) as `\udcNN`; JSON itself escapes the rest."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _maybe(value: str | None) -> str | None:
    return None if value is None else _text(value)
