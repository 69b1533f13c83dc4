"""writable-path: what `exec` verified can still be written, so that COMMAND may open something else."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence
from verifier.finding import Finding, Location, Severity

RULE = "writable-path"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report what others can write, and warn of what only this user can; where nobody looked, there is nothing."""
    if evidence.writers is None or evidence.snapshot is None:
        return
    names = {str(entry.real_path): path for path, entry in evidence.snapshot.files.items()}
    for place in evidence.writers.to_files:
        if place.others:
            message = f"{place.path} can be written by others: {place.why}"
            yield found(RULE, message, names.get(place.path, place.path), remedy=_remedy(place.path))
    if own := [place for place in evidence.writers.to_files if not place.others]:
        others = f" and {len(own) - 1} more on the way" if len(own) > 1 else ""
        yield Finding(
            RULE,
            Severity.WARNING,
            f"uid {evidence.writers.uid}, which COMMAND runs as, can itself write {own[-1].path}{others}",
            "Mount the model read-only, or let another user own it.",
            Location(own[-1].path),
        )
    for place in evidence.writers.to_links:
        if place.others:
            yield Finding(
                RULE,
                Severity.WARNING,
                f"{place.path}, where the links for COMMAND lie, can be written by others: {place.why}",
                "Give a directory of this user's own with --cache-dir.",
                Location(place.path),
            )


def _remedy(path: str) -> str:
    return f"Mount the model read-only; or, as root: chown root {shlex.quote(path)} && chmod go-w {shlex.quote(path)}"


CHECK = Check("writers", RULE, Needs.WRITERS, run)
