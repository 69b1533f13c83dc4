"""Verdicts as SARIF 2.1.0 (OASIS), for code-scanning services: one run, one result a finding."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from verifier import __version__
from verifier.finding import Location, Severity
from verifier.report.escape import markdown, markdown_prose, sarif_text, uri
from verifier.rules import RULES, Rule
from verifier.verdict import Effect, Judged, Result, Status, Subject, Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "modelVerifier/v1"
"""The name of our partial fingerprint: rule, place and message, but neither line nor offset, which move."""

_LEVELS = {Effect.DENY: "error", Effect.WARN: "warning", Effect.NOTE: "note"}
_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SUPPRESSED = {Effect.WAIVED: "a signed record waives it", Effect.IGNORED: "the policy ignores it"}

Part = dict[str, Any]


def render(verdict: Verdict) -> str:
    """Write one verdict."""
    return render_all([verdict])


def render_all(verdicts: Sequence[Verdict]) -> str:
    """Write several verdicts as one run. URIs are those of the findings' paths, relative as they stand."""
    if not verdicts:
        raise ValueError("there is no verdict to report")
    rules = sorted({judged.finding.rule for verdict in verdicts for judged in verdict.findings()})
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(rules)},
                "invocations": [_invocation(verdict) for verdict in verdicts],
                "columnKind": "unicodeCodePoints",
                "results": list(_results(verdicts, rules)),
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _driver(rules: Sequence[str]) -> Part:
    return {"name": "model-verifier", "semanticVersion": __version__, "rules": [_rule(RULES[rule]) for rule in rules]}


def _rule(rule: Rule) -> Part:
    example = "\n".join(f"    {line}" for line in rule.example.splitlines())
    why, remedy = markdown_prose(rule.why), markdown_prose(rule.remedy)
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\n\nExample:\n\n{example}\n\nWhat to do: {rule.remedy}",
            "markdown": f"{why}\n\n**Example**\n\n{example}\n\n**What to do:** {remedy}",
        },
        "defaultConfiguration": {"level": _SEVERITIES[rule.severity]},
        "properties": {"tags": ["security", "supply-chain"]},
    }


def _invocation(verdict: Verdict) -> Part:
    """Say how a verdict was reached: an error, or a check that did not run, is a notification of the tool's."""
    notifications = [
        {"level": "error", "message": _message(f"the check {outcome.check!r} did not run: {outcome.reason or ''}")}
        for outcome in verdict.outcomes
        if outcome.status is Status.SKIPPED
    ]
    if (error := verdict.error) is not None:
        notifications.append({"level": "error", "message": _message(f"{error.message} Next: {error.remedy}")})
    notifications += [{"level": "note", "message": _message(notice)} for notice in verdict.notices]
    return {
        "executionSuccessful": verdict.result is not Result.UNDECIDED,
        "exitCode": verdict.exit_status,
        "toolExecutionNotifications": notifications,
        "properties": {"result": verdict.result.value, "enforced": verdict.enforced},
    }


def _results(verdicts: Sequence[Verdict], rules: Sequence[str]) -> Iterator[Part]:
    seen: Counter[str] = Counter()
    for verdict in verdicts:
        for judged in verdict.findings():
            fingerprint = _fingerprint(judged, verdict.subject)
            seen[fingerprint] += 1
            result = _result(judged, verdict.subject, rules)
            yield result | {"partialFingerprints": {FINGERPRINT: f"{fingerprint}:{seen[fingerprint]}"}}


def _result(judged: Judged, subject: Subject, rules: Sequence[str]) -> Part:
    finding = judged.finding
    text = finding.message
    if finding.expected is not None:
        text += f"; found {finding.found or 'nothing'}, expected {finding.expected}"
    result: Part = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS.get(judged.effect, _SEVERITIES[finding.severity]),
        "message": _message(f"{text}. {finding.remedy}" if finding.remedy else text),
        "locations": _locations(finding.location, subject),
        "properties": {"effect": judged.effect.value, "movedByPolicy": judged.moved_by_policy},
    }
    if judged.effect in _SUPPRESSED:
        result["suppressions"] = [{"kind": "external", "justification": _SUPPRESSED[judged.effect]}]
    return result


def _message(text: str) -> Part:
    return {"text": sarif_text(text), "markdown": markdown(text)}


def _locations(place: Location, subject: Subject) -> list[Part]:
    """Give the one location: a file with a region of it, and what in it, or of what model, is meant."""
    logical = [
        {"fullyQualifiedName": sarif_text(name), "kind": kind}
        for name, kind in ((subject.reference, "package"), (place.member, "resource"), (place.global_name, "function"))
        if name
    ]
    location: Part = {"logicalLocations": logical} if logical else {}
    path = place.path or subject.path
    if path is not None:
        physical: Part = {"artifactLocation": {"uri": uri(path)}}
        if region := _region(place):
            physical["region"] = region
        location["physicalLocation"] = physical
    return [location] if location else []


def _region(place: Location) -> Part:
    """Give a region of text by its line, else one of bytes by its offset."""
    if place.line is not None:
        return {"startLine": place.line} | ({"startColumn": place.column} if place.column is not None else {})
    return {"byteOffset": place.offset} if place.offset is not None else {}


def _fingerprint(judged: Judged, subject: Subject) -> str:
    finding, place = judged.finding, judged.finding.location
    parts = (finding.rule, subject.reference, place.path, place.member, place.global_name, finding.message)
    raw = json.dumps(parts, ensure_ascii=True).encode("ascii")
    return hashlib.sha256(raw).hexdigest()
