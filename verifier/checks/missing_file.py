"""missing-file: a file of the chosen set is not there."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence
from verifier.finding import Finding

RULE = "missing-file"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Compare the chosen set with the files that are there."""
    if evidence.snapshot is None:
        for path in sorted(evidence.chosen - evidence.remote.files.keys()) if evidence.remote else ():
            yield found(RULE, f"{path} belongs to the set {evidence.set_name!r} and is not on the Hub", path)
        return
    for path in sorted(evidence.chosen - evidence.snapshot.files.keys()):
        if not any(_is_below(path, hidden) for hidden in evidence.snapshot.unreadable):
            yield found(RULE, f"{path} belongs to the set {evidence.set_name!r} and is not there", path)


def _is_below(path: str, hidden: str) -> bool:
    """Tell whether `path` is, or could be inside, something that could not be read."""
    return path == hidden or path.startswith(f"{hidden}/")


CHECK = Check("completeness", RULE, Needs.LISTING, run)
