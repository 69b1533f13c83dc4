"""From a reference to the one record: several live ones, other commits, letters' case, aliases, what is near."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of, rules_of
from verifier.errors import UsageError
from verifier.reference import LegacyNameError, ModelReference
from verifier.verdict import Result

DAY = timedelta(days=1)
FIRST, OTHER = commit_of(MODEL), commit_of("another commit")


def hint(registry: FakeRegistry, reference: str) -> str:
    """Give what a person is told about a model that is not approved."""
    standing = registry.open().find(ModelReference.parse(reference))
    assert standing.approval is None
    assert standing.refusal
    return standing.refusal.remedy


def test_a_commit_names_its_own_record(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, revision=OTHER)
    registry.publish()
    for commit in (FIRST, OTHER):
        verdict = registry.verify(f"{MODEL}@{commit}", model)
        assert verdict.result is Result.PASSED
        assert verdict.subject.reference == f"{MODEL}@{commit}"


def test_a_commit_in_capitals_is_the_same(registry: FakeRegistry, model: Path) -> None:
    assert registry.verify(f"{MODEL}@{FIRST.upper()}", model).result is Result.PASSED


def test_several_live_approvals_are_an_error_that_lists_them(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, revision=OTHER)
    registry.publish()
    with pytest.raises(UsageError, match="approved at several commits") as caught:
        registry.verify(MODEL, model)
    assert f"{MODEL}@{FIRST}" in caught.value.remedy
    assert f"{MODEL}@{OTHER}" in caught.value.remedy


@pytest.mark.parametrize("how", ["expired", "revoked", "unsigned"])
def test_the_one_live_approval_is_meant(registry: FakeRegistry, model: Path, how: str) -> None:
    if how == "expired":
        registry.approve(MODEL, model, revision=OTHER, valid_until=NOW - DAY)
    else:
        registry.approve(MODEL, model, revision=OTHER, signers=("alice", "bob") if how == "revoked" else ())
    if how == "revoked":
        registry.revoke("bad", revision=OTHER)
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert verdict.result is Result.PASSED
    assert verdict.subject.reference == f"{MODEL}@{FIRST}"


def test_where_all_approvals_are_over_the_last_one_is_reported(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, revision=FIRST, valid_until=NOW - 9 * DAY)
    registry.approve(MODEL, model, revision=OTHER, valid_until=NOW - 2 * DAY)
    registry.publish()
    verdict = registry.verify(MODEL, model)
    assert rules_of(verdict) == {"expired-approval"}
    assert verdict.subject.reference == f"{MODEL}@{OTHER}"


def test_where_all_are_refused_or_revoked_nothing_passes(registry: FakeRegistry, model: Path) -> None:
    registry.approve(MODEL, model, revision=OTHER, signers=())
    registry.revoke("bad", revision=FIRST)
    registry.publish()
    assert registry.verify(MODEL, model).result is Result.FAILED


# What is near.


def test_another_commit_is_named(registry: FakeRegistry) -> None:
    assert hint(registry, f"{MODEL}@{OTHER}") == f"Approved at another commit: {MODEL}@{FIRST}."


@pytest.mark.parametrize("reference", ["acme/Tiny", "ACME/tiny", "Acme/TINY", f"acme/Tiny@{FIRST}"])
def test_letters_case_counts_and_is_hinted_at(registry: FakeRegistry, reference: str) -> None:
    assert hint(registry, reference) == f"Letters' case counts: write {MODEL}."


def test_the_publishers_other_models_are_named(registry: FakeRegistry) -> None:
    assert hint(registry, "acme/huge") == f"Approved of acme: {MODEL}."


def test_of_many_models_five_are_named(registry: FakeRegistry, model: Path) -> None:
    for number in range(7):
        registry.approve(f"many/model-{number}", model, signers=())
    registry.publish()
    said = hint(registry, "many/other")
    assert said == f"Approved of many: {', '.join(f'many/model-{number}' for number in range(5))} and 2 more."


def test_without_anything_near_the_approvers_are_named(registry: FakeRegistry) -> None:
    assert hint(registry, "evil/llama") == "Ask alice, bob, carol to approve it."


def test_a_publisher_that_begins_alike_is_not_near(registry: FakeRegistry) -> None:
    assert hint(registry, "acm/tiny") == "Ask alice, bob, carol to approve it."


# Aliases: names without a publisher.


def test_a_name_without_a_publisher_is_answered_with_its_owners(registry: FakeRegistry, model: Path) -> None:
    registry.approve("acme/gpt-old", model, aliases=("gpt-old",))
    registry.publish()
    with pytest.raises(LegacyNameError) as caught:
        registry.verify("gpt-old", model)
    assert caught.value.remedy == "Write acme/gpt-old."


def test_an_alias_of_a_model_of_another_name_is_found(registry: FakeRegistry, model: Path) -> None:
    registry.approve("acme/gpt-new", model, aliases=("gpt-old",))
    registry.publish()
    assert registry.open().owner_of("gpt-old") == "acme/gpt-new"


@pytest.mark.parametrize("signers", [(), ("alice",)])
def test_an_alias_in_an_unapproved_record_leads_nowhere(
    registry: FakeRegistry, model: Path, signers: tuple[str, ...]
) -> None:
    registry.approve("evil/gpt", model, aliases=("gpt-old",), signers=signers)
    registry.publish()
    with pytest.raises(LegacyNameError) as caught:
        registry.verify("gpt-old", model)
    assert "evil" not in caught.value.remedy


def test_an_unknown_name_without_a_publisher_is_still_refused(registry: FakeRegistry, model: Path) -> None:
    with pytest.raises(LegacyNameError) as caught:
        registry.verify("tiny", model)
    assert caught.value.remedy == "Write the full id, as in openai-community/gpt2."


def test_an_alias_does_not_stand_in_for_the_id(registry: FakeRegistry, model: Path) -> None:
    registry.approve("acme/renamed", model, aliases=("old-org/renamed",))
    registry.publish()
    assert rules_of(registry.verify("old-org/renamed", model)) == {"unapproved-model"}
