"""Verdicts as Prometheus metrics, in the text format 0.0.4: for node_exporter's textfile collector.

Labels hold ids that the registry or the lock knows, and no digests, paths or other names: every other id is counted
under `unknown`, so that nobody's typing makes a time series.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from verifier.report.escape import prometheus
from verifier.verdict import Effect, Result, Verdict

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge's name, what it says, and its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


RESULT = Metric(
    "base_model_verification_result",
    "How many models with this id ended so in the last run; 0 or 1 save for unknown ids.",
    ("model_id", "result"),
)
DURATION = Metric(
    "base_model_verification_duration_seconds", "How long verifying the model took in the last run.", ("model_id",)
)
TIME = Metric("base_model_verification_timestamp_seconds", "When the last run was, in Unix time.")
ENFORCED = Metric("base_model_verification_enforced", "1 where a refusal is enforced, 0 in audit mode.")
HEAD_EXPIRES = Metric(
    "base_model_registry_head_expires_timestamp_seconds",
    "When the registry's head expires, in Unix time.",
    ("registry",),
)
HEAD_VERSION = Metric("base_model_registry_head_version", "The version of the registry's head.", ("registry",))
APPROVAL_EXPIRES = Metric(
    "base_model_approval_expires_timestamp_seconds", "When the model's approval ends, in Unix time.", ("model_id",)
)
METRICS = (RESULT, DURATION, TIME, ENFORCED, HEAD_EXPIRES, HEAD_VERSION, APPROVAL_EXPIRES)
"""Everything that is written, in this order."""

Samples = Mapping[tuple[str, ...], float]


def render(answers: Sequence[tuple[Verdict, float]]) -> str:
    """Write the verdicts of one run, each with its duration in seconds; there must be one."""
    if not answers:
        raise ValueError("there is no verdict to report")
    counts: Counter[tuple[str, Result]] = Counter()
    durations: dict[tuple[str, ...], float] = defaultdict(float)
    approvals: dict[tuple[str, ...], float] = {}
    heads: dict[tuple[str, ...], tuple[float, float]] = {}
    for verdict, seconds in answers:
        model = _label(verdict)
        counts[model, verdict.result] += 1
        durations[model,] += seconds
        if (registry := verdict.registry) is not None:
            heads[registry.name,] = (registry.expires.timestamp(), registry.version)
            if registry.approved_until is not None and model != UNKNOWN:
                approvals[model,] = registry.approved_until.timestamp()
    models = {model for model, _ in counts}
    samples: dict[Metric, Samples] = {
        RESULT: {(model, result.value.lower()): counts[model, result] for model in models for result in Result},
        DURATION: durations,
        TIME: {(): max(verdict.time.timestamp() for verdict, _ in answers)},
        ENFORCED: {(): all(verdict.enforced for verdict, _ in answers)},
        HEAD_EXPIRES: {key: expires for key, (expires, _) in heads.items()},
        HEAD_VERSION: {key: version for key, (_, version) in heads.items()},
        APPROVAL_EXPIRES: approvals,
    }
    return "".join(line for metric in METRICS for line in _lines(metric, samples[metric]))


def _label(verdict: Verdict) -> str:
    """Give the id if the registry or the lock knows the model, be it refused."""
    reference = verdict.subject.reference
    unapproved = any(judged.finding.rule == "unapproved-model" for judged in verdict.findings(Effect.DENY))
    if reference is None or unapproved or verdict.result is Result.UNDECIDED:
        return UNKNOWN
    return reference.partition("@")[0]


def _lines(metric: Metric, samples: Samples) -> Iterable[str]:
    if not samples:
        return
    yield f"# HELP {metric.name} {metric.help}\n"
    yield f"# TYPE {metric.name} gauge\n"
    for values, number in sorted(samples.items()):
        pairs = ",".join(f'{name}="{prometheus(value)}"' for name, value in zip(metric.labels, values, strict=True))
        labels = f"{{{pairs}}}" if pairs else ""
        yield f"{metric.name}{labels} {float(number)!r}\n"
