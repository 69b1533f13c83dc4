"""Every technique of the corpus is found or incomplete, never silent; data is never taken for an attack."""

from __future__ import annotations

import random
import time

import pytest

from tests.formats.corpus import DANGEROUS, Sample, calls, harmless, hostile, judged, tricks, wrapped
from tests.pickles import PAYLOAD, called, pickled

EVIL = pickled(called("posix", "system", PAYLOAD))


@pytest.mark.parametrize("seed", [11, 12])
def test_no_hostile_file_passes(seed: int) -> None:
    results = [(sample.technique, judged(sample)) for sample in hostile(seed)]

    assert [technique for technique, result in results if result == "silent"] == []
    assert sum(result == "found" for _, result in results) >= 0.97 * len(results)


@pytest.mark.parametrize("seed", [11, 12])
def test_no_harmless_file_is_refused(seed: int) -> None:
    assert [sample.technique for sample in harmless(seed) if judged(sample) != "silent"] == []


@pytest.mark.parametrize("technique", DANGEROUS)
def test_each_global_of_an_advisory_is_found_however_it_is_called(technique: str) -> None:
    for how, body in calls(random.Random(1), *DANGEROUS[technique]):
        assert judged(Sample(how, "model.bin", pickled(body))) == "found", how


@pytest.mark.parametrize(("trick", "data"), list(tricks()), ids=[name for name, _ in tricks()])
def test_each_trick_of_the_opcodes_is_found(trick: str, data: bytes) -> None:
    assert judged(Sample(trick, "model.bin", data)) == "found"


@pytest.mark.parametrize("where", [name for name, _, _ in wrapped(random.Random(1), EVIL)])
def test_no_container_hides_a_pickle(where: str) -> None:
    ((name, data),) = [(name, data) for container, name, data in wrapped(random.Random(1), EVIL) if container == where]

    assert judged(Sample(where, name, data)) in ("found", "incomplete")


def test_nothing_takes_long() -> None:
    began = time.monotonic()
    for sample in hostile(13):
        judged(sample)

    assert time.monotonic() - began < 300
