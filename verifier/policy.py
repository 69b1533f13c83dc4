"""The policy: where the registry is, what each rule does, and so what the verdict is.

Checks report, only this decides. Files are TOML (DESIGN, section 8); strict defaults live here and
`policies/default.toml` equals them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from verifier import limits
from verifier.digest import Digest
from verifier.document import DigestText, Document, DocumentError, FilePath, Name, Text, build, read_bytes
from verifier.document import Sequence as ListOf
from verifier.errors import UndecidedError, UsageError
from verifier.finding import Finding, Severity
from verifier.policy_checkpoint import CheckpointSection, RequireEntry, SignerEntry, terms_of
from verifier.resources import data_directory
from verifier.rules import RULES
from verifier.terms import ExpectedSigner, Terms
from verifier.verdict import Effect, Judged, Outcome, Status

SHIPPED = ("default", "strict", "audit", "lockfile", "demo", "deploy")
_EFFECTS = {Severity.ERROR: Effect.DENY, Severity.WARNING: Effect.WARN, Severity.NOTE: Effect.NOTE}
_MOVES = {"deny": Effect.DENY, "warn": Effect.WARN, "ignore": Effect.IGNORED}

RuleEffect = Literal["deny", "warn", "ignore"]
FilePrefix = Annotated[FilePath, BeforeValidator(lambda value: value.rstrip("/") if isinstance(value, str) else value)]
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date"})]
"""A day, as TOML writes it: 2027-01-31."""


class RegistrySection(Document):
    """`[registry]`: its source ("none": the lock alone decides), the pinned trust file, the lowest version."""

    source: Text | None = None
    trust_digest: DigestText | None = None
    min_version: Annotated[int, Field(ge=0)] = 0


class PublishersSection(Document):
    """`[publishers]`: names that are known besides the registry's own."""

    known: ListOf[Text] = ()


class PickleSection(Document):
    """`[pickle]`: "reject" refuses every pickle-bearing file that no signed waiver excuses, "scan" judges what it does.

    `frameworks` are tiers of the reviewed allowlist besides its base.
    """

    mode: Literal["reject", "scan"] = "reject"
    frameworks: ListOf[Literal["lightgbm", "pandas", "sklearn", "transformers", "xgboost"]] = ()


class AuditedPath(Document):
    """`[[audit]]`: a path below which the gate only warns, until the day of that name begins (UTC)."""

    path: FilePrefix
    until: Day


class PolicyException(Document):
    """`[[exceptions]]`: one content rule for one exact path, which somebody answers for until a day begins (UTC)."""

    rule: Text
    path: FilePath
    owner: Text
    reason: Text
    expires: Day

    @field_validator("rule")
    @classmethod
    def _rule_is_about_content(cls, rule: str) -> str:
        if rule not in RULES:
            raise ValueError(f"{rule!r} is no rule; `model-verifier explain` lists them")
        if not RULES[rule].content:
            raise ValueError(f"the rule {rule!r} can't be excepted")
        return rule


class PolicyDocument(Document):
    """A policy file. `schema` is "model-verifier/policy/v1"."""

    schema_: Literal["model-verifier/policy/v1"] = Field(alias="schema")
    name: Name
    extends: Literal["default", "strict", "audit", "lockfile", "deploy"] | None = None
    mode: Literal["enforce", "audit"] = "enforce"
    registry: RegistrySection = RegistrySection()
    rules: dict[str, RuleEffect] = Field(default_factory=dict)
    publishers: PublishersSection = PublishersSection()
    pickle: PickleSection = PickleSection()
    audit: ListOf[AuditedPath] = ()
    exceptions: ListOf[PolicyException] = ()
    checkpoint: CheckpointSection = CheckpointSection()
    signers: ListOf[SignerEntry] = ()
    require: ListOf[RequireEntry] = ()

    @field_validator("rules")
    @classmethod
    def _rules_are_known(cls, rules: dict[str, RuleEffect]) -> dict[str, RuleEffect]:
        for rule, effect in rules.items():
            if rule not in RULES:
                raise ValueError(f"{rule!r} is no rule; `model-verifier explain` lists them")
            if RULES[rule].fixed and effect != "deny":
                raise ValueError(f"the rule {rule!r} always denies")
        return rules


@dataclass(frozen=True, slots=True)
class WaiverGrant:
    """What a signed record excuses: one content rule for one exact path."""

    rule: str
    path: str


@dataclass(frozen=True)
class Policy:
    """A policy that is ready to decide; its `registry_source` is a path, an https URL, "none" or None."""

    name: str
    digest: Digest
    enforced: bool = True
    registry_source: Path | str | None = None
    trust_digest: Digest | None = None
    min_version: int = 0
    rules: Mapping[str, Effect] = field(default_factory=dict)
    known_publishers: tuple[str, ...] = ()
    audited: tuple[AuditedPath, ...] = ()
    exceptions: tuple[PolicyException, ...] = ()
    terms: Terms = field(default_factory=Terms)
    pickle_mode: Literal["reject", "scan"] = "reject"
    pickle_frameworks: tuple[str, ...] = ()

    @classmethod
    def load(cls, policy: Path | str) -> Self:
        """Load a shipped policy by name, or a file. Raises `UsageError` where it is not a valid policy."""
        path = shipped_policy(policy) if isinstance(policy, str) and policy in SHIPPED else Path(policy)
        document, raw = _read(path)
        values = document.model_dump(exclude_unset=True, by_alias=True)
        if document.extends is not None:
            base, base_raw = _read(shipped_policy(document.extends))
            values = _merged(base.model_dump(exclude_unset=True, by_alias=True), values)
            document = PolicyDocument.model_validate(values)
            raw = base_raw + raw
        return cls(
            name=document.name,
            digest=Digest.of(raw),
            enforced=document.mode == "enforce",
            registry_source=_source(document.registry.source, path.parent),
            trust_digest=Digest.parse(document.registry.trust_digest) if document.registry.trust_digest else None,
            min_version=document.registry.min_version,
            rules={rule: _MOVES[effect] for rule, effect in document.rules.items()},
            known_publishers=document.publishers.known,
            audited=document.audit,
            exceptions=document.exceptions,
            terms=terms_of(document.checkpoint, document.signers, document.require, path.parent),
            pickle_mode=document.pickle.mode,
            pickle_frameworks=document.pickle.frameworks,
        )

    def override(
        self,
        *,
        registry: str | None = None,
        trust_digest: str | None = None,
        mode: str | None = None,
        min_version: int = 0,
    ) -> Self:
        """Apply a command line's options; the lowest version of the head is only ever raised."""
        if mode not in (None, "enforce", "audit"):
            raise UsageError(f"there is no mode {mode!r}", "Use enforce or audit.")
        if registry == "demo" and trust_digest is None:
            demonstration = type(self).load("demo").trust_digest
            trust_digest = str(demonstration) if demonstration else None
        return replace(
            self,
            enforced=self.enforced if mode is None else mode == "enforce",
            registry_source=self.registry_source if registry is None else _source(registry, Path()),
            trust_digest=self.trust_digest if trust_digest is None else Digest.parse(trust_digest),
            min_version=max(self.min_version, min_version),
        )

    def signed_by(self, signer: ExpectedSigner) -> Self:
        """Take the signer that a command line names. Raises `UsageError` unless the policy leaves that open."""
        if self.terms.signers:
            raise UsageError(
                f"the policy {self.name!r} itself names who may have signed; no option adds to that or replaces it",
                "Leave --key and --certificate-chain out, or change the policy's [[signers]].",
            )
        return replace(self, terms=replace(self.terms, signers=(signer,)).checked())

    def judge(
        self,
        check: str,
        findings: Iterable[Finding],
        waived: Sequence[WaiverGrant] = (),
        audited: Sequence[str] = (),
    ) -> tuple[Outcome, set[WaiverGrant]]:
        """Turn what a check found into its outcome; give the waivers that were used, too.

        The severity decides, unless the policy names the rule. A waiver excuses a finding that would deny; below an
        `audited` path it only warns. A suppression in the source silences a warning, never more.
        """
        judged: list[Judged] = []
        used: set[WaiverGrant] = set()
        for finding in findings:
            effect = _EFFECTS[finding.severity]
            moved = self.rules.get(finding.rule, effect)
            grant = WaiverGrant(finding.rule, finding.location.path or "")
            if moved is Effect.DENY and finding.waivable and RULES[finding.rule].content and grant in waived:
                used.add(grant)
                judged.append(Judged(finding, Effect.WAIVED, moved is not effect))
            elif moved is Effect.DENY and any(_is_below(grant.path, prefix) for prefix in audited):
                judged.append(Judged(finding, Effect.WARN, moved_by_policy=True))
            elif moved is Effect.WARN and finding.pragma:
                judged.append(Judged(finding, Effect.IGNORED, moved is not effect))
            else:
                judged.append(Judged(finding, moved, moved is not effect))
        denials = [item for item in judged if item.effect is Effect.DENY]
        if len(judged) > limits.MAX_FINDINGS_PER_CHECK:
            others = [item for item in judged if item.effect is not Effect.DENY]
            kept = (*denials[: limits.MAX_FINDINGS_PER_CHECK], *others[: limits.MAX_FINDINGS_PER_CHECK])
        else:
            kept = tuple(judged)
        status = Status.FAILED if denials else Status.PASSED
        return Outcome(check, status, kept, omitted=len(judged) - len(kept)), used


def _is_below(path: str, prefix: str) -> bool:
    return f"{path}/".startswith(f"{prefix.rstrip('/')}/")


def shipped_policy(name: str) -> Path:
    """Find the file of a policy that travels with the package."""
    return data_directory("policies") / f"{name}.toml"


def _read(path: Path) -> tuple[PolicyDocument, bytes]:
    blame = f"the policy {str(path)!r}"
    try:
        raw = read_bytes(path, limits.MAX_POLICY)
        return build(tomllib.loads(raw.decode("utf-8")), PolicyDocument), raw
    except (FileNotFoundError, NotADirectoryError) as error:
        remedy = f"Give a file, or one of the shipped policies: {', '.join(SHIPPED)}."
        raise UsageError(f"{blame} is not there", remedy) from error
    except IsADirectoryError as error:
        raise UsageError(f"{blame} is a directory", "Give the .toml file.") from error
    except OSError as error:
        raise UndecidedError(f"{blame} can't be read: {error.strerror}", "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{blame} is not UTF-8 (byte {error.start})", "Save it as UTF-8.") from error
    except DocumentError as error:
        raise UsageError(f"{blame} {error}", "Mend the file; policies/default.toml shows every key.") from error
    except (ValueError, RecursionError) as error:  # TOML's own, a number of thousands of digits, deep nesting
        raise UsageError(f"{blame} is not TOML: {error}", "Mend the file.") from error


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one document over another: tables key by key, everything else replaced."""
    result = dict(base)
    for key, value in over.items():
        inner = base.get(key)
        result[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def _source(source: str | None, beside: Path) -> Path | str | None:
    if source is None or source == "none" or "://" in source:
        return source
    return data_directory("registry") if source == "demo" else beside / source
