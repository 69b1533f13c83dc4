"""typosquatted-publisher: the publisher's name imitates a known one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry, rules_of
from verifier.errors import UsageError
from verifier.finding import Finding
from verifier.policy import Policy
from verifier.verdict import Effect, Result, Verdict

GENUINE = "EleutherAI/tiny"


@pytest.fixture
def eleuther(registry: FakeRegistry, model: Path) -> FakeRegistry:
    """A registry that knows EleutherAI by one approved model."""
    registry.approve(GENUINE, model)
    registry.publish()
    return registry


def findings(verdict: Verdict) -> list[Finding]:
    return [judged.finding for judged in verdict.findings() if judged.finding.rule == "typosquatted-publisher"]


def test_the_genuine_publisher_passes(eleuther: FakeRegistry, model: Path) -> None:
    assert eleuther.verify(GENUINE, model).result is Result.PASSED


def test_one_letter_less_is_called_an_imitation_with_the_model_that_is_meant(
    eleuther: FakeRegistry, model: Path
) -> None:
    verdict = eleuther.verify("EleuterAI/tiny", model)

    assert rules_of(verdict) == {"typosquatted-publisher", "unapproved-model"}
    (finding,) = findings(verdict)
    assert finding.message == "EleuterAI is not EleutherAI (one letter missing). Did you mean EleutherAI/tiny?"
    assert finding.remedy == "Name EleutherAI/tiny."


def test_a_model_that_nobody_approved_gets_no_suggestion(eleuther: FakeRegistry, model: Path) -> None:
    (finding,) = findings(eleuther.verify("EleuterAI/gpt-j-6B", model))

    assert "Did you mean" not in finding.message
    assert "EleutherAI" in finding.remedy


@pytest.mark.parametrize(
    "publisher",
    [
        "EleutherAl",
        "EleuthreAI",
        "EleutherAII",
        "Eleuther-AI",
        "\u0415leutherAI",
        "Eleuther\u200bAI",
        "EleutherA\u0406",
        "Eleuther\uff21I",
        "\uff25\uff4c\uff45\uff55\uff54\uff48\uff45\uff52\uff21\uff29",
    ],
)
def test_each_kind_of_imitation_denies(eleuther: FakeRegistry, model: Path, publisher: str) -> None:
    verdict = eleuther.verify(f"{publisher}/tiny", model)

    assert rules_of(verdict) == {"typosquatted-publisher", "unapproved-model"}
    assert findings(verdict)[0].remedy


def test_a_letter_that_folds_to_a_plain_one_is_an_imitation_too(registry: FakeRegistry, model: Path) -> None:
    registry.approve("mistralai/tiny", model)
    registry.publish()

    assert "typosquatted-publisher" in rules_of(registry.verify("mi\u017ftralai/tiny", model))


@pytest.mark.parametrize("publisher", ["openai", "x", "EleutherAI"])
def test_a_name_that_imitates_nobody_is_only_unapproved(eleuther: FakeRegistry, model: Path, publisher: str) -> None:
    assert rules_of(eleuther.verify(f"{publisher}/other", model)) == {"unapproved-model"}


def test_an_approved_model_of_a_similar_name_is_no_imitation(eleuther: FakeRegistry, model: Path) -> None:
    eleuther.approve("EleuterAI/tiny", model)
    eleuther.publish()

    assert eleuther.verify("EleuterAI/tiny", model).result is Result.PASSED


def test_a_policy_may_know_more_publishers(eleuther: FakeRegistry, model: Path) -> None:
    known = eleuther.policy(known_publishers=("EleuterAI", "mistralai"))

    assert rules_of(eleuther.verify("EleuterAI/x", model, policy=known)) == {"unapproved-model"}
    assert "typosquatted-publisher" in rules_of(eleuther.verify("mistra1ai/x", model, policy=known))


def test_a_policy_may_warn_and_the_model_stays_unapproved(eleuther: FakeRegistry, model: Path) -> None:
    policy = eleuther.policy(rules={"typosquatted-publisher": Effect.WARN})

    verdict = eleuther.verify("EleuterAI/tiny", model, policy=policy)

    assert rules_of(verdict) == {"unapproved-model"}
    assert [judged.finding.rule for judged in verdict.findings(Effect.WARN)] == ["typosquatted-publisher"]


def test_the_rule_may_be_moved_by_a_policy_file_but_not_invented(tmp_path: Path) -> None:
    head = 'schema = "model-verifier/policy/v1"\nname = "x"\n[rules]\n'
    (tmp_path / "good.toml").write_text(head + 'typosquatted-publisher = "warn"\n')
    (tmp_path / "bad.toml").write_text(head + 'typosquatted-publishers = "warn"\n')

    assert Policy.load(tmp_path / "good.toml").rules == {"typosquatted-publisher": Effect.WARN}
    with pytest.raises(UsageError, match="is no rule"):
        Policy.load(tmp_path / "bad.toml")
