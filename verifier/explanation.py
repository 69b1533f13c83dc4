"""Shows what a flagged pickle would run, as Python: fickling decompiles it in a child process. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from verifier import limits
from verifier._fickling import decompile
from verifier.finding import Severity
from verifier.formats import pickle_at
from verifier.snapshot import Entry, look
from verifier.verdict import Judged, Outcome

_RULE = "unsafe-pickle"


def explain(outcomes: tuple[Outcome, ...], files: Mapping[str, Entry]) -> tuple[Outcome, ...]:
    """Give the first finding about each flagged pickle the lines that it decompiles to, for the first few."""
    explained: set[tuple[str, str | None]] = set()
    return tuple(
        replace(outcome, findings=tuple(_explained(judged, files, explained) for judged in outcome.findings))
        if any(judged.finding.rule == _RULE for judged in outcome.findings)
        else outcome
        for outcome in outcomes
    )


def _explained(judged: Judged, files: Mapping[str, Entry], explained: set[tuple[str, str | None]]) -> Judged:
    location = judged.finding.location
    place = (location.path or "", location.member)
    entry = files.get(place[0])
    is_flagged = judged.finding.rule == _RULE and judged.finding.severity is Severity.ERROR
    if not is_flagged or entry is None or place in explained or len(explained) >= limits.MAX_EXPLAINED:
        return judged
    explained.add(place)
    reading = look([entry], lambda path, source: pickle_at(path, source, location.member))[entry.path]
    lines = decompile(reading.content) if reading.content is not None else ()
    return replace(judged, finding=replace(judged.finding, details=lines)) if lines else judged
