"""revoked-model: a revocation names the model, its commit, one of its files or its record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier.finding import Severity
from verifier.verdict import Result, Status

RULE = "revoked-model"


def test_a_model_that_nobody_revoked_passes(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("other", model="acme/other")
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert verdict.result is Result.PASSED
    assert Status.PASSED in {outcome.status for outcome in verdict.outcomes if outcome.check == "revocation"}


@pytest.mark.parametrize("keys", [{"model": MODEL}, {"revision": commit_of(MODEL)}])
def test_a_revoked_model_is_refused_with_the_reason(registry: FakeRegistry, model: Path, keys: dict[str, str]) -> None:
    registry.revoke("bad", reason="a backdoor was found", **keys)
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert verdict.exit_status == 3
    (judged,) = verdict.findings()
    assert judged.finding.rule == RULE
    assert judged.finding.severity is Severity.ERROR
    assert judged.finding.message == (f"{MODEL}@{commit_of(MODEL)} was revoked on 2026-11-20: a backdoor was found")
    assert "lifts" in judged.finding.remedy


def test_each_revocation_is_reported(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("one", model=MODEL, reason="one")
    registry.revoke("two", revision=commit_of(MODEL), reason="two")
    assert len(list(registry.verify(MODEL, model).findings())) == 2


def test_a_revoked_model_is_refused_whatever_the_files_are(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("bad", model=MODEL)
    (model / "config.json").write_text("{}")
    assert RULE in rules_of(registry.verify(MODEL, model))
