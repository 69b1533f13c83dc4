"""What an approval requires: other models, each at a commit and each approved itself, however far down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of, rules_of
from verifier import limits
from verifier.errors import UndecidedError
from verifier.reference import ModelReference
from verifier.registry.records import record_path
from verifier.verdict import Effect, Result, Verdict

DAY = timedelta(days=1)
BASE = "acme/base"
DENIED = {"unapproved-dependency"}


def pinned(model: str) -> str:
    return f"{model}@{commit_of(model)}"


def judge(registry: FakeRegistry, model: Path, *requires: str) -> Verdict:
    """Approve the model with these requirements and verify it."""
    registry.approve(MODEL, model, requires=requires)
    registry.publish()
    return registry.verify(MODEL, model)


def message_of(verdict: Verdict) -> str:
    assert rules_of(verdict) == DENIED
    (judged,) = verdict.findings(Effect.DENY)
    return judged.finding.message


def chain(registry: FakeRegistry, model: Path, length: int, last: tuple[str, ...] = ("alice", "bob")) -> list[str]:
    """Approve models of which each requires the next; the last one is signed by `last`. Give their names."""
    names = [f"acme/link-{number}" for number in range(length)]
    for name, following in zip(names, [*names[1:], None], strict=True):
        requires = (pinned(following),) if following else ()
        registry.approve(name, model, requires=requires, signers=("alice", "bob") if following else last)
    registry.publish()
    return names


def test_an_approved_requirement_passes(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model)
    assert judge(registry, model, pinned(BASE)).result is Result.PASSED


def test_a_requirement_that_is_not_in_the_registry_denies(registry: FakeRegistry, model: Path) -> None:
    assert f"{pinned(BASE)}, which this model requires" in message_of(judge(registry, model, pinned(BASE)))


def test_a_requirement_at_another_commit_denies(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model, revision=commit_of("another commit"))
    assert "is not in the registry" in message_of(judge(registry, model, pinned(BASE)))


def test_a_requirement_in_another_case_denies(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model)
    assert "is not in the registry" in message_of(judge(registry, model, pinned(BASE).replace("base", "Base")))


@pytest.mark.parametrize("signers", [(), ("alice",)])
def test_a_requirement_without_enough_approvers_denies(
    registry: FakeRegistry, model: Path, signers: tuple[str, ...]
) -> None:
    registry.approve(BASE, model, signers=signers)
    assert "of 2 valid signatures" in message_of(judge(registry, model, pinned(BASE)))


def test_a_revoked_requirement_denies(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model)
    registry.revoke("bad", model=BASE)
    assert "it is revoked" in message_of(judge(registry, model, pinned(BASE)))


def test_a_requirement_whose_approval_is_over_denies(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model, valid_until=NOW)
    assert "its approval is over" in message_of(judge(registry, model, pinned(BASE)))


def test_an_edited_requirement_denies(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model)
    registry.approve(MODEL, model, requires=(pinned(BASE),))
    registry.publish()
    registry.put(record_path(BASE, commit_of(BASE)), b"{}")
    assert "is not the one that the signed head lists" in message_of(registry.verify(MODEL, model))


def test_a_requirement_whose_record_is_gone_leaves_it_undecided(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model)
    judge(registry, model, pinned(BASE))
    (registry.root / record_path(BASE, commit_of(BASE))).unlink()
    with pytest.raises(UndecidedError, match="is not there"):
        registry.verify(MODEL, model)


def test_each_bad_requirement_is_reported(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model)
    verdict = judge(registry, model, pinned("acme/one"), pinned(BASE), pinned("acme/two"))
    assert len(list(verdict.findings(Effect.DENY))) == 2


@pytest.mark.parametrize(
    "requirement", [BASE, f"{BASE}@main", f"{BASE}@{commit_of(BASE)[:12]}", "base", f"@{'0' * 40}"]
)
def test_a_requirement_names_a_commit(registry: FakeRegistry, model: Path, requirement: str) -> None:
    with pytest.raises(ValueError, match="requires"):
        registry.approve(MODEL, model, requires=(requirement,))


# Further down.


def test_a_short_chain_passes(registry: FakeRegistry, model: Path) -> None:
    first, *_ = chain(registry, model, 4)
    assert registry.verify(first, model).result is Result.PASSED


@pytest.mark.parametrize("length", [3, 4, 5])
def test_an_unapproved_model_at_the_end_of_a_chain_denies(registry: FakeRegistry, model: Path, length: int) -> None:
    first, *_ = chain(registry, model, length, last=("alice",))
    assert rules_of(registry.verify(first, model)) == DENIED


def test_a_revoked_model_at_the_end_of_a_chain_denies(registry: FakeRegistry, model: Path) -> None:
    first, *_, last = chain(registry, model, 3)
    registry.revoke("bad", model=last)
    registry.publish()
    assert rules_of(registry.verify(first, model)) == DENIED


def test_a_missing_model_at_the_end_of_a_chain_denies(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model, requires=(pinned("acme/gone"),))
    assert rules_of(judge(registry, model, pinned(BASE))) == DENIED


@pytest.mark.parametrize(("length", "rules"), [(6, set()), (7, DENIED), (9, DENIED)])
def test_more_requirements_than_the_limit_deny(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch, length: int, rules: set[str]
) -> None:
    monkeypatch.setattr(limits, "MAX_REQUIRED", 5)
    first, *_ = chain(registry, model, length)
    assert rules_of(registry.verify(first, model)) == rules


def test_where_a_chain_was_entered_does_not_matter(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One opened registry answers for many models; an answer must not depend on what was asked before."""
    monkeypatch.setattr(limits, "MAX_REQUIRED", 5)
    names = chain(registry, model, 8)
    references = [ModelReference.parse(pinned(name)) for name in (names[0], names[-3])]
    opened = registry.open()
    answers = [opened.find(reference) for reference in references]
    assert answers[1] == registry.open().find(references[1])


@pytest.mark.parametrize("size", [1, 2, 3, 12])
def test_a_circle_ends(registry: FakeRegistry, model: Path, size: int) -> None:
    """Commits can't require each other in earnest; whatever the answer is, there is one."""
    names = [f"acme/circle-{number}" for number in range(size)]
    for name, following in zip(names, [*names[1:], names[0]], strict=True):
        registry.approve(name, model, requires=(pinned(following),))
    registry.publish()
    assert rules_of(registry.verify(names[0], model)) <= DENIED


def test_an_unapproved_model_beside_a_circle_denies(registry: FakeRegistry, model: Path) -> None:
    registry.approve(BASE, model, requires=(pinned(MODEL), pinned("acme/gone")))
    assert rules_of(judge(registry, model, pinned(BASE))) == DENIED


def test_many_models_that_all_require_each_other_end(registry: FakeRegistry, model: Path) -> None:
    names = [f"acme/knot-{number}" for number in range(12)]
    for name in names:
        registry.approve(name, model, requires=tuple(map(pinned, names)))
    registry.publish()
    assert rules_of(registry.verify(names[0], model)) <= DENIED
