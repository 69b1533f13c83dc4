"""Waivers: one content rule for one exact path, dated, in a signed record, and never for what must be as approved."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of, rules_of
from verifier.document import DocumentError, parse
from verifier.finding import Finding, Location, Severity
from verifier.policy import WaiverGrant
from verifier.registry.documents import Approval, TrustRules, Waiver
from verifier.registry.records import record_path
from verifier.rules import RULES
from verifier.verdict import Effect, Result, Verdict

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
WEIGHTS, CODE = "pytorch_model.bin", "modeling_tiny.py"
RECORD = record_path(MODEL, commit_of(MODEL))
CONTENT_RULES = sorted(rule.id for rule in RULES.values() if rule.content)
OTHER_RULES = sorted(rule.id for rule in RULES.values() if not rule.content)


@pytest.fixture(autouse=True)
def _pickle_and_code(model: Path) -> None:
    (model / WEIGHTS).write_bytes(pickle.dumps({"weight": 1.0}, protocol=4))
    (model / CODE).write_text("print('this would run')\n")


def waiver(rule: str = "pickle", path: str = WEIGHTS, expires: datetime = NOW + 30 * DAY) -> Waiver:
    return Waiver(rule=rule, path=path, reason="reviewed by hand", expires=expires)


def judge(registry: FakeRegistry, model: Path, *waivers: Waiver, now: datetime = NOW) -> Verdict:
    """Approve the model with these waivers and verify it."""
    registry.approve(MODEL, model, waivers=waivers)
    registry.publish(issued=now, expires=now + DAY)
    return registry.verify(MODEL, model, now=now)


def denied(verdict: Verdict) -> set[tuple[str, str | None]]:
    """Give rule and path of what denies."""
    return {(item.finding.rule, item.finding.location.path) for item in verdict.findings(Effect.DENY)}


BOTH = {("pickle", WEIGHTS), ("remote-code", CODE)}


def test_an_approved_file_is_not_waived_by_being_listed(registry: FakeRegistry, model: Path) -> None:
    assert denied(judge(registry, model)) == BOTH


def test_two_waivers_excuse_two_files(registry: FakeRegistry, model: Path) -> None:
    verdict = judge(registry, model, waiver(), waiver("remote-code", CODE))
    assert verdict.result is Result.PASSED
    assert {(item.rule, item.path, item.used) for item in verdict.waivers} == {
        ("pickle", WEIGHTS, True),
        ("remote-code", CODE, True),
    }


def test_a_waiver_is_for_its_rule_and_path_only(registry: FakeRegistry, model: Path) -> None:
    assert denied(judge(registry, model, waiver())) == {("remote-code", CODE)}


@pytest.mark.parametrize("path", ["config.json", CODE])
def test_a_waiver_of_another_file_excuses_nothing(registry: FakeRegistry, model: Path, path: str) -> None:
    verdict = judge(registry, model, waiver(path=path))
    assert denied(verdict) == BOTH
    assert [item.used for item in verdict.waivers] == [False]


def test_a_waiver_of_another_rule_excuses_nothing(registry: FakeRegistry, model: Path) -> None:
    assert denied(judge(registry, model, waiver("remote-code", WEIGHTS))) == BOTH


@pytest.mark.parametrize("path", ["*.bin", "*", "pytorch_model.*", "PYTORCH_MODEL.bin", "./pytorch_model.bin", "", "."])
def test_a_waivers_path_is_one_of_the_approved_files_exactly(registry: FakeRegistry, model: Path, path: str) -> None:
    judge(registry, model, waiver())
    data = (registry.root / RECORD).read_bytes()
    before = f'"path": "{WEIGHTS}"'.encode()
    assert before in data
    with pytest.raises(DocumentError, match=r"waive|path"):
        parse(data.replace(before, f'"path": "{path}"'.encode()), Approval)


@pytest.mark.parametrize("rule", OTHER_RULES)
def test_only_content_rules_can_be_waived(registry: FakeRegistry, model: Path, rule: str) -> None:
    registry.approve(MODEL, model, waivers=(waiver(),))
    data = (registry.root / RECORD).read_bytes().replace(b'"rule": "pickle"', f'"rule": "{rule}"'.encode())
    registry.put(RECORD, data, ("alice", "bob"))
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert rules_of(verdict) == {"unapproved-model"}
    (judged,) = verdict.findings()
    assert f"the rule '{rule}' can't be waived" in judged.finding.message


@pytest.mark.parametrize("rule", OTHER_RULES)
def test_a_policy_lets_no_waiver_excuse_another_rule(registry: FakeRegistry, rule: str) -> None:
    """The second lock on the same door: such a waiver is refused when the record is read."""
    finding = Finding(rule, Severity.ERROR, "found", location=Location(WEIGHTS))
    outcome, used = registry.policy().judge("a check", [finding], [WaiverGrant(rule, WEIGHTS)])
    assert [judged.effect for judged in outcome.findings] == [Effect.DENY]
    assert not used


@pytest.mark.parametrize("rule", CONTENT_RULES)
def test_each_content_rule_can_be_waived(registry: FakeRegistry, model: Path, rule: str) -> None:
    assert "unapproved-model" not in rules_of(judge(registry, model, waiver(rule)))


@pytest.mark.parametrize("rule", ["", "*", "Pickle", "no such rule", "unlisted_file"])
def test_a_waiver_names_a_rule(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        waiver(rule)


def test_code_of_another_repository_can_not_be_waived(registry: FakeRegistry, model: Path) -> None:
    config = json.loads((model / "config.json").read_bytes())
    config["auto_map"] = {"AutoModel": "evil/other--modeling.Model"}
    (model / "config.json").write_text(json.dumps(config))
    waivers = (waiver(), waiver("remote-code", CODE), waiver("remote-code", "config.json"))
    assert denied(judge(registry, model, *waivers)) == {("remote-code", "config.json")}


# Its time.


@pytest.mark.parametrize(("left", "good"), [(SECOND, True), (timedelta(0), False), (-SECOND, False)])
def test_a_waiver_counts_until_it_expires(registry: FakeRegistry, model: Path, left: timedelta, good: bool) -> None:
    verdict = judge(registry, model, waiver(expires=NOW + DAY), waiver("remote-code", CODE), now=NOW + DAY - left)
    assert denied(verdict) == (set() if good else {("pickle", WEIGHTS)})


@pytest.mark.parametrize(("more", "good"), [(timedelta(0), True), (SECOND, False), (2_000 * DAY, False)])
def test_a_waiver_may_not_last_longer_than_the_trust_file_allows(
    registry: FakeRegistry, model: Path, more: timedelta, good: bool
) -> None:
    registry.change_trust(rules=TrustRules(max_waiver_days=60))
    until: dict[str, Any] = {"expires": NOW + 60 * DAY + more}
    verdict = judge(registry, model, waiver(**until), waiver("remote-code", CODE))
    if good:
        assert verdict.result is Result.PASSED
    else:
        assert rules_of(verdict) == {"unapproved-model"}
        (judged,) = verdict.findings()
        assert "waives 'pickle' for longer than the 60 days" in judged.finding.message


@pytest.mark.parametrize(("days", "tense"), [(13, "ends on 2026-12-03"), (30, None), (-1, "ended on 2026-11-19")])
def test_people_are_told_when_a_waiver_ends(registry: FakeRegistry, model: Path, days: int, tense: str | None) -> None:
    notices = judge(registry, model, waiver(expires=NOW + days * DAY)).notices
    assert [tense in notice for notice in notices] == [True] if tense else notices == ()


def test_a_waiver_in_an_unapproved_record_excuses_nothing(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, signers=("alice",), waivers=(waiver(), waiver("remote-code", CODE)))
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert verdict.result is Result.FAILED
    assert verdict.waivers == ()
