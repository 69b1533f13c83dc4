"""The trust chain: from one pinned digest to the people who may sign, against somebody who can write the registry."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, PEOPLE, FakeRegistry
from verifier.digest import Digest
from verifier.errors import UndecidedError, UsageError
from verifier.registry.documents import RoleRule
from verifier.verdict import Result

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
OTHER = "acme/other"
NEWCOMERS = ("dan", "erin", "frank")


def refusal(registry: FakeRegistry, **options: Any) -> UndecidedError:
    """Open the registry, which must not succeed."""
    with pytest.raises(UndecidedError) as caught:
        registry.open(**options)
    return caught.value


def handed_over(registry: FakeRegistry) -> dict[str, Any]:
    """Give the changes of a trust file that puts newcomers in everybody's place."""
    return {
        "principals": {name: (registry.signer(name),) for name in (*NEWCOMERS, "ci")},
        "roles": registry.trust.roles
        | {
            "trust": RoleRule(threshold=2, principals=NEWCOMERS),
            "approve": RoleRule(threshold=2, principals=NEWCOMERS),
            "revoke": RoleRule(threshold=1, principals=NEWCOMERS),
        },
    }


# The pin.


def test_a_registry_opens_from_its_pinned_trust_file(registry: FakeRegistry) -> None:
    assert registry.open().trust == registry.trust


def test_another_digest_is_not_followed(registry: FakeRegistry) -> None:
    registry.trust_digest = Digest.of(b"another trust file")
    assert refusal(registry).code == "trust-mismatch"


def test_without_a_pin_nothing_is_believed(registry: FakeRegistry, model: Path) -> None:
    """The registry never says itself who may sign it."""
    with pytest.raises(UsageError, match="pins no trust file"):
        registry.verify(MODEL, model, policy=registry.policy(trust_digest=None))


@pytest.mark.parametrize("demonstration", [False, True])
def test_a_verdict_says_whether_the_registry_is_a_demonstration(
    registry: FakeRegistry, model: Path, demonstration: bool
) -> None:
    registry.change_trust(demonstration=demonstration)
    verdict = registry.verify(MODEL, model)
    assert verdict.registry
    assert verdict.registry.demonstration is demonstration


@pytest.mark.parametrize("damage", [b" ", b"\n", b"\x00"])
def test_one_more_byte_in_the_pinned_file_is_refused(registry: FakeRegistry, damage: bytes) -> None:
    path = registry.root / "trust/1.json"
    path.write_bytes(path.read_bytes() + damage)
    assert refusal(registry).code == "trust-mismatch"


@pytest.mark.parametrize("path", ["trust/1.json", "trust"])
def test_a_missing_trust_file_is_refused(registry: FakeRegistry, path: str) -> None:
    (registry.root / path).rename(registry.root / "elsewhere")
    assert refusal(registry).code == "trust-mismatch"


def test_a_trust_file_that_somebody_else_wrote_is_not_followed(registry: FakeRegistry, tmp_path: Path) -> None:
    other = FakeRegistry(tmp_path / "other", domain="evil.test")
    for path in ("trust/1.json", f"roots/{other.root_digest}.json"):
        registry.put(path, (other.root / path).read_bytes())
    assert refusal(registry).code == "trust-mismatch"


def test_the_pin_may_be_a_later_trust_file(registry: FakeRegistry, model: Path) -> None:
    registry.next_trust()
    registry.publish()
    registry.trust_digest = Digest.of((registry.root / "trust/2.json").read_bytes())
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_nothing_before_the_pinned_trust_file_is_believed(registry: FakeRegistry, model: Path) -> None:
    registry.next_trust()
    registry.publish()
    registry.trust_digest = Digest.of((registry.root / "trust/2.json").read_bytes())
    registry.put("trust/1.json", b"not even JSON")
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_the_pinned_file_under_another_number_is_refused(registry: FakeRegistry) -> None:
    registry.next_trust()
    moved = (registry.root / "trust/2.json").rename(registry.root / "trust/1.json")
    registry.trust_digest = Digest.of(moved.read_bytes())
    assert "says that it is version 2" in refusal(registry).message


# The next trust file.


def test_a_chain_of_three_is_followed(registry: FakeRegistry, model: Path) -> None:
    registry.next_trust()
    registry.next_trust(signers=("bob", "carol"))
    registry.publish()
    assert registry.open().trust.version == 3
    assert registry.verify(MODEL, model).result is Result.PASSED


@pytest.mark.parametrize("signers", [(), ("alice",), ("alice", "ci"), ("alice", "mallory")])
def test_a_next_trust_file_needs_the_threshold(registry: FakeRegistry, signers: tuple[str, ...]) -> None:
    registry.next_trust(signers=signers)
    assert "not signed by those whom trust file 1 asks for" in refusal(registry).message


def test_one_person_under_two_names_is_one_person(registry: FakeRegistry) -> None:
    registry.next_trust(signers=("alice",))
    data = (registry.root / "trust/2.json").read_bytes()
    registry.put_bundle("trust/2.json", "bob", registry.sign(data, "alice"))
    assert "1 of 2 valid signatures" in refusal(registry).message


def test_newcomers_can_not_appoint_themselves(registry: FakeRegistry) -> None:
    registry.next_trust(signers=NEWCOMERS, **handed_over(registry))
    assert "not signed by those whom trust file 1 asks for" in refusal(registry).message


def test_the_old_can_not_appoint_people_who_did_not_sign(registry: FakeRegistry) -> None:
    registry.next_trust(signers=PEOPLE, **handed_over(registry))
    assert "not signed by those whom it asks for itself" in refusal(registry).message


def test_old_and_new_together_hand_over(registry: FakeRegistry, model: Path) -> None:
    registry.next_trust(signers=("alice", "bob", "dan", "erin"), **handed_over(registry))
    registry.approve(MODEL, model, signers=("dan", "erin"))
    registry.publish()
    assert registry.verify(MODEL, model).registry.approved_by == ("dan", "erin")  # type: ignore[union-attr]


def test_those_who_left_do_not_count_any_more(registry: FakeRegistry, model: Path) -> None:
    registry.next_trust(signers=("alice", "bob", "dan", "erin"), **handed_over(registry))
    registry.publish()
    assert registry.verify(MODEL, model).result is Result.FAILED


def test_the_next_file_counts_by_its_own_higher_threshold(registry: FakeRegistry) -> None:
    roles = registry.trust.roles | {"trust": RoleRule(threshold=3, principals=PEOPLE)}
    registry.next_trust(signers=("alice", "bob"), roles=roles)
    assert "2 of 3 valid signatures" in refusal(registry).message


def test_the_next_file_counts_by_the_old_higher_threshold(registry: FakeRegistry) -> None:
    roles = registry.trust.roles | {"trust": RoleRule(threshold=1, principals=PEOPLE)}
    registry.next_trust(signers=("alice",), roles=roles)
    assert "1 of 2 valid signatures" in refusal(registry).message


def test_a_hidden_next_trust_file_is_noticed(registry: FakeRegistry) -> None:
    registry.next_trust()
    registry.publish()
    (registry.root / "trust/2.json").unlink()
    error = refusal(registry)
    assert error.code == "head-invalid"
    assert "made under trust file 2; the chain of trust files here ends at 1" in error.message


def test_a_file_missing_in_the_middle_ends_the_chain(registry: FakeRegistry) -> None:
    registry.next_trust()
    registry.next_trust()
    registry.publish()
    (registry.root / "trust/2.json").unlink()
    assert "ends at 1" in refusal(registry).message


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", b"\xff"])
def test_an_extra_unsigned_trust_file_is_not_passed_over(registry: FakeRegistry, content: bytes) -> None:
    registry.put("trust/2.json", content)
    assert "not signed by those whom trust file 1 asks for" in refusal(registry).message


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"not JSON", b"\xff", b"[" * 100_000])
def test_a_signed_next_trust_file_that_is_none_is_refused(registry: FakeRegistry, content: bytes) -> None:
    registry.put("trust/2.json", content, ("alice", "bob"))
    assert refusal(registry).code == "trust-invalid"


def test_a_trust_file_that_the_head_does_not_know_yet_is_refused(registry: FakeRegistry) -> None:
    registry.next_trust()
    assert "made under trust file 1; the chain of trust files here ends at 2" in refusal(registry).message


@pytest.mark.parametrize("version", [1, 3])
def test_a_next_trust_file_of_another_version_is_refused(registry: FakeRegistry, version: int) -> None:
    trust = registry.trust.model_copy(update={"version": version})
    registry.put("trust/2.json", trust, ("alice", "bob"))
    assert f"says that it is version {version}" in refusal(registry).message


def test_another_registrys_next_trust_file_is_refused(registry: FakeRegistry) -> None:
    registry.next_trust(registry="acme-staging")
    assert "of another registry, 'acme-staging'" in refusal(registry).message


# Its time.


@pytest.mark.parametrize(("left", "good"), [(SECOND, True), (timedelta(0), False), (-SECOND, False)])
def test_the_last_trust_file_must_be_unexpired(registry: FakeRegistry, left: timedelta, good: bool) -> None:
    registry.next_trust(expires=NOW + left)
    registry.publish()
    if good:
        registry.open()
    else:
        assert refusal(registry).code == "trust-expired"


def test_only_the_last_trust_file_must_be_unexpired(tmp_path: Path) -> None:
    registry = FakeRegistry(tmp_path / "registry", expires=NOW - DAY)
    registry.next_trust(expires=NOW - SECOND)
    registry.next_trust(expires=NOW + DAY)
    registry.publish()
    assert registry.open().trust.version == 3


def test_a_machine_whose_clock_is_years_ahead_is_told_so(registry: FakeRegistry) -> None:
    error = refusal(registry, now=NOW + 20 * 365 * DAY)
    assert error.code == "trust-expired"
    assert "clock" in error.remedy
