"""What a registry of 100,000 approvals costs a verification, over one that holds a single approval.

Only the record that is asked for is a file; the others are entries of the head, which is all that is read of them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import (
    VERIFIER,
    Result,
    Row,
    Run,
    Target,
    interleaved,
    median,
    others,
    peak,
    run,
    seconds,
)
from tests.benchmarks.startup import MODEL
from tests.fakes.registry import FakeRegistry, commit_of

NAME: Final = "acme/tiny"
APPROVALS: Final = 100_000
PUBLISHERS, MODELS = 5_000, 4
"""Among so many names the others are spread; each model is approved at several commits."""

MOST_SECONDS, MOST_MIB = 0.3, 150.0


def measure(scratch: Path, repeat: int) -> Result:
    """Verify the same small model against both registries."""
    sizes = (1, APPROVALS)
    registries = {size: _registry(scratch / str(size), size) for size in sizes}

    def verify(size: int) -> Run:
        registry = registries[size]
        trust = ("--registry", registry.root, "--trust-digest", str(registry.trust_digest))
        return run(*VERIFIER, "verify", NAME, "--path", MODEL, *trust, state=scratch / "state")

    runs = interleaved({f"{size:,} approvals": partial(verify, size) for size in sizes}, repeat)
    small, large = runs.values()
    added = median([many - one for many, one in zip(seconds(large), seconds(small), strict=True)])
    head = (registries[APPROVALS].root / "head.json").stat().st_size
    return Result(
        f"registry: model-verifier verify, whole process; a head of {APPROVALS:,} approvals has {head / 1e6:.1f} MB",
        [Row(name, median(seconds(of)), rss=peak(of)) for name, of in runs.items()],
        [
            Target("added time", added, MOST_SECONDS, "s"),
            Target("added peak memory", peak(large) - peak(small), MOST_MIB, "MiB"),
        ],
        others(runs),
    )


def _registry(root: Path, size: int) -> FakeRegistry:
    registry = FakeRegistry(root, now=datetime.now(UTC).replace(microsecond=0))
    registry.approve(NAME, MODEL)
    records = dict(registry.publish().records)
    number = 0
    while len(records) < size:
        model = f"publisher-{number % PUBLISHERS:04}/model-{number // PUBLISHERS % MODELS}"
        digest = hashlib.sha256(number.to_bytes(8)).hexdigest()
        records[f"{model}@{commit_of(str(number))}"] = f"sha256:{digest}"
        number += 1
    registry.publish(records=dict(sorted(records.items())))
    return registry
