"""The head: signed by the `publish` role, of this registry and its last trust file, fresh, and not an older one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, PEOPLE, FakeRegistry, commit_of
from verifier.errors import UndecidedError
from verifier.registry.documents import RoleRule, TrustRules
from verifier.registry.records import record_path
from verifier.verdict import Result

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
RECORD = record_path(MODEL, commit_of(MODEL))


def refusal(registry: FakeRegistry, **options: Any) -> UndecidedError:
    """Open the registry, which must not succeed."""
    with pytest.raises(UndecidedError) as caught:
        registry.open(**options)
    return caught.value


def test_no_model_is_judged_without_a_head(registry: FakeRegistry, model: Path) -> None:
    (registry.root / "head.json").unlink()
    with pytest.raises(UndecidedError, match=r"no head\.json"):
        registry.verify(MODEL, model)


# Who signed it.


@pytest.mark.parametrize("signers", [(), ("alice", "bob", "carol"), ("mallory",)])
def test_a_head_needs_the_publishers_signature(registry: FakeRegistry, signers: tuple[str, ...]) -> None:
    (registry.root / "head.sigs/ci.sigstore.json").unlink()
    registry.publish(signers=signers)
    error = refusal(registry)
    assert error.code == "head-invalid"
    assert "0 of 1 valid signatures" in error.message


def test_a_persons_signature_under_the_publishers_name_does_not_count(registry: FakeRegistry) -> None:
    data = (registry.root / "head.json").read_bytes()
    registry.put_bundle("head.json", "ci", registry.sign(data, "alice"))
    assert "ci's signature does not count" in refusal(registry).message


def test_the_last_heads_signature_is_none_of_this_one(registry: FakeRegistry) -> None:
    registry.publish(signers=())
    assert "ci's signature does not count" in refusal(registry).message


@pytest.mark.parametrize("damage", [b" ", b"\n"])
def test_one_more_byte_breaks_the_head(registry: FakeRegistry, damage: bytes) -> None:
    path = registry.root / "head.json"
    path.write_bytes(path.read_bytes() + damage)
    assert "not signed as it must be" in refusal(registry).message


def test_two_publishers_are_two(registry: FakeRegistry) -> None:
    publishers = RoleRule(threshold=2, principals=("ci", "alice"))
    registry.change_trust(roles=registry.trust.roles | {"publish": publishers})
    registry.publish()
    assert "1 of 2 valid signatures" in refusal(registry).message
    registry.publish(signers=("ci", "alice"))
    registry.open()


def test_a_publisher_whose_time_was_over_does_not_count(registry: FakeRegistry) -> None:
    over = (registry.signer("ci", not_after=NOW - SECOND),)
    registry.change_trust(principals=registry.trust.principals | {"ci": over})
    registry.publish()
    assert "when the signer's time was over" in refusal(registry).message


# What it is.


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}",
        b"null",
        b"[]",
        b"not JSON",
        b"\xff\xfe",
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b"1" * 10_000,
        b"{" + b" " * 1_000_000 + b"}",
    ],
    ids=range(12),
)
def test_signed_bytes_that_are_no_head_are_refused(registry: FakeRegistry, content: bytes) -> None:
    registry.put("head.json", content, ("ci",))
    assert refusal(registry).code == "head-invalid"


def test_unsigned_bytes_are_not_parsed(registry: FakeRegistry) -> None:
    registry.put("head.json", b"[" * 100_000)
    assert "not signed as it must be" in refusal(registry).message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"version": 1', b'"version": 1, "version": 2'),
        (b'"version": 1', b'"version": 1, "comment": "hello"'),
        (b'"version": 1', b'"version": "1"'),
        (b'"version": 1', b'"version": 1.0'),
        (b'"version": 1', b'"version": true'),
        (b'"version": 1', b'"version": NaN'),
        (b'"version": 1', b'"version": 1e999'),
        (b'"version": 1', b'"version": 0'),
        (b'"version": 1', b'"version": -1'),
        (b"model-verifier/head/v1", b"model-verifier/head/v2"),
        (b'"registry": "acme"', b'"registry": "ACME"'),
    ],
)
def test_a_signed_head_with_an_odd_field_is_refused(registry: FakeRegistry, before: bytes, after: bytes) -> None:
    data = (registry.root / "head.json").read_bytes()
    assert before in data
    registry.put("head.json", data.replace(before, after), ("ci",))
    assert refusal(registry).code == "head-invalid"


@pytest.mark.parametrize("path", [RECORD, "trust/1.json"])
def test_another_document_is_no_head_even_if_the_publisher_signed_it(registry: FakeRegistry, path: str) -> None:
    registry.put("head.json", (registry.root / path).read_bytes(), ("ci",))
    assert refusal(registry).code == "head-invalid"


def test_the_head_of_another_registry_of_the_same_people_is_refused(registry: FakeRegistry, tmp_path: Path) -> None:
    other = FakeRegistry(tmp_path / "staging", name="acme-staging", sigstore=registry.sigstore)
    other.publish()
    for path in ("head.json", "head.sigs/ci.sigstore.json"):
        registry.put(path, (other.root / path).read_bytes())
    assert "of another registry, 'acme-staging' instead of 'acme'" in refusal(registry).message


@pytest.mark.parametrize("version", [1, 3])
def test_the_head_must_be_of_the_last_trust_file(registry: FakeRegistry, version: int) -> None:
    registry.next_trust()
    registry.publish(trust_version=version)
    assert f"made under trust file {version}; the chain of trust files here ends at 2" in refusal(registry).message


def test_a_record_that_the_head_does_not_list_is_not_approved(registry: FakeRegistry, model: Path) -> None:
    registry.approve("acme/second", model)
    assert registry.verify("acme/second", model).result is Result.FAILED


# Its time.


@pytest.mark.parametrize(("left", "good"), [(SECOND, True), (timedelta(0), False), (-SECOND, False), (-DAY, False)])
def test_a_head_counts_until_it_expires(registry: FakeRegistry, left: timedelta, good: bool) -> None:
    now = registry.publish().expires - left
    if good:
        registry.open(now=now)
    else:
        error = refusal(registry, now=now)
        assert error.code == "head-stale"
        assert "expired on 2026-12-04T10:00:00Z" in error.message


@pytest.mark.parametrize(("ahead", "good"), [(5 * 60, True), (5 * 60 + 1, False), (86_400, False)])
def test_a_head_from_the_future_is_refused(registry: FakeRegistry, ahead: int, good: bool) -> None:
    now = NOW - timedelta(seconds=ahead)
    if good:
        registry.open(now=now)
    else:
        error = refusal(registry, now=now)
        assert error.code == "head-stale"
        assert "this machine's clock says" in error.message


@pytest.mark.parametrize("year", [1970, 2000, 2025, 2028, 2100, 9999])
def test_a_clock_that_is_far_off_gives_no_verdict(registry: FakeRegistry, year: int) -> None:
    error = refusal(registry, now=datetime(year, 1, 1, tzinfo=NOW.tzinfo))
    assert error.code in ("head-stale", "trust-expired")
    assert "clock" in error.remedy


@pytest.mark.parametrize(("more", "good"), [(timedelta(0), True), (SECOND, False)])
def test_a_head_may_not_live_longer_than_the_trust_file_allows(
    registry: FakeRegistry, more: timedelta, good: bool
) -> None:
    registry.change_trust(rules=TrustRules(max_head_days=7))
    registry.publish(expires=NOW + 7 * DAY + more)
    if good:
        registry.open()
    else:
        assert "longer than the 7 days" in refusal(registry).message


def test_a_long_head_does_not_become_good_towards_its_end(registry: FakeRegistry) -> None:
    registry.publish(expires=NOW + 40 * DAY)
    assert "longer than the 14 days" in refusal(registry, now=NOW + 39 * DAY).message


@pytest.mark.parametrize(("later", "notices"), [(timedelta(0), 0), (7 * DAY, 0), (7 * DAY + SECOND, 1), (13 * DAY, 1)])
def test_a_head_is_warned_about_from_half_its_life(registry: FakeRegistry, later: timedelta, notices: int) -> None:
    assert len(list(registry.open(now=NOW + later).notices)) == notices


def test_a_verdict_carries_the_warning(registry: FakeRegistry, model: Path) -> None:
    verdict = registry.verify(MODEL, model, now=NOW + 8 * DAY)
    assert verdict.result is Result.PASSED
    assert any("half its life" in notice and "2026-12-04T10:00:00Z" in notice for notice in verdict.notices)


# Its version.


@pytest.mark.parametrize(("floor", "good"), [(0, True), (2, True), (3, False), (2**40, False)])
def test_a_head_below_the_trust_files_floor_is_refused(registry: FakeRegistry, floor: int, good: bool) -> None:
    registry.next_trust(floor=floor)
    registry.publish()
    if good:
        registry.open()
    else:
        error = refusal(registry)
        assert error.code == "head-stale"
        assert f"version 2; at least {floor} is known to exist" in error.message


@pytest.mark.parametrize(("lowest", "good"), [(0, True), (1, True), (2, False)])
def test_a_head_below_the_policys_lowest_version_is_refused(
    registry: FakeRegistry, model: Path, lowest: int, good: bool
) -> None:
    policy = registry.policy(min_version=lowest)
    if good:
        assert registry.verify(MODEL, model, policy=policy).result is Result.PASSED
    else:
        with pytest.raises(UndecidedError, match="at least 2 is known to exist") as caught:
            registry.verify(MODEL, model, policy=policy)
        assert caught.value.code == "head-stale"


def test_the_floor_holds_where_the_policy_asks_for_less(registry: FakeRegistry) -> None:
    registry.next_trust(floor=9)
    registry.publish()
    assert "at least 9" in refusal(registry, min_version=1).message


def test_everything_is_undecided_and_nothing_failed(registry: FakeRegistry, model: Path) -> None:
    """Blame: that the registry is stale says nothing about the model, not even about one that nobody approved."""
    for reference in (MODEL, "evil/model"):
        with pytest.raises(UndecidedError):
            registry.verify(reference, model, now=NOW + 20 * DAY)


def test_publishers_threshold_is_not_met_by_the_people(registry: FakeRegistry) -> None:
    """Those who approve are not those who publish."""
    data = (registry.root / "head.json").read_bytes()
    (registry.root / "head.sigs/ci.sigstore.json").unlink()
    for person in PEOPLE:
        registry.put_bundle("head.json", person, registry.sign(data, person))
    assert "0 of 1" in refusal(registry).message
