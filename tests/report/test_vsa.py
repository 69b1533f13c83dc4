"""The verification summary: as slsa.dev/spec/v1.1/verification_summary has it, with the inputs that it rests on."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import DEMO_MODEL
from tests.fakes.checkpoint import Training
from tests.report import PASSED
from tests.test_claims import EVAL, demanding, evaluated
from verifier.report.vsa import summary
from verifier.verdict import Verdict

DIGESTS = {
    "type": "object",
    "properties": {"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
    "required": ["sha256"],
}
DESCRIPTOR = {
    "type": "object",
    "properties": {"uri": {"type": "string", "pattern": r"^[a-z]+:[!-~]*$"}, "digest": DIGESTS},
    "required": ["uri", "digest"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {"type": "array", "minItems": 1, "items": {"required": ["digest"]}},
        "predicateType": {"const": "https://slsa.dev/verification_summary/v1"},
        "predicate": {
            "type": "object",
            "properties": {
                "verifier": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "version": {"type": "object"}},
                    "required": ["id", "version"],
                },
                "timeVerified": {"type": "string", "pattern": "^[0-9-]{10}T[0-9:]{8}Z$"},
                "resourceUri": DESCRIPTOR["properties"]["uri"],  # type: ignore[index]
                "policy": DESCRIPTOR,
                "inputAttestations": {"type": "array", "minItems": 1, "items": DESCRIPTOR},
                "verificationResult": {"enum": ["PASSED", "FAILED"]},
                "verifiedLevels": {"type": "array", "items": {"type": "string", "pattern": "^(?!SLSA_)"}},
                "slsaVersion": {"const": "1.1"},
                "unsigned": {"type": "string"},
            },
            "required": [
                "verifier", "timeVerified", "resourceUri", "policy", "verificationResult", "verifiedLevels",
            ],
            "additionalProperties": False,
        },
    },
    "required": ["_type", "subject", "predicateType", "predicate"],
    "additionalProperties": False,
}  # fmt: skip


@pytest.fixture
def training(tmp_path: Path) -> Training:
    made = Training(tmp_path, Path(shutil.copytree(DEMO_MODEL, tmp_path / "run 17")))
    made.sign(bases=[])
    return made


def statement_of(verdict: Verdict) -> dict[str, Any]:
    statement: dict[str, Any] = json.loads(summary(verdict, signed=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(statement)
    return statement


def test_its_inputs_are_the_bundle_and_the_claims_that_counted(training: Training) -> None:
    evaluated(training)
    training.attest(EVAL, {"others": True}, signer=training.signer("mallory@evil.test"))
    provenance, evaluation, _ = training.claims.read_bytes().splitlines()
    predicate = statement_of(training.verify(policy=demanding(training)))["predicate"]

    assert predicate["inputAttestations"] == [
        {"uri": "file:run%2017.sigstore.json", "digest": {"sha256": sha256(training.bundle.read_bytes())}},
        {"uri": "file:run%2017.claims.jsonl", "digest": {"sha256": sha256(provenance)}},
        {"uri": "file:run%2017.claims.jsonl", "digest": {"sha256": sha256(evaluation)}},
    ]
    assert predicate["resourceUri"] == f"file:{training.root}/run%2017"


def test_a_bundle_elsewhere_is_named_as_it_is(training: Training) -> None:
    elsewhere = training.bundle.rename(training.root / "other.json")
    (only, _) = statement_of(training.verify(bundle=elsewhere))["predicate"]["inputAttestations"]

    assert only == {"uri": "file:other.json", "digest": {"sha256": sha256(elsewhere.read_bytes())}}


def test_a_refusal_rests_on_nothing(training: Training) -> None:
    training.bundle.unlink()

    assert training.verify().attestations == ()


def test_a_name_that_is_no_text_is_encoded_all_the_same() -> None:
    subject = replace(PASSED.subject, reference=None, path="./run-\udcff")

    assert statement_of(replace(PASSED, subject=subject))["predicate"]["resourceUri"] == "file:./run-%FF"


def test_a_models_summary_is_one_as_well() -> None:
    assert "inputAttestations" not in statement_of(PASSED)["predicate"]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
