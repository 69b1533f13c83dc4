"""Approvals: principals are counted, never bundles, keys or file names; a record is only what was asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import PEOPLE, FakeRegistry, commit_of, rules_of
from verifier.registry.documents import RoleRule
from verifier.registry.records import record_path
from verifier.verdict import Result, Verdict

SECOND_MODEL = "acme/second"
RECORD = record_path(SECOND_MODEL, commit_of(SECOND_MODEL))
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def approve(registry: FakeRegistry, model: Path, /, *signers: str, **changes: Any) -> bytes:
    """Write and publish a record of the second model, signed by `signers`; give its bytes."""
    registry.approve(SECOND_MODEL, model, signers=signers, **changes)
    registry.publish()
    return (registry.root / RECORD).read_bytes()


def judge(registry: FakeRegistry, model: Path, **options: Any) -> Verdict:
    return registry.verify(SECOND_MODEL, model, **options)


def message_of(verdict: Verdict) -> str:
    """Give the one message of a verdict that the model is unapproved."""
    assert verdict.result is Result.FAILED
    assert rules_of(verdict) == {"unapproved-model"}
    (judged,) = verdict.findings()
    return judged.finding.message


# Counting.


@pytest.mark.parametrize("signers", [("alice", "bob"), ("bob", "carol"), ("alice", "carol"), PEOPLE])
def test_any_two_of_the_three_approve(registry: FakeRegistry, model: Path, signers: tuple[str, ...]) -> None:
    approve(registry, model, *signers)
    verdict = judge(registry, model)
    assert verdict.result is Result.PASSED
    assert verdict.registry
    assert verdict.registry.approved_by == signers


@pytest.mark.parametrize(
    ("signers", "counted"),
    [((), 0), (("alice",), 1), (("alice", "ci"), 1), (("alice", "mallory"), 1), (("ci", "mallory", "dave"), 0)],
)
def test_fewer_are_too_few(registry: FakeRegistry, model: Path, signers: tuple[str, ...], counted: int) -> None:
    approve(registry, model, *signers)
    assert f"{counted} of 2 valid signatures" in message_of(judge(registry, model))


def test_a_bundle_under_another_principals_name_does_not_count(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, "bob")
    registry.put_bundle(RECORD, "alice", registry.sign(data, "bob"))
    message = message_of(judge(registry, model))
    assert "1 of 2 valid signatures" in message
    assert "alice's signature does not count" in message


def test_one_bundle_under_three_names_is_one_signature_at_most(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model)
    bundle = registry.sign(data, "bob")
    for name in PEOPLE:
        registry.put_bundle(RECORD, name, bundle)
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


def test_one_persons_many_keys_are_one_person(registry: FakeRegistry, model: Path) -> None:
    """Each signature has a key of its own."""
    data = approve(registry, model)
    for name in (*PEOPLE, "alice-2", "alice.1"):
        registry.put_bundle(RECORD, name, registry.sign(data, "alice"))
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


def test_one_person_with_two_identities_is_one_person(registry: FakeRegistry, model: Path) -> None:
    both = (registry.signer("alice"), registry.signer("alice", identity="alice@home.test"))
    registry.change_trust(principals=registry.trust.principals | {"alice": both})
    data = approve(registry, model, "alice")
    for name in ("bob", "carol"):
        registry.put_bundle(RECORD, name, registry.sigstore.sign(data, "alice@home.test"))
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


def test_either_identity_of_a_person_counts(registry: FakeRegistry, model: Path) -> None:
    both = (registry.signer("alice"), registry.signer("alice", identity="alice@home.test"))
    registry.change_trust(principals=registry.trust.principals | {"alice": both})
    data = approve(registry, model, "bob")
    registry.put_bundle(RECORD, "alice", registry.sigstore.sign(data, "alice@home.test"))
    assert judge(registry, model).result is Result.PASSED


def test_a_principal_outside_the_role_does_not_count(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(
        roles=registry.trust.roles | {"approve": RoleRule(threshold=2, principals=("alice", "bob"))},
    )
    approve(registry, model, "alice", "carol")
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


def test_a_principal_who_is_listed_twice_counts_once(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(
        roles=registry.trust.roles | {"approve": RoleRule(threshold=2, principals=("alice", "alice", "bob"))},
    )
    approve(registry, model, "alice")
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


@pytest.mark.parametrize("between", [b"", b"\n"])
def test_two_bundles_in_one_file_do_not_count(registry: FakeRegistry, model: Path, between: bytes) -> None:
    data = approve(registry, model, "alice")
    registry.put_bundle(RECORD, "bob", registry.sign(data, "bob") + between + registry.sign(data, "bob"))
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


@pytest.mark.parametrize("bundle", [b"", b"{}", b"[]", b"not JSON", b"\xff" * 100, b"[" * 60_000])
def test_a_bundle_that_is_none_does_not_count(registry: FakeRegistry, model: Path, bundle: bytes) -> None:
    approve(registry, model, "alice")
    registry.put_bundle(RECORD, "bob", bundle)
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


def test_a_broken_bundle_does_no_harm_beside_enough_good_ones(registry: FakeRegistry, model: Path) -> None:
    approve(registry, model, "alice", "bob")
    registry.put_bundle(RECORD, "carol", b"{}")
    assert judge(registry, model).result is Result.PASSED


def test_a_signature_of_another_record_does_not_count(registry: FakeRegistry, model: Path) -> None:
    approve(registry, model, "alice")
    other = (registry.root / record_path(MODEL, commit_of(MODEL))).read_bytes()
    registry.put_bundle(RECORD, "bob", registry.sign(other, "bob"))
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


def test_an_envelope_does_not_count(registry: FakeRegistry, model: Path) -> None:
    data = approve(registry, model, "alice")
    registry.put_bundle(RECORD, "bob", registry.sigstore.sign_dsse(data, registry.identity("bob")))
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


# Who they are.


@pytest.mark.parametrize(
    "identity", ["Bob@acme.test", "bob@acme.test.evil.test", "rob@acme.test", "bob@acme.tests", "bob@acme-test"]
)
def test_a_similar_identity_does_not_count(registry: FakeRegistry, model: Path, identity: str) -> None:
    data = approve(registry, model, "alice")
    registry.put_bundle(RECORD, "bob", registry.sigstore.sign(data, identity))
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


@pytest.mark.parametrize(
    "issuer", ["https://sigstore.test/", "https://SIGSTORE.test", "https://sigstore.test.evil.test"]
)
def test_a_similar_issuer_does_not_count(registry: FakeRegistry, model: Path, issuer: str) -> None:
    data = approve(registry, model, "alice")
    registry.put_bundle(RECORD, "bob", registry.sign(data, "bob", issuer=issuer))
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


@pytest.mark.parametrize(
    "pattern", [".*", "*", ".*@acme\\.test", "*@acme.test", "bob@acme.test|carol@acme.test", "bob"]
)
def test_an_identity_in_the_trust_file_is_no_pattern(registry: FakeRegistry, model: Path, pattern: str) -> None:
    registry.change_trust(
        principals=registry.trust.principals | {"bob": (registry.signer("bob", identity=pattern),)},
    )
    approve(registry, model, "alice", "bob")
    assert "1 of 2 valid signatures" in message_of(judge(registry, model))


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"repository_id": "1001", "repository_owner_id": "77"}, True),
        ({"repository_id": "2002", "repository_owner_id": "77"}, False),
        ({"repository_id": "1001", "repository_owner_id": "88"}, False),
        ({"repository_id": "1001"}, False),
        ({}, False),
    ],
)
def test_a_workflow_counts_for_the_repository_that_ran_it(
    registry: FakeRegistry, model: Path, claims: dict[str, str], good: bool
) -> None:
    """The identity names the workflow that is called, which any repository may call."""
    robot = registry.signer("bob", identity=registry.identity("ci"), repository_id=1001, owner_id=77)
    principals = {name: signers for name, signers in registry.trust.principals.items() if name != "ci"}
    registry.change_trust(
        principals=principals | {"bob": (robot,)},
        roles=registry.trust.roles | {"publish": RoleRule(threshold=1, principals=("carol",))},
    )
    registry.approve(SECOND_MODEL, model, signers=("alice",))
    data = (registry.root / RECORD).read_bytes()
    registry.put_bundle(RECORD, "bob", registry.sign(data, "ci", **claims))
    registry.publish(signers=("carol",))
    assert (judge(registry, model).result is Result.PASSED) is good


# Who asked for it.


@pytest.mark.parametrize("requester", ["alice", "ALICE", "Alice"])
def test_who_asked_for_it_does_not_count(registry: FakeRegistry, model: Path, requester: str) -> None:
    approve(registry, model, "alice", "bob", requested_by=requester)
    message = message_of(judge(registry, model))
    assert "1 of 2 valid signatures" in message
    assert "alice asked for it and does not count" in message


def test_two_others_approve_what_a_principal_asked_for(registry: FakeRegistry, model: Path) -> None:
    approve(registry, model, *PEOPLE, requested_by="Alice")
    verdict = judge(registry, model)
    assert verdict.result is Result.PASSED
    assert verdict.registry
    assert verdict.registry.approved_by == ("bob", "carol")


# Thresholds of 0.


def test_a_registry_that_asks_for_no_approver_says_so(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(roles=registry.trust.roles | {"approve": RoleRule(threshold=0, principals=())})
    approve(registry, model)
    verdict = judge(registry, model)
    assert verdict.result is Result.PASSED
    assert verdict.registry
    assert verdict.registry.approved_by == ()
    assert any("no person signed this approval" in notice for notice in verdict.notices)


def test_a_registry_that_asks_for_no_approver_still_needs_its_head(registry: FakeRegistry, model: Path) -> None:
    registry.change_trust(roles=registry.trust.roles | {"approve": RoleRule(threshold=0, principals=PEOPLE)})
    registry.publish()
    registry.approve(SECOND_MODEL, model, signers=PEOPLE)
    assert "is not in the registry" in message_of(judge(registry, model))


def test_a_signed_approval_is_not_called_unsigned(registry: FakeRegistry, model: Path) -> None:
    approve(registry, model, "alice", "bob")
    assert judge(registry, model).notices == ()
