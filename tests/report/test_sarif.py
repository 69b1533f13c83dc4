"""SARIF 2.1.0: what its schema asks for, clean URIs, stable fingerprints, and no text that acts where it is shown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_sarif.model import (  # type: ignore[import-untyped]  # made from OASIS's schema
    StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log,
)

from tests.report import HOSTILE, MISMATCH, NOW, PASSED, SHARD, UNDECIDED, failed, finding, judged
from verifier.finding import Finding, Location, Severity
from verifier.report.sarif import FINGERPRINT, render, render_all
from verifier.rules import RULES
from verifier.verdict import Effect, Outcome, Status, Subject, Verdict

RELATIVE = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+(?:/(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+)*")


def run_of(*verdicts: Verdict) -> dict[str, Any]:
    """The one run of a report that keeps to the schema."""
    text = render_all(verdicts)
    Log.model_validate_json(text)
    run: dict[str, Any] = json.loads(text)["runs"][0]
    return run


def result_of(finding: Finding, effect: Effect = Effect.DENY, **changes: Any) -> dict[str, Any]:
    (result,) = run_of(failed(judged(finding, effect), **changes))["results"]
    return dict(result)


def at(**place: Any) -> Finding:
    return Finding("pickle", Severity.ERROR, "a pickle", "convert it", Location(**place))


def fingerprint(result: dict[str, Any]) -> str:
    return str(result["partialFingerprints"][FINGERPRINT])


@pytest.mark.parametrize("verdict", [PASSED, UNDECIDED, failed(judged(MISMATCH))], ids=lambda each: each.result.value)
def test_every_verdict_keeps_to_the_schema(verdict: Verdict) -> None:
    assert run_of(verdict)["invocations"][0]["properties"]["result"] == verdict.result.value


def test_the_schema_is_strict() -> None:
    """Else this file would prove nothing."""
    with pytest.raises(ValueError, match="extra_forbidden"):
        Log.model_validate_json(render(PASSED).replace('"semanticVersion"', '"semanticVersions"'))


def test_no_verdict_is_no_report() -> None:
    with pytest.raises(ValueError, match="no verdict"):
        render_all([])


def test_a_finding_is_a_result_with_its_rule() -> None:
    run = run_of(failed(judged(MISMATCH)))
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]

    assert (result["ruleId"], result["level"], rule["id"]) == ("digest-mismatch", "error", "digest-mismatch")
    assert rule["shortDescription"]["text"] == RULES["digest-mismatch"].summary
    assert "What to do" in rule["help"]["markdown"]
    assert f"found sha256:{'9' * 64}, expected sha256:{'5' * 64}" in result["message"]["text"]
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": SHARD}}


def test_each_rule_stands_once_and_in_order() -> None:
    findings = [judged(finding(rule, "x")) for rule in ("pickle", "missing-file", "pickle")]
    run = run_of(failed(*findings), failed(*findings))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert rules == ["missing-file", "pickle"]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_reported(rule: str) -> None:
    run_of(failed(judged(finding(rule, "x"))))


@pytest.mark.parametrize(("effect", "level"), [(Effect.DENY, "error"), (Effect.WARN, "warning"), (Effect.NOTE, "note")])
def test_the_effect_is_the_level(effect: Effect, level: str) -> None:
    assert result_of(MISMATCH, effect)["level"] == level


@pytest.mark.parametrize("effect", [Effect.WAIVED, Effect.IGNORED])
def test_what_is_excused_is_suppressed_and_keeps_its_level(effect: Effect) -> None:
    result = result_of(MISMATCH, effect)

    assert (result["level"], result["suppressions"][0]["kind"]) == ("error", "external")


class TestPlace:
    def test_a_line_and_a_column(self) -> None:
        place = result_of(at(path="src/a.py", line=3, column=7))["locations"][0]["physicalLocation"]

        assert place == {"artifactLocation": {"uri": "src/a.py"}, "region": {"startLine": 3, "startColumn": 7}}

    def test_a_line_alone(self) -> None:
        place = result_of(at(path="a.py", line=3))["locations"][0]["physicalLocation"]

        assert place["region"] == {"startLine": 3}

    def test_an_offset(self) -> None:
        place = result_of(at(path="a.bin", offset=0))["locations"][0]["physicalLocation"]

        assert place["region"] == {"byteOffset": 0}

    def test_a_member_and_a_global_of_it(self) -> None:
        found = result_of(at(path="a.pt", member="archive/data.pkl", global_name="os.system"))
        logical = found["locations"][0]["logicalLocations"]

        assert [(each["kind"], each["fullyQualifiedName"]) for each in logical[1:]] == [
            ("resource", "archive/data.pkl"),
            ("function", "os.system"),
        ]

    def test_without_a_path_the_subject_s(self) -> None:
        assert result_of(at())["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "tiny"}

    def test_nowhere(self) -> None:
        assert result_of(at(), subject=Subject(None))["locations"] == []

    @pytest.mark.parametrize(
        ("path", "uri"),
        [
            ("a b/ü#?.py", "a%20b/%C3%BC%23%3F.py"),
            ("./a//b/./c", "a/b/c"),
            ("c:/x%2e.py", "c%3A/x%252e.py"),
            ("a\\b\n::error::", "a%5Cb%0A%3A%3Aerror%3A%3A"),
            ("\udcff.bin", "%FF.bin"),
            ("\ud800", "%ED%A0%80"),
            ("/tmp/x y", "file:///tmp/x%20y"),
            (".", "."),
        ],
    )
    def test_a_path_is_a_clean_uri(self, path: str, uri: str) -> None:
        assert result_of(at(path=path))["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri

    @given(st.text(min_size=1).filter(lambda path: not path.startswith("/") and path.strip("./")))
    def test_whatever_the_path(self, path: str) -> None:
        found = result_of(at(path=path))["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

        assert RELATIVE.fullmatch(found)


class TestFingerprint:
    def test_does_not_move_with_the_line(self) -> None:
        assert fingerprint(result_of(at(path="a", line=3))) == fingerprint(result_of(at(path="a", line=4, column=2)))

    @pytest.mark.parametrize("place", [{"path": "b"}, {"path": "a", "member": "m"}, {"path": "a", "global_name": "g"}])
    def test_differs_by_place(self, place: dict[str, str]) -> None:
        assert fingerprint(result_of(at(path="a"))) != fingerprint(result_of(at(**place)))

    def test_tells_two_of_a_kind(self) -> None:
        twice = judged(at(path="a"))
        results = run_of(failed(twice, twice))["results"]

        assert len({fingerprint(result) for result in results}) == 2


class TestText:
    def test_no_link_and_no_placeholder_is_left(self) -> None:
        message = result_of(finding("pickle", "see [this](https://evil.example) {0} \\"))["message"]

        assert message["text"] == r"see \[this\](https://evil.example) {{0}} \\"
        assert message["markdown"].startswith("`")

    def test_nothing_hidden_is_left(self) -> None:
        text = render(failed(judged(finding("pickle", HOSTILE, HOSTILE, remedy=HOSTILE)), notices=(HOSTILE,)))

        Log.model_validate_json(text)
        assert text.isascii()
        assert not any(ord(character) < 32 and character != "\n" for character in json.loads(text)["$schema"] + text)
        for hidden in ("\\u001b", "\\u202e", "\\u0007", "\\udcff"):
            assert hidden not in text.replace("\\\\", "")


class TestRun:
    def test_what_could_not_be_decided_is_the_tool_s_own_error(self) -> None:
        invocation = run_of(UNDECIDED)["invocations"][0]

        assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 4)
        assert "head expired" in invocation["toolExecutionNotifications"][0]["message"]["text"]

    def test_a_check_that_did_not_run_is_told(self) -> None:
        skipped = Outcome("digests", Status.SKIPPED, reason="not read")
        (told,) = run_of(replace(PASSED, outcomes=(skipped,)))["invocations"][0]["toolExecutionNotifications"]

        assert told["message"]["text"] == "the check 'digests' did not run: not read"

    def test_the_same_verdict_is_the_same_bytes(self) -> None:
        assert NOW.isoformat() not in render(PASSED)
        assert render(failed(judged(MISMATCH))) == render(failed(judged(MISMATCH)))
