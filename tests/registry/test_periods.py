"""When an approval counts: its signers' time, the windows of their day, the registry's bounds, and baselines."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.registry import NOW, PEOPLE, FakeRegistry, rules_of
from tests.registry.test_approvals import RECORD, SECOND_MODEL, approve, judge, message_of
from verifier.registry.documents import TrustRules
from verifier.verdict import Result

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


# When they signed.


@pytest.mark.parametrize(
    ("period", "signed", "good"),
    [
        ({"not_after": NOW - 10 * DAY}, NOW - 10 * DAY - SECOND, True),
        ({"not_after": NOW - 10 * DAY}, NOW - 10 * DAY, True),
        ({"not_after": NOW - 10 * DAY}, NOW - 10 * DAY + SECOND, False),
        ({"not_after": NOW - 10 * DAY}, NOW, False),
        ({"not_before": NOW - 10 * DAY}, NOW - 10 * DAY - SECOND, False),
        ({"not_before": NOW - 10 * DAY}, NOW - 10 * DAY, True),
        ({"not_before": NOW - 10 * DAY}, NOW, True),
        ({"not_before": NOW + DAY}, NOW, False),
        ({"not_before": NOW - 3 * DAY, "not_after": NOW - 2 * DAY}, NOW - DAY, False),
    ],
)
def test_a_signature_counts_if_it_was_made_in_its_signers_time(
    registry: FakeRegistry, model: Path, period: dict[str, Any], signed: Any, good: bool
) -> None:
    """One that was made before `not_after` stays good, whatever day it is now."""
    registry.change_trust(principals=registry.trust.principals | {"bob": (registry.signer("bob", **period),)})
    data = approve(registry, model, "alice")
    registry.put_bundle(RECORD, "bob", registry.sign(data, "bob", at=signed))
    verdict = judge(registry, model)
    if good:
        assert verdict.result is Result.PASSED
    else:
        assert "bob's signature does not count: it was made" in message_of(verdict)


@pytest.mark.parametrize("part", ["ca", "tlog", "ctlog"])
@pytest.mark.parametrize(("signed", "good"), [(NOW - 6 * DAY, True), (NOW - 4 * DAY, False)])
def test_a_signature_is_judged_by_the_windows_of_its_own_day(
    tmp_path: Path, model: Path, part: str, signed: Any, good: bool
) -> None:
    """The old instance's window ended five days ago; today's head is signed under another root."""
    old = FakeRegistry(tmp_path / "old")
    windows: dict[str, Any] = {f"{part}_until": NOW - 5 * DAY}
    registry = FakeRegistry(
        tmp_path / "registry", sigstore=old.sigstore, trusted_root=old.sigstore.trusted_root(**windows)
    )
    registry.put(f"roots/{old.root_digest}.json", old.trusted_root)
    registry.change_trust(
        trusted_roots=(registry.root_digest, old.root_digest),
        principals=registry.trust.principals | {"ci": (registry.signer("ci", root=old.root_digest),)},
    )
    registry.approve(SECOND_MODEL, model, signers=())
    data = (registry.root / RECORD).read_bytes()
    for person in ("alice", "bob"):
        registry.put_bundle(RECORD, person, registry.sign(data, person, at=signed))
    registry.publish()
    assert (judge(registry, model).result is Result.PASSED) is good


# How long they last.


@pytest.mark.parametrize(("more", "good"), [(timedelta(0), True), (SECOND, False), (3_000 * DAY, False)])
def test_an_approval_may_not_last_longer_than_the_trust_file_allows(
    registry: FakeRegistry, model: Path, more: timedelta, good: bool
) -> None:
    registry.change_trust(rules=TrustRules(max_approval_days=100))
    approve(registry, model, "alice", "bob", valid_until=NOW + 100 * DAY + more)
    verdict = judge(registry, model)
    if good:
        assert verdict.result is Result.PASSED
    else:
        assert "longer than the 100 days" in message_of(verdict)


def test_a_late_second_signature_makes_no_approval_last_longer(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(rules=TrustRules(max_approval_days=100))
    data = approve(registry, model, "bob", valid_until=NOW + 50 * DAY)
    registry.put_bundle(RECORD, "alice", registry.sign(data, "alice", at=NOW - 60 * DAY))
    assert "longer than the 100 days" in message_of(judge(registry, model))


def test_a_long_approval_does_not_become_good_by_waiting(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(rules=TrustRules(max_approval_days=100))
    approve(registry, model, "alice", "bob", valid_until=NOW + 105 * DAY)
    assert "longer than the 100 days" in message_of(judge(registry, model, now=NOW + 10 * DAY))


# Baselines: what was in use already, with one signature, until a day.


@pytest.mark.parametrize(("later", "rules"), [(timedelta(0), set()), (20 * DAY, {"expired-approval"})])
def test_a_baseline_needs_one_signature_and_ends_for_all(
    registry: FakeRegistry, model: Path, later: timedelta, rules: set[str]
) -> None:
    registry.change_trust(rules=TrustRules(baseline_until=NOW + 20 * DAY))
    registry.now = NOW + later
    approve(registry, model, "alice", baseline=True, valid_until=NOW + 90 * DAY)
    verdict = judge(registry, model)
    assert rules_of(verdict) == rules
    assert any("BASELINE, NOT REVIEWED" in notice for notice in verdict.notices)


@pytest.mark.parametrize(("days", "good"), [(90, True), (91, False)])
def test_no_baseline_lasts_longer_than_ninety_days(registry: FakeRegistry, model: Path, days: int, good: bool) -> None:
    registry.change_trust(rules=TrustRules(baseline_until=NOW + 200 * DAY))
    approve(registry, model, "alice", baseline=True, valid_until=NOW + days * DAY)
    verdict = judge(registry, model)
    assert (verdict.result is Result.PASSED) == good
    assert good or "longer than 90 days" in message_of(verdict)


def test_a_baseline_ends_with_its_own_time_too(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(rules=TrustRules(baseline_until=NOW + 20 * DAY))
    approve(registry, model, "alice", baseline=True, valid_until=NOW + 5 * DAY)
    assert rules_of(judge(registry, model, now=NOW + 5 * DAY)) == {"expired-approval"}


@pytest.mark.parametrize("signers", [("alice",), PEOPLE])
def test_where_the_trust_file_allows_none_a_baseline_is_refused(
    registry: FakeRegistry, model: Path, signers: tuple[str, ...]
) -> None:
    approve(registry, model, *signers, baseline=True)
    assert "the trust file allows none" in message_of(judge(registry, model))


@pytest.mark.parametrize("signers", [(), ("mallory",), ("ci",)])
def test_an_unsigned_baseline_is_refused(registry: FakeRegistry, model: Path, signers: tuple[str, ...]) -> None:
    registry.change_trust(rules=TrustRules(baseline_until=NOW + 20 * DAY))
    approve(registry, model, *signers, baseline=True)
    assert "0 of 1 valid signatures" in message_of(judge(registry, model))


def test_who_asked_for_a_baseline_does_not_approve_it(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(rules=TrustRules(baseline_until=NOW + 20 * DAY))
    approve(registry, model, "alice", baseline=True, requested_by="alice")
    assert "0 of 1 valid signatures" in message_of(judge(registry, model))
