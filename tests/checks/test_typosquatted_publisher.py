"""typosquatted-publisher: the publisher's name imitates a known one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.hub import Hub as FakeHub
from tests.fakes.registry import FakeRegistry, rules_of
from verifier._hub import Hub
from verifier.errors import UsageError
from verifier.finding import Finding
from verifier.lookup import lookup
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
    assert finding.message == (
        "EleuterAI is not EleutherAI (one letter missing; high, score 0.89). Did you mean EleutherAI/tiny?"
    )
    assert finding.remedy == "model-verifier lookup EleutherAI/tiny"


def test_of_a_model_that_nobody_approved_the_remedy_tells_how_to_know_the_publisher(
    registry: FakeRegistry, model: Path
) -> None:
    (finding,) = findings(registry.verify("EleuterAI/gpt-J-6b", model))

    assert "Did you mean EleutherAI/gpt-j-6B?" in finding.message
    assert finding.remedy.startswith("model-verifier lookup EleutherAI/gpt-j-6B; if EleuterAI is meant")


def test_a_medium_one_warns(registry: FakeRegistry, model: Path) -> None:
    verdict = registry.verify("mistral-ai/x", model)

    assert rules_of(verdict) == {"unapproved-model"}
    (finding,) = findings(verdict)
    assert finding.message.startswith("mistral-ai may be taken for mistralai (its name on ")


@pytest.mark.parametrize(
    ("publisher", "verified", "effect"),
    [
        ("EleuterAI", True, Effect.WARN),
        ("EleuterAI", False, Effect.DENY),
        ("EleuterAI", None, Effect.DENY),
        ("mistral-ai", True, Effect.NOTE),
        ("mistral-ai", False, Effect.WARN),
    ],
)
def test_where_the_hub_is_asked_a_verified_publisher_weighs_less(
    registry: FakeRegistry, publisher: str, verified: bool | None, effect: Effect
) -> None:
    with FakeHub() as hub:
        if verified is not None:
            hub.organization(publisher, is_verified=verified)
        verdict = lookup(f"{publisher}/x", policy=registry.policy(), hub=Hub(hub.url, ""), now=registry.now)

    (judged,) = [each for each in verdict.findings() if each.finding.rule == "typosquatted-publisher"]
    assert judged.effect is effect
    assert rules_of(verdict) >= {"unapproved-model"}


def test_a_hub_that_does_not_answer_changes_no_refusal(registry: FakeRegistry) -> None:
    verdict = lookup("EleuterAI/x", policy=registry.policy(), hub=Hub("http://127.0.0.1:9", ""), now=registry.now)

    assert rules_of(verdict) == {"unapproved-model", "typosquatted-publisher"}


@pytest.mark.parametrize("part", ["Eleuther\u202eAI", "Eleuther\u0301AI", "\u2066" * 90, "\uff25leuther"])
def test_a_strange_character_is_shown_by_its_code_point(registry: FakeRegistry, model: Path, part: str) -> None:
    (finding,) = findings(registry.verify(f"{part}/x", model))

    strange = next(character for character in part if not character.isascii())
    assert f"U+{ord(strange):04X}" in finding.message


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
