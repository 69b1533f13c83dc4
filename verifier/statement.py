"""In-toto statements: who or what they are about, and which kind of claim they make. Bytes to types, and back.

Format: github.com/in-toto/attestation, `spec/v1/statement.md`. The caller has verified the bytes. Foreign tools write
these, so unknown fields are passed over; what is read here is read strictly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from verifier.digest import Digest
from verifier.document import Sequence, format_timestamp, parse

STATEMENT = "https://in-toto.io/Statement/v1"
CHECKPOINT = "https://model-verifier/checkpoint/v1"
"""The claim that gives a tarball's name and time; a directory's stand in the model signature itself."""
PROVENANCE = "https://slsa.dev/provenance/v1"
TRAINING = "https://model-verifier/training/v1"
"""The build type of the provenance that `sign --base` writes."""
SUMMARY = "https://slsa.dev/verification_summary/v1"


class Foreign(BaseModel):
    """Base of documents whose format others define: what is not known here is passed over."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class SubjectEntry(Foreign):
    """One thing that a statement is about."""

    name: str = ""
    digest: dict[str, str] = Field(default_factory=dict)


class StatementDocument(Foreign):
    """A statement, v1; attestations of before 2023 say v0.1 and differ in nothing that is read here."""

    type_: Literal["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"] = Field(alias="_type")
    subject: Annotated[Sequence[SubjectEntry], Field(min_length=1)]
    predicate_type: Annotated[str, StringConstraints(min_length=1)] = Field(alias="predicateType")
    predicate: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a checkpoint's statements are about: the exact set of (path, SHA-256), or a tarball's one digest."""

    files: frozenset[tuple[str, str]] = frozenset()
    tarball: Digest | None = None

    def are_those_of(self, statement: StatementDocument) -> bool:
        """Tell whether a statement is about exactly these; a tarball may have been renamed since."""
        if any(set(entry.digest) != {"sha256"} for entry in statement.subject):
            return False
        named = [(entry.name, entry.digest["sha256"].lower()) for entry in statement.subject]
        if self.tarball is not None:
            return [digest for _, digest in named] == [self.tarball.hex]
        return len(named) == len(self.files) and set(named) == self.files

    def listed(self, name: str) -> list[tuple[str, Digest]]:
        """Give them as (name, digest) pairs; a tarball's is called `name`."""
        if self.tarball is not None:
            return [(name, self.tarball)]
        return [(path, Digest("sha256", digest)) for path, digest in sorted(self.files)]


def read_statement(payload: bytes) -> StatementDocument:
    """Read a statement's verified bytes; raises `DocumentError`."""
    return parse(payload, StatementDocument)


def write_statement(subjects: Iterable[tuple[str, Digest]], predicate_type: str, predicate: dict[str, Any]) -> bytes:
    """Write a statement about (name, digest) pairs."""
    return _to_json(
        {
            "_type": STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": digest.hex}} for name, digest in subjects],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )


def checkpoint_predicate(name: str | None, at: datetime) -> dict[str, Any]:
    """What a checkpoint is called, and when its signer says that it was signed."""
    return {"name": name, "time": format_timestamp(at)} if name else {"time": format_timestamp(at)}


def provenance_predicate(bases: Iterable[str], builder: str) -> dict[str, Any]:
    """SLSA provenance (slsa.dev/spec/v1.0/provenance): from which models, org/name@commit, this was trained."""
    return {
        "buildDefinition": {
            "buildType": TRAINING,
            "externalParameters": {},
            "resolvedDependencies": [
                {"uri": f"pkg:huggingface/{base}", "digest": {"gitCommit": base.partition("@")[2]}} for base in bases
            ],
        },
        "runDetails": {"builder": {"id": builder}},
    }


def bases_of(statement: StatementDocument) -> tuple[str, ...] | None:
    """Give the models, org/name@commit, that `sign --base` named; None where this is no such claim."""
    definition = statement.predicate.get("buildDefinition")
    if statement.predicate_type != PROVENANCE or not isinstance(definition, dict):
        return None
    if definition.get("buildType") != TRAINING:
        return None
    dependencies = definition.get("resolvedDependencies")
    if not isinstance(dependencies, list):
        return None
    uris = [item.get("uri") if isinstance(item, dict) else None for item in dependencies]
    return tuple(str(uri).removeprefix("pkg:huggingface/") for uri in uris)


def _to_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
