"""unpinned-revision: a branch, a tag or a short commit was named, and no lock pins it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier.registry.records import record_path
from verifier.verdict import Effect, Result

RULE = "unpinned-revision"
COMMIT = commit_of(MODEL)
MOVING = ["main", "v1.0", "refs/pr/1", COMMIT[:12], COMMIT[:39], f"{COMMIT}0"]


@pytest.mark.parametrize("reference", [MODEL, f"{MODEL}@{COMMIT}", f"{MODEL}@{COMMIT.upper()}"])
def test_a_whole_commit_and_no_revision_are_good(registry: FakeRegistry, model: Path, reference: str) -> None:
    verdict = registry.verify(reference, model)
    assert verdict.result is Result.PASSED
    assert not list(verdict.findings())


@pytest.mark.parametrize("revision", MOVING)
def test_what_can_move_is_warned_about(registry: FakeRegistry, model: Path, revision: str) -> None:
    verdict = registry.verify(f"{MODEL}@{revision}", model)
    assert verdict.result is Result.PASSED
    (judged,) = verdict.findings()
    assert judged.finding.rule == RULE
    assert judged.effect is Effect.WARN
    assert f"judged as {COMMIT}" in judged.finding.message
    assert judged.finding.remedy == f"Write {MODEL}@{COMMIT}."


@pytest.mark.parametrize("revision", MOVING)
def test_a_policy_can_refuse_it(registry: FakeRegistry, model: Path, revision: str) -> None:
    policy = registry.policy(rules={RULE: Effect.DENY})
    assert rules_of(registry.verify(f"{MODEL}@{revision}", model, policy=policy)) == {RULE}


def test_a_lock_pins_it(registry: FakeRegistry, model: Path, tmp_path: Path) -> None:
    record = json.loads((registry.root / record_path(MODEL, COMMIT)).read_bytes())
    entry = {"model": MODEL, "revision": COMMIT, "locked_at": "2026-11-01T00:00:00Z", "files": record["files"]}
    lock = tmp_path / "models.lock"
    lock.write_text(json.dumps({"schema": "model-verifier/lock/v1", "models": [entry]}))
    verdict = registry.verify(f"{MODEL}@main", model, lock=lock)
    assert verdict.result is Result.PASSED
    assert not list(verdict.findings())


def test_a_moving_name_of_an_unapproved_model_does_not_pass(registry: FakeRegistry, model: Path) -> None:
    assert rules_of(registry.verify("acme/other@main", model)) == {"unapproved-model"}


def test_a_short_commit_of_another_commit_is_not_approved(registry: FakeRegistry, model: Path) -> None:
    other = "0123456" if not commit_of(MODEL).startswith("0123456") else "7654321"
    assert rules_of(registry.verify(f"{MODEL}@{other}", model)) == {"unapproved-model"}
    assert rules_of(registry.verify(f"{MODEL}@{commit_of(MODEL)[:9]}", model)) == set()
