"""What the tests of content checks share: files that are in memory only, judged by one check."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.formats import in_memory
from verifier.checks import Check, Skipped
from verifier.evidence import Evidence, Pickles
from verifier.finding import Finding
from verifier.formats import identify
from verifier.snapshot import Reading


def findings(
    check: Check[Evidence],
    data: bytes,
    name: str = "model.bin",
    *,
    pickles: Pickles = Pickles.DESCRIBE,
    frameworks: tuple[str, ...] = (),
) -> list[Finding]:
    """Give what a check finds in one file."""
    evidence = Evidence(
        now=datetime(2026, 11, 20, tzinfo=UTC),
        readings={name: Reading(None, identify(name, in_memory(data)))},
        pickles=pickles,
        frameworks=frozenset(frameworks),
    )
    answer = check.run(evidence)
    assert not isinstance(answer, Skipped)
    return list(answer)
