"""malformed-safetensors: a file is not what the format demands, or not what its index promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence, Readings
from verifier.finding import Finding, Location
from verifier.formats.json_document import is_index

RULE = "malformed-safetensors"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report each file's own problems, then hold every index against the shards that it names."""
    readings = evidence.readings or {}
    for path, reading in readings.items():
        content = reading.content
        if content is not None and content.format == "safetensors":
            for problem in content.problems:
                finding = found(RULE, f"{path}: {problem.message}", path)
                yield replace(finding, location=Location(path, offset=problem.offset))
        if content is not None and content.document is not None and is_index(path):
            for message in _broken_promises(path, content.document.value, readings):
                yield found(RULE, f"{path} {message}", path)


def _broken_promises(path: str, index: object, readings: Readings) -> Iterator[str]:
    """Say where the index's weight_map and the shards' own headers differ."""
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weight_map, dict) or not all(isinstance(shard, str) for shard in weight_map.values()):
        yield "has no weight_map from tensors to shards"
        return
    directory = path.rpartition("/")[0]
    shards: dict[str, set[str]] = {}
    for tensor, shard in weight_map.items():
        shards.setdefault(shard, set()).add(tensor)
    for shard, promised in sorted(shards.items()):
        reading = readings.get(f"{directory}/{shard}" if directory else shard)
        held = reading.content.tensors if reading and reading.content else None
        if reading is None:
            yield f"names the shard {shard!r}, which is not there"
        elif reading.content is None or reading.content.problems or reading.content.unfollowed:
            continue  # reported by itself: not the approved bytes, not readable, or malformed
        elif held is None:
            yield f"names {shard!r}, which holds no tensors"
        elif missing := promised - held:
            yield f"promises {min(missing)[:200]!r} in {shard!r}, where it is not"
        elif misplaced := [tensor for tensor in held if weight_map.get(tensor, shard) != shard]:
            yield f"promises {min(misplaced)[:200]!r} in another shard, but {shard!r} holds it too"


CHECK = Check("safetensors", RULE, Needs.CONTENT, run)
