"""unapproved-dependency: the model needs another one that is not approved with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from verifier.finding import Severity
from verifier.verdict import Effect, Result, Verdict

RULE = "unapproved-dependency"
BASE = "acme/base"
CONFIG = "adapter_config.json"


def adapter(registry: FakeRegistry, model: Path, text: str, *requires: str) -> Verdict:
    """Approve the model with this adapter configuration and these requirements, and verify it."""
    (model / CONFIG).write_text(text)
    registry.approve(BASE, model)
    registry.approve(MODEL, model, requires=tuple(f"{name}@{commit_of(name)}" for name in requires))
    registry.publish()
    return registry.verify(MODEL, model)


def named(value: object, key: str = "base_model_name_or_path") -> str:
    return json.dumps({"peft_type": "LORA", key: value})


def test_a_model_without_dependencies_passes(registry: FakeRegistry, model: Path) -> None:
    assert registry.verify(MODEL, model).result is Result.PASSED


def test_a_required_and_approved_base_passes(registry: FakeRegistry, model: Path) -> None:
    assert adapter(registry, model, named(BASE), BASE).result is Result.PASSED


@pytest.mark.parametrize("value", ["Acme/Base", "https://huggingface.co/acme/base", "acme/base@main"])
def test_another_spelling_of_a_required_base_passes(registry: FakeRegistry, model: Path, value: str) -> None:
    assert adapter(registry, model, named(value), BASE).result is Result.PASSED


@pytest.mark.parametrize("value", [MODEL, "", None, {}, 7])
def test_what_names_no_other_model_passes(registry: FakeRegistry, model: Path, value: object) -> None:
    assert adapter(registry, model, named(value)).result is Result.PASSED


@pytest.mark.parametrize("value", ["/models/base", "./base", "../base", "runs/2026/last"])
def test_a_path_is_no_model_of_the_hub(registry: FakeRegistry, model: Path, value: str) -> None:
    assert adapter(registry, model, named(value)).result is Result.PASSED


def test_a_base_that_is_approved_and_not_required_is_refused(registry: FakeRegistry, model: Path) -> None:
    verdict = adapter(registry, model, named(BASE))
    assert verdict.exit_status == 3
    (judged,) = verdict.findings(Effect.DENY)
    assert judged.finding.rule == RULE
    assert judged.finding.severity is Severity.ERROR
    assert judged.finding.location.path == CONFIG
    assert BASE in judged.finding.message


@pytest.mark.parametrize(
    "value",
    [
        "evil/base",
        "acme/base-2",
        "gpt2",
        "hf://evil/base",
        "https://huggingface.co/evil/base/tree/main",
        f"evil/base@{commit_of(BASE)}",
        "evil/_base",
        "_evil/base",
        "ac\N{CYRILLIC SMALL LETTER EM}e/base",
    ],
)
def test_another_base_is_refused(registry: FakeRegistry, model: Path, value: str) -> None:
    assert rules_of(adapter(registry, model, named(value), BASE)) == {RULE}


@pytest.mark.parametrize(
    "key",
    [
        "base_model_name_or_path",
        "draft_model_name_or_path",
        "assistant_model",
        "speculative_model",
        "tokenizer_name_or_path",
    ],
)
def test_each_key_under_which_loaders_look_for_a_model(registry: FakeRegistry, model: Path, key: str) -> None:
    assert rules_of(adapter(registry, model, named("evil/base", key))) == {RULE}


@pytest.mark.parametrize(
    "text",
    [
        '{"base_model_name_or_path": "evil/base", "base_model_name_or_path": "acme/base"}',
        '{"base_model_name_or_path": "acme/base", "base_model_name_or_path": "evil/base"}',
        '{"peft": {"deep": [{"base_model_name_or_path": "evil/base"}]}}',
        '[{"base_model_name_or_path": "evil/base"}]',
        '{"base_model_name_or\\u005fpath": "evil\\u002fbase"}',
        '\ufeff{"base_model_name_or_path": "evil/base"}',
    ],
)
def test_no_way_of_writing_it_hides_it(registry: FakeRegistry, model: Path, text: str) -> None:
    assert rules_of(adapter(registry, model, text, BASE)) == {RULE}


def test_a_requirement_that_is_not_approved_is_refused(registry: FakeRegistry, model: Path) -> None:
    verdict = adapter(registry, model, named("acme/gone"), "acme/gone")
    assert rules_of(verdict) == {RULE}
    (judged,) = verdict.findings(Effect.DENY)
    assert f"acme/gone@{commit_of('acme/gone')}, which this model requires, is not approved" in judged.finding.message


def test_a_requirement_that_no_configuration_names_is_judged_too(registry: FakeRegistry, model: Path) -> None:
    assert rules_of(adapter(registry, model, named(BASE), BASE, "acme/gone")) == {RULE}


def test_what_a_requirement_requires_is_not_required_by_the_model(registry: FakeRegistry, model: Path) -> None:
    """Whoever approved the base said that it needs the tokenizer; nobody said that the adapter may name it."""
    tokenizer = "acme/tokenizer"
    registry.approve(tokenizer, model)
    registry.approve(BASE, model, requires=(f"{tokenizer}@{commit_of(tokenizer)}",))
    (model / CONFIG).write_text(named(tokenizer))
    registry.approve(MODEL, model, requires=(f"{BASE}@{commit_of(BASE)}",))
    registry.publish()
    assert rules_of(registry.verify(MODEL, model)) == {RULE}
