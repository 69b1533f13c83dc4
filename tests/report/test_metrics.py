"""Prometheus metrics: what they say, that a parser of the ecosystem reads them, and that no label is a stranger's."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry
from verifier.errors import UndecidedError
from verifier.judge import undecided
from verifier.report.escape import prometheus
from verifier.report.metrics import METRICS, render
from verifier.verdict import Verdict

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Read the text as Prometheus' own client does."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(*answers: tuple[Verdict, float]) -> dict[str, float]:
    """Give the samples as `name{label="value"}`, by the parser's reading."""
    return {
        name + ("{" + ",".join(f"{key}={value}" for key, value in sorted(labels)) + "}" if labels else ""): value
        for (name, labels), value in parsed(render(answers)).items()
    }


@pytest.fixture
def passed(registry: FakeRegistry, model: Path) -> Verdict:
    return registry.verify(MODEL, model)


def test_a_pass_is_told_with_what_ends_when(passed: Verdict) -> None:
    assert read((passed, 2.5)) == {
        f"base_model_verification_result{{model_id={MODEL},result=passed}}": 1,
        f"base_model_verification_result{{model_id={MODEL},result=failed}}": 0,
        f"base_model_verification_result{{model_id={MODEL},result=undecided}}": 0,
        f"base_model_verification_duration_seconds{{model_id={MODEL}}}": 2.5,
        "base_model_verification_timestamp_seconds": NOW.timestamp(),
        "base_model_verification_enforced": 1,
        "base_model_registry_head_expires_timestamp_seconds{registry=acme}": (NOW + timedelta(days=14)).timestamp(),
        "base_model_registry_head_version{registry=acme}": 1,
        f"base_model_approval_expires_timestamp_seconds{{model_id={MODEL}}}": (NOW + timedelta(days=300)).timestamp(),
    }


def test_a_refusal_of_an_approved_model_names_it(registry: FakeRegistry, model: Path) -> None:
    (model / "config.json").write_text("{}")
    samples = read((registry.verify(MODEL, model), 1.0))

    assert samples[f"base_model_verification_result{{model_id={MODEL},result=failed}}"] == 1
    assert samples[f"base_model_verification_result{{model_id={MODEL},result=passed}}"] == 0


def test_a_revoked_model_is_still_known(registry: FakeRegistry, model: Path) -> None:
    registry.revoke("tiny", model=MODEL)
    registry.publish()

    assert f"base_model_verification_result{{model_id={MODEL},result=failed}}" in read(
        (registry.verify(MODEL, model), 1.0)
    )


def test_ids_that_nobody_approved_share_a_label(registry: FakeRegistry, model: Path) -> None:
    answers = [(registry.verify(f"stranger/model-{number}", model), 1.0) for number in range(3)]
    answers.append((undecided(UndecidedError("stale"), "stranger/other", None, NOW), 1.0))
    text = render(answers)

    assert "stranger" not in text
    samples = read(*answers)
    assert samples["base_model_verification_result{model_id=unknown,result=failed}"] == 3
    assert samples["base_model_verification_result{model_id=unknown,result=undecided}"] == 1
    assert samples["base_model_verification_duration_seconds{model_id=unknown}"] == 4


def test_audit_mode_is_told(passed: Verdict) -> None:
    assert read((replace(passed, enforced=False), 1.0))["base_model_verification_enforced"] == 0


def test_there_is_a_verdict_to_report() -> None:
    with pytest.raises(ValueError, match="no verdict"):
        render([])


def test_no_label_holds_a_digest_or_a_path(passed: Verdict, model: Path) -> None:
    text = render([(passed, 1.0)])

    assert str(model) not in text
    assert not re.search(r"[0-9a-f]{40}", text)


@given(st.text(max_size=300))
def test_no_text_escapes_its_label(value: str) -> None:
    line = f'base_model{{registry="{prometheus(value)}",last="1"}} 1\n'

    (((name, labels), number),) = parsed(line).items()

    assert (name, number) == ("base_model", 1)
    assert {key for key, _ in labels} == {"registry", "last"}


class TestAlerts:
    groups = yaml.safe_load((EXAMPLES / "prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]

    def test_each_names_only_metrics_and_labels_that_are_written(self) -> None:
        known = {metric.name for metric in METRICS}
        labels = {label for metric in METRICS for label in metric.labels} | {"instance"}
        for rule in (rule for group in self.groups for rule in group["rules"]):
            named = set(re.findall(r"\bbase_model_\w+", rule["expr"]))
            assert named, rule["alert"]
            assert named <= known, rule["alert"]
            selected = re.findall(r"\{(\w+)=|\((instance|registry)\)", rule["expr"])
            told = re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
            assert {first or second for first, second in selected} | set(told) <= labels, rule["alert"]

    def test_each_metric_but_the_durations_neighbours_has_one(self) -> None:
        text = " ".join(rule["expr"] for group in self.groups for rule in group["rules"])
        assert {metric.name for metric in METRICS if metric.name not in text} == set()

    def test_results_are_selected_by_words_that_are_written(self) -> None:
        text = " ".join(rule["expr"] for group in self.groups for rule in group["rules"])
        assert set(re.findall(r'result="(\w+)"', text)) <= {"passed", "failed", "undecided"}
