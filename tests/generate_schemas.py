"""Generate the JSON Schemas in verifier/schemas/ from the types that read and write the documents.

`python -m tests.generate_schemas --write` writes them; `--check` says which differ, and ends with 1 if one does.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from verifier.lockfile import Lock
from verifier.policy import PolicyDocument
from verifier.registry.documents import Approval, Head, Revocation, Trust
from verifier.report.json import VerdictDocument, VerdictsDocument
from verifier.report.registry_json import AuditDocument, DiffDocument, ListDocument, WhoamiDocument

DIRECTORY = Path(__file__).resolve().parents[1] / "verifier" / "schemas"
Mode = Literal["validation", "serialization"]
DOCUMENTS: dict[str, tuple[type[BaseModel], Mode]] = {
    "policy": (PolicyDocument, "validation"),
    "approval": (Approval, "validation"),
    "trust": (Trust, "validation"),
    "revocation": (Revocation, "validation"),
    "head": (Head, "validation"),
    "lock": (Lock, "validation"),
    "verdict": (VerdictDocument, "serialization"),
    "verdicts": (VerdictsDocument, "serialization"),
    "registry-audit": (AuditDocument, "serialization"),
    "registry-diff": (DiffDocument, "serialization"),
    "registry-list": (ListDocument, "serialization"),
    "whoami": (WhoamiDocument, "serialization"),
}
"""The documents by the names in their `schema`, and whether they are read or written here."""


class Schemas(GenerateJsonSchema):
    """As pydantic makes them, but without a title for every field, and where it matters closed or open."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        """Say that what is written here has every key, whatever its default."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Refuse a key that is not like the keys."""
        made = super().dict_schema(schema)
        return made | {"additionalProperties": False} if "patternProperties" in made else made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Leave what is written here open: keys may be added, and a reader must not stumble over them."""
        made = super().model_schema(schema)
        if self.mode == "serialization":
            made.pop("additionalProperties", None)
        return made


def schema(name: str) -> dict[str, Any]:
    """Make one schema."""
    model, mode = DOCUMENTS[name]
    head = {"$schema": Schemas.schema_dialect, "$id": f"urn:model-verifier:{name}:v1"}
    made = model.model_json_schema(mode=mode, by_alias=True, schema_generator=Schemas)
    return head | made | {"title": f"model-verifier/{name}/v1"}


def generate() -> dict[str, str]:
    """Give the files that must be in the directory, by their names."""
    return {f"{name}-v1.json": json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n" for name in DOCUMENTS}


def differing() -> list[str]:
    """Name the committed files that differ, are missing, or should not be there."""
    wanted = generate()
    there = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*")} if DIRECTORY.is_dir() else {}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write the files")
    what.add_argument("--check", action="store_true", help="say which differ")
    if parser.parse_args().write:
        DIRECTORY.mkdir(exist_ok=True)
        for name, text in generate().items():
            (DIRECTORY / name).write_text(text, encoding="utf-8")
    for name in (found := differing()):
        print(f"verifier/schemas/{name} differs: python -m tests.generate_schemas --write", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
