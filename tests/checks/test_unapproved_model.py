"""unapproved-model: neither an approval in the registry nor an entry in the lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier.digest import Digest
from verifier.errors import UsageError
from verifier.finding import Severity
from verifier.policy import Policy
from verifier.registry.records import record_path
from verifier.verdict import Result, Verdict
from verifier.verify import verify

RULE = "unapproved-model"
LOCK_ALONE = Policy(name="lockfile", digest=Digest.of(b"lockfile"), registry_source="none")


def test_an_approved_model_passes(registry: FakeRegistry, model: Path) -> None:
    verdict = registry.verify(MODEL, model)
    assert verdict.result is Result.PASSED
    assert verdict.exit_status == 0


@pytest.mark.parametrize("reference", ["acme/other", "evil/tiny", f"{MODEL}@{commit_of('other')}", "acme/TINY"])
def test_a_model_that_nobody_approved_is_refused(registry: FakeRegistry, model: Path, reference: str) -> None:
    verdict = registry.verify(reference, model)
    assert verdict.exit_status == 3
    assert rules_of(verdict) == {RULE}
    (judged,) = verdict.findings()
    assert judged.finding.severity is Severity.ERROR
    assert judged.finding.message == f"{reference} is not in the registry 'acme'"
    assert judged.finding.remedy


def test_a_record_short_of_approvals_is_refused_and_not_undecided(registry: FakeRegistry, model: Path) -> None:
    registry.approve("acme/second", model, signers=("alice",))
    registry.publish()
    verdict = registry.verify("acme/second", model)
    assert verdict.exit_status == 3
    assert rules_of(verdict) == {RULE}


def test_an_edited_record_is_refused(registry: FakeRegistry, model: Path) -> None:
    path = registry.root / record_path(MODEL, commit_of(MODEL))
    path.write_bytes(path.read_bytes() + b" ")
    assert rules_of(registry.verify(MODEL, model)) == {RULE}


def test_without_an_approval_the_files_are_not_looked_at(registry: FakeRegistry, model: Path) -> None:
    verdict = registry.verify("acme/other", model)
    assert "digests" in {outcome.check for outcome in verdict.outcomes if outcome.status == "skipped"}


@pytest.mark.parametrize("effect", ["warn", "ignore"])
def test_no_policy_lowers_it(tmp_path: Path, effect: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f'schema = "model-verifier/policy/v1"\nname = "lax"\n[rules]\nunapproved-model = "{effect}"\n')
    with pytest.raises(UsageError, match="always denies"):
        Policy.load(path)


# Under a lock alone.


@pytest.fixture
def lock(registry: FakeRegistry, tmp_path: Path) -> Path:
    """A lock of the demonstration model, at the commit at which it is approved."""
    record = json.loads((registry.root / record_path(MODEL, commit_of(MODEL))).read_bytes())
    entry = {"model": MODEL, "revision": commit_of(MODEL), "set": "default", "locked_at": "2026-11-01T00:00:00Z"}
    path = tmp_path / "models.lock"
    path.write_text(json.dumps({"schema": "model-verifier/lock/v1", "models": [entry | {"files": record["files"]}]}))
    return path


def by_lock(reference: str, model: Path, lock: Path) -> Verdict:
    return verify(reference, path=model, policy=LOCK_ALONE, lock=lock)


@pytest.mark.parametrize("reference", [MODEL, f"{MODEL}@{commit_of(MODEL)}"])
def test_a_locked_model_passes(model: Path, lock: Path, reference: str) -> None:
    assert by_lock(reference, model, lock).result is Result.PASSED


@pytest.mark.parametrize("reference", ["acme/other", f"{MODEL}@{commit_of('other')}", "acme/TINY"])
def test_a_model_that_is_not_locked_is_refused(model: Path, lock: Path, reference: str) -> None:
    assert rules_of(by_lock(reference, model, lock)) == {RULE}


def test_under_a_registry_a_lock_only_narrows(registry: FakeRegistry, model: Path, lock: Path) -> None:
    registry.approve("acme/second", model)
    registry.publish()
    assert registry.verify(MODEL, model, lock=lock).result is Result.PASSED
    assert rules_of(registry.verify("acme/second", model, lock=lock)) == {RULE}


def test_a_lock_of_other_bytes_than_the_approved_ones_is_refused(
    registry: FakeRegistry, model: Path, lock: Path
) -> None:
    document = json.loads(lock.read_bytes())
    document["models"][0]["files"]["config.json"]["sha256"] = "0" * 64
    lock.write_text(json.dumps(document))
    assert rules_of(registry.verify(MODEL, model, lock=lock)) == {RULE}
