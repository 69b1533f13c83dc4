"""The JSON Schemas that travel with the package: as the types are, true of real documents, false of broken ones."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import generate_schemas
from tests.cli import DEMO, NAME, run
from tests.conftest import DEMO_MODEL
from tests.generate_schemas import DIRECTORY, DOCUMENTS
from tests.report import HOSTILE, MISMATCH, PASSED, UNDECIDED, WAIVER, failed, judged
from tests.test_lock import write_lock
from verifier import report
from verifier.finding import Finding, Location, Severity
from verifier.policy import SHIPPED, shipped_policy
from verifier.report import json as json_report
from verifier.resources import data_directory
from verifier.verdict import Effect, Outcome, Status, Verdict

CHECKOUT = Path(__file__).resolve().parents[1]
REGISTRY = data_directory("registry")
DEMONSTRATION = [
    ("trust", "trust/*.json"),
    ("head", "head.json"),
    ("approval", "models/*/*/*.json"),
    ("revocation", "revocations/*.json"),
]


@cache
def schema(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((DIRECTORY / f"{name}-v1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(value)
    return value


def complaints(name: str, value: object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema(name)).iter_errors(value)]


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


class TestCommitted:
    def test_they_are_what_the_types_generate(self) -> None:
        assert generate_schemas.differing() == [], "run: python -m tests.generate_schemas --write"

    def test_there_is_one_for_each_document(self) -> None:
        assert {path.name for path in DIRECTORY.iterdir()} == {f"{name}-v1.json" for name in DOCUMENTS}

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_each_is_a_schema_for_its_own_name(self, name: str) -> None:
        assert schema(name)["properties"]["schema"]["const"] == f"model-verifier/{name}/v1"
        assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"

    def test_a_difference_is_noticed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(generate_schemas, "DIRECTORY", tmp_path / "schemas")
        monkeypatch.setattr(sys, "argv", ["generate_schemas", "--write"])
        assert generate_schemas.main() == 0

        (tmp_path / "schemas" / "lock-v1.json").write_text("{}")
        (tmp_path / "schemas" / "other-v1.json").write_text("{}")
        monkeypatch.setattr(sys, "argv", ["generate_schemas", "--check"])
        assert generate_schemas.main() == 1
        assert generate_schemas.differing() == ["lock-v1.json", "other-v1.json"]

    def test_the_script_checks(self) -> None:
        command = [sys.executable, "-m", "tests.generate_schemas", "--check"]
        ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

        assert (ended.returncode, ended.stderr) == (0, "")


class TestRead:
    @pytest.mark.parametrize(("name", "pattern"), DEMONSTRATION)
    def test_the_demonstrations_documents_are_valid(self, name: str, pattern: str) -> None:
        paths = sorted(REGISTRY.glob(pattern))

        assert paths != []
        assert [complaints(name, read(path)) for path in paths] == [[]] * len(paths)

    @pytest.mark.parametrize("name", SHIPPED)
    def test_the_shipped_policies_are_valid(self, name: str) -> None:
        assert complaints("policy", tomllib.loads(shipped_policy(name).read_text(encoding="utf-8"))) == []

    def test_a_lock_is_valid(self, tmp_path: Path) -> None:
        assert complaints("lock", read(write_lock(tmp_path / "models.lock", DEMO_MODEL))) == []

    @pytest.mark.parametrize(("name", "pattern"), DEMONSTRATION)
    def test_what_is_missing_or_unknown_is_not_valid(self, name: str, pattern: str) -> None:
        document = read(next(REGISTRY.glob(pattern)))

        for key in schema(name)["required"]:
            assert complaints(name, {other: document[other] for other in document if other != key}) != []
        assert complaints(name, document | {"extra": 1}) != []
        assert complaints(name, document | {"schema": "model-verifier/other/v1"}) != []

    @pytest.mark.parametrize(
        ("name", "pattern", "keys", "value"),
        [
            ("approval", "models/*/*/*.json", ("files", "config.json", "sha256"), "0" * 63),
            ("approval", "models/*/*/*.json", ("files", "config.json", "size"), -1),
            ("approval", "models/*/*/*.json", ("files",), {}),
            ("approval", "models/*/*/*.json", ("sets", "Default!"), ["config.json"]),
            ("approval", "models/*/*/*.json", ("sets", "default"), []),
            ("approval", "models/*/*/*.json", ("revision",), "main"),
            ("approval", "models/*/*/*.json", ("model",), "tiny"),
            ("approval", "models/*/*/*.json", ("requires",), ["acme/tiny@main"]),
            ("approval", "models/*/*/*.json", ("valid_until",), 1_763_632_800),
            ("trust", "trust/*.json", ("principals", "No Body"), [{"root": "0" * 64, "issuer": "i", "identity": "j"}]),
            ("trust", "trust/*.json", ("roles", "admin"), {"threshold": 1, "principals": ["alice"]}),
            ("trust", "trust/*.json", ("version",), 0),
            ("head", "head.json", ("records", "acme/tiny@main"), f"sha256:{'0' * 64}"),
            ("head", "head.json", ("trust_version",), "1"),
            ("revocation", "revocations/*.json", ("revision",), "main"),
            ("revocation", "revocations/*.json", ("digests",), ["0" * 64]),
        ],
    )
    def test_what_a_reader_refuses_is_not_valid(
        self, name: str, pattern: str, keys: tuple[str, ...], value: object
    ) -> None:
        document = copy.deepcopy(read(next(REGISTRY.glob(pattern))))
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value

        assert complaints(name, document) != []

    @pytest.mark.parametrize(
        "changes",
        [
            {"rules": {"pickle": "allow"}},
            {"registry": {"trust_digest": "abc"}},
            {"registry": {"min_version": -1}},
            {"mode": "lax"},
            {"extends": "demo"},
            {"pickle": {"mode": "accept"}},
            {"unknown": {}},
        ],
    )
    def test_what_is_no_policy_is_not_valid(self, changes: dict[str, Any]) -> None:
        policy: dict[str, Any] = {"schema": "model-verifier/policy/v1", "name": "acme"}

        assert complaints("policy", policy) == []
        assert complaints("policy", policy | changes) != []


FULL = failed(
    judged(MISMATCH),
    judged(Finding("pickle", Severity.NOTE, HOSTILE, location=Location("a", "b", 1, 2, 3, "c")), Effect.WAIVED),
    waivers=(WAIVER,),
    notices=("a", "b"),
)


class TestWritten:
    @pytest.mark.parametrize(
        "options",
        [
            (*DEMO,),
            ("lantrenworks/lantern-tiny", *DEMO[1:]),
            (*DEMO, "--trust-digest", f"sha256:{'0' * 64}"),
            (*DEMO, "--mode", "audit"),
            (f"{NAME}@main", *DEMO[1:]),
        ],
        ids=["pass", "fail", "undecided", "audit", "warning"],
    )
    def test_a_real_verdict_is_valid(self, options: tuple[str, ...]) -> None:
        assert complaints("verdict", run("verify", *options, "--format", "json").report) == []

    @pytest.mark.parametrize("verdict", [PASSED, UNDECIDED, FULL, replace(PASSED, policy=None, registry=None)])
    def test_every_shape_of_one_is_valid(self, verdict: Verdict) -> None:
        assert complaints("verdict", json.loads(json_report.render(verdict))) == []

    def test_several_are_valid(self) -> None:
        skipped = replace(FULL, outcomes=(Outcome("scan", Status.SKIPPED, reason="unread"),))
        value = json.loads(json_report.render_all([PASSED, UNDECIDED, FULL, skipped]))

        assert complaints("verdicts", value) == []

    def test_keys_may_be_added_later(self) -> None:
        value = json.loads(json_report.render(FULL)) | {"references": []}
        value["subject"]["kind"] = "model"
        value["outcomes"][0]["findings"][0]["location"]["end"] = None

        assert complaints("verdict", value) == []

    def test_no_key_may_go_and_no_word_be_new(self) -> None:
        value = json.loads(json_report.render(FULL))

        for key in value:
            assert complaints("verdict", {other: value[other] for other in value if other != key}) != []
        assert complaints("verdict", value | {"result": "MAYBE"}) != []
        value["outcomes"][0]["findings"][0]["effect"] = "excused"
        assert complaints("verdict", value) != []


def test_they_travel_with_the_package() -> None:
    assert Path(report.__file__).parents[1] == DIRECTORY.parent
