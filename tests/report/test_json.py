"""The JSON that other programs read: exactly these keys, closed enumerations, and any file name survives."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report import COMMIT, HOSTILE, MISMATCH, PASSED, SHARD, UNDECIDED, WAIVER, failed, finding, judged
from verifier import __version__
from verifier.finding import Finding, Location, Severity
from verifier.report import json as report
from verifier.verdict import Effect, NamedReference, Outcome, Result, Status, Subject, Verdict


def document(verdict: Verdict) -> Any:
    return json.loads(report.render(verdict))


def test_a_whole_document() -> None:
    skipped = Outcome("pickle", Status.SKIPPED, reason="the files were not read")
    verdict = failed(
        outcomes=(Outcome("digests", Status.FAILED, (judged(MISMATCH),), omitted=2), skipped),
        waivers=(WAIVER,),
        notices=("the approval ends on 2026-12-04T10:00:00Z",),
    )

    assert document(verdict) == {
        "schema": "model-verifier/verdict/v1",
        "result": "FAILED",
        "enforced": True,
        "error": None,
        "subject": {
            "reference": f"acme/tiny@{COMMIT}",
            "path": "./tiny",
            "set": "default",
            "manifest_digest": f"sha256:{'a' * 64}",
            "files": 12,
            "size": 14_200_000_000,
        },
        "policy": {"name": "deploy", "digest": f"sha256:{'b' * 64}"},
        "registry": {
            "name": "acme-prod",
            "version": 412,
            "expires": "2026-12-04T10:00:00Z",
            "trust_digest": f"sha256:{'c' * 64}",
            "approved_by": ["alice", "carol"],
            "approved_until": "2026-12-04T10:00:00Z",
            "demonstration": False,
        },
        "signers": [],
        "waivers": [{"rule": "pickle", "path": "pytorch_model.bin", "expires": "2026-12-04T10:00:00Z", "used": True}],
        "notices": ["the approval ends on 2026-12-04T10:00:00Z"],
        "outcomes": [
            {
                "check": "digests",
                "status": "failed",
                "reason": None,
                "omitted": 2,
                "findings": [
                    {
                        "rule": "digest-mismatch",
                        "severity": "error",
                        "effect": "deny",
                        "moved_by_policy": False,
                        "message": f"{SHARD} is not the approved file",
                        "remedy": "Fetch it again.",
                        "location": {
                            "path": SHARD,
                            "member": None,
                            "line": None,
                            "column": None,
                            "offset": None,
                            "global": None,
                        },
                        "found": f"sha256:{'9' * 64}",
                        "expected": f"sha256:{'5' * 64}",
                        "details": [],
                    }
                ],
            },
            {
                "check": "pickle",
                "status": "skipped",
                "reason": "the files were not read",
                "omitted": 0,
                "findings": [],
            },
        ],
        "references": None,
        "files": None,
        "time": "2026-11-20T10:00:00Z",
        "verifier": {"name": "model-verifier", "version": __version__},
    }


def test_what_could_not_be_decided() -> None:
    value = document(UNDECIDED)

    assert value["result"] == "UNDECIDED"
    assert value["error"] == {
        "code": "head-stale",
        "message": "the registry's head expired on 2026-11-19T10:00:00Z",
        "remedy": "Update the registry.",
    }
    assert value["registry"] is None
    assert value["outcomes"] == []
    assert value["subject"] == {
        "reference": "acme/tiny", "path": None, "set": None, "manifest_digest": None, "files": 0, "size": 0
    }  # fmt: skip


@pytest.mark.parametrize("verdict", [PASSED, UNDECIDED, failed(judged(MISMATCH))], ids=lambda each: each.result.value)
def test_every_verdict_has_the_same_keys(verdict: Verdict) -> None:
    assert list(document(verdict)) == [
        "schema", "result", "enforced", "error", "subject", "policy", "registry", "signers", "waivers", "notices",
        "outcomes", "references", "files", "time", "verifier",
    ]  # fmt: skip


def test_what_nobody_decided_has_neither_policy_nor_registry() -> None:
    value = document(replace(PASSED, policy=None, registry=None))

    assert (value["policy"], value["registry"]) == (None, None)


def test_an_audit_is_not_enforced() -> None:
    assert document(failed(judged(MISMATCH), enforced=False))["enforced"] is False


@pytest.mark.parametrize(
    ("model", "field", "enumeration"),
    [
        (report.VerdictDocument, "result", Result),
        (report.VerdictsDocument, "result", Result),
        (report.OutcomePart, "status", Status),
        (report.FindingPart, "severity", Severity),
        (report.FindingPart, "effect", Effect),
    ],
)
def test_enumerations_are_closed_and_whole(model: Any, field: str, enumeration: Any) -> None:
    assert list(get_args(model.model_fields[field].annotation)) == [member.value for member in enumeration]


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("severity", Severity)
def test_every_severity_and_effect_can_be_written(severity: Severity, effect: Effect) -> None:
    found = judged(Finding("pickle", severity, "m"), effect, moved=True)
    (outcome,) = document(failed(found))["outcomes"]

    (value,) = outcome["findings"]
    assert (value["severity"], value["effect"], value["moved_by_policy"]) == (severity.value, effect.value, True)


def test_a_place_in_a_file_is_told_whole() -> None:
    location = Location("a.zip", "archive/data.pkl", 3, 7, 4096, "os.system")
    (outcome,) = document(failed(judged(Finding("pickle", Severity.ERROR, "m", location=location))))["outcomes"]

    assert outcome["findings"][0]["location"] == {
        "path": "a.zip", "member": "archive/data.pkl", "line": 3, "column": 7, "offset": 4096, "global": "os.system"
    }  # fmt: skip


def test_what_is_hostile_survives_whole_and_a_byte_that_is_no_utf_8_as_its_number() -> None:
    found = finding("unlisted-file", HOSTILE, HOSTILE, remedy=HOSTILE, found=HOSTILE, expected=HOSTILE)
    verdict = failed(judged(found), subject=Subject(HOSTILE, HOSTILE), notices=(HOSTILE,))
    text = report.render(verdict)

    value = json.loads(text.encode("utf-8"))
    expected = HOSTILE.replace("\udcff", r"\udcff")
    (shown,) = value["outcomes"][0]["findings"]
    assert {shown["message"], shown["remedy"], shown["found"], shown["location"]["path"]} == {expected}
    assert {value["subject"]["path"], value["subject"]["reference"], *value["notices"]} == {expected}
    assert "\x1b" not in text


@given(st.text())
def test_any_text_can_be_written(text: str) -> None:
    found = Finding("pickle", Severity.ERROR, text, text, Location(text, text, global_name=text), text, text)
    outcome = Outcome("pickle", Status.FAILED, (judged(found),), reason=text)
    raw = report.render(replace(UNDECIDED, outcomes=(outcome,), subject=Subject(text, text), notices=(text,)))

    assert json.loads(raw.encode("utf-8"))["subject"]["path"] == text.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize(
    ("verdicts", "result"),
    [
        ([PASSED, PASSED], "PASSED"),
        ([PASSED, UNDECIDED], "UNDECIDED"),
        ([UNDECIDED, failed(judged(MISMATCH)), PASSED], "FAILED"),
        ([failed(judged(MISMATCH), enforced=False), PASSED], "FAILED"),
    ],
)
def test_several_are_one_document_with_the_gravest_result(verdicts: list[Verdict], result: str) -> None:
    assert json.loads(report.render_all(verdicts)) == {
        "schema": "model-verifier/verdicts/v1",
        "result": result,
        "verdicts": [document(verdict) for verdict in verdicts],
    }


def test_no_verdicts_are_no_pass() -> None:
    """Never vacuously: an empty list must not read as PASSED."""
    with pytest.raises(ValueError, match="no verdict"):
        report.render_all([])


def test_it_ends_in_one_line_feed() -> None:
    assert report.render(PASSED).endswith("}\n")
    assert report.render_all([PASSED]).endswith("}\n")


def test_what_a_change_names_is_listed() -> None:
    named = NamedReference("acme/tiny", COMMIT, "src/a.py", 3, 7, "found")
    unknown = NamedReference(None, None, HOSTILE, 1, 1, "unresolved")
    first, second = document(replace(PASSED, references=(named, unknown)))["references"]

    assert first == {
        "model": "acme/tiny", "revision": COMMIT, "path": "src/a.py", "line": 3, "column": 7, "status": "found",
    }  # fmt: skip
    assert (second["model"], second["status"]) == (None, "unresolved")
