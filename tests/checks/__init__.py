"""What the tests of content checks share: evidence about files that are in memory only."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes.registry import NOW
from tests.formats import in_memory
from verifier.digest import Digest
from verifier.evidence import Evidence
from verifier.formats import identify
from verifier.snapshot import Reading


def evidence_of(files: Mapping[str, bytes]) -> Evidence:
    """Give the evidence that reading these files makes."""
    readings = {path: Reading(Digest.of(data), identify(path, in_memory(data))) for path, data in files.items()}
    return Evidence(now=NOW, readings=readings)
