"""cloned-model: a well-known model's name under a publisher that nobody here knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry, rules_of
from verifier.finding import Finding
from verifier.verdict import Effect, Result, Verdict

COPY = "nobody-ever/Llama-3.1-8B-Instruct"


def findings(verdict: Verdict) -> list[Finding]:
    return [judged.finding for judged in verdict.findings() if judged.finding.rule == "cloned-model"]


def test_a_copied_name_is_named_and_the_original_is_the_next_command(registry: FakeRegistry, model: Path) -> None:
    (finding,) = findings(registry.verify(COPY, model))

    assert finding.message.startswith(f"{COPY} is not meta-llama/Llama-3.1-8B-Instruct (a known model's name;")
    assert finding.remedy.endswith("model-verifier lookup meta-llama/Llama-3.1-8B-Instruct")


def test_it_warns_and_strict_denies(registry: FakeRegistry, model: Path) -> None:
    verdict = registry.verify(COPY, model)
    strict = registry.verify(COPY, model, policy=registry.policy(rules={"cloned-model": Effect.DENY}))

    assert rules_of(verdict) == {"unapproved-model"}
    assert rules_of(strict) == {"unapproved-model", "cloned-model"}


@pytest.mark.parametrize("name", ["unsloth/Llama-3.1-8B-Instruct", "nobody-ever/my-own-thing"])
def test_a_known_publishers_copy_and_a_name_of_ones_own_are_nothing(
    registry: FakeRegistry, model: Path, name: str
) -> None:
    assert findings(registry.verify(name, model)) == []


def test_under_a_look_alike_the_publisher_is_the_finding(registry: FakeRegistry, model: Path) -> None:
    verdict = registry.verify("meta-llamma/Llama-3.1-8B-Instruct", model)

    assert findings(verdict) == []
    assert "typosquatted-publisher" in rules_of(verdict)


def test_an_approved_copy_is_approved(registry: FakeRegistry, model: Path) -> None:
    registry.approve(COPY, model)
    registry.publish()

    assert registry.verify(COPY, model).result is Result.PASSED
    assert findings(registry.verify(COPY, model)) == []
