"""expired-approval: the approval's time, or the registry's for baselines, is over."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of, rules_of
from verifier.finding import Severity
from verifier.registry.documents import TrustRules
from verifier.verdict import Result

RULE = "expired-approval"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "rules"), [(SECOND, set()), (timedelta(0), {RULE}), (-SECOND, {RULE}), (-DAY, {RULE})]
)
def test_an_approval_counts_until_its_end(
    registry: FakeRegistry, model: Path, left: timedelta, rules: set[str]
) -> None:
    registry.approve(MODEL, model, valid_until=NOW + left)
    registry.publish()
    assert rules_of(registry.verify(MODEL, model)) == rules


def test_it_is_said_when_the_approval_ended(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, valid_until=NOW - DAY)
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert verdict.exit_status == 3
    (judged,) = verdict.findings()
    assert judged.finding.severity is Severity.ERROR
    assert judged.finding.message == (f"the approval of {MODEL}@{commit_of(MODEL)} ended on 2026-11-19T10:00:00Z")


def test_a_baselines_end_is_the_registrys(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(rules=TrustRules(baseline_until=NOW))
    registry.approve(MODEL, model, baseline=True, valid_until=NOW + 60 * DAY)
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert rules_of(verdict) == {RULE}
    (judged,) = verdict.findings()
    assert judged.finding.message.startswith("the baseline of ")


@pytest.mark.parametrize(("days", "said"), [(29, True), (31, False)])
def test_people_are_told_a_month_before(registry: FakeRegistry, model: Path, days: int, said: bool) -> None:
    registry.approve(MODEL, model, valid_until=NOW + days * DAY)
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert verdict.result is Result.PASSED
    assert any("the approval ends on" in notice for notice in verdict.notices) is said
