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

from pydantic import Field, StringConstraints

from verifier.digest import Digest
from verifier.document import Foreign, Sequence, format_timestamp, parse, parse_timestamp
from verifier.errors import UsageError

STATEMENT = "https://in-toto.io/Statement/v1"
CHECKPOINT = "https://model-verifier/checkpoint/v1"
"""The claim that gives a tarball's name and time; a directory's stand in the model signature itself."""
PROVENANCE = "https://slsa.dev/provenance/v1"
TRAINING = "https://model-verifier/training/v1"
"""The build type of the provenance that `sign --base` writes."""
SUMMARY = "https://slsa.dev/verification_summary/v1"


class SubjectEntry(Foreign):
    """One thing that a statement is about."""

    name: str = ""
    digest: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, Any] = Field(default_factory=dict)


class StatementDocument(Foreign):
    """A statement, v1; attestations of before 2023 say v0.1 and differ in nothing that is read here."""

    type_: Literal["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"] = Field(alias="_type")
    subject: Annotated[Sequence[SubjectEntry], Field(min_length=1)]
    predicate_type: Annotated[str, StringConstraints(min_length=1)] = Field(alias="predicateType")
    predicate: dict[str, Any] | None = None


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


def write_statement(
    subjects: Iterable[tuple[str, Digest]],
    predicate_type: str,
    predicate: dict[str, Any],
    annotations: dict[str, Any] | None = None,
) -> bytes:
    """Write a statement about (name, digest) pairs, the first of them with the `annotations`.

    Raises `UsageError` for text that has no UTF-8 form.
    """
    listed: list[dict[str, Any]] = [{"name": name, "digest": {"sha256": digest.hex}} for name, digest in subjects]
    if annotations:
        listed[0]["annotations"] = annotations
    return _to_json(
        {
            "_type": STATEMENT,
            "subject": listed,
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )


@dataclass(frozen=True, slots=True)
class Note:
    """What a signer says that a checkpoint is called, and when it was signed; None where nothing is said."""

    name: str | None = None
    at: datetime | None = None


def checkpoint_predicate(name: str | None, at: datetime) -> dict[str, Any]:
    """What a checkpoint is called, and when its signer says that it was signed."""
    return {"name": name, "time": format_timestamp(at)} if name else {"time": format_timestamp(at)}


def checkpoint_annotations(name: str | None, at: datetime) -> dict[str, Any]:
    """The same as annotations of a subject, where the predicate has no room for anything more."""
    return {CHECKPOINT: checkpoint_predicate(name, at)}


def read_note(statement: StatementDocument) -> Note:
    """Read it from the claim that says nothing else, or from a subject's annotations."""
    noted: object = statement.predicate
    if statement.predicate_type != CHECKPOINT:
        noted = statement.subject[0].annotations.get(CHECKPOINT)
    if not isinstance(noted, dict):
        return Note()
    name, time = noted.get("name"), noted.get("time")
    try:
        at = parse_timestamp(time)
    except ValueError:
        at = None
    return Note(name if isinstance(name, str) else None, at if isinstance(at, datetime) else None)


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
    definition = (statement.predicate or {}).get("buildDefinition")
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
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"what is to be signed holds {text[error.start : error.end][:20]!r}, which is not Unicode text",
            "Rename the checkpoint, or write its name or the predicate in UTF-8.",
        ) from error
