"""unparsable-pickle: a pickle's stream is not one that can be followed as the unpickler would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence
from verifier.finding import Finding, Location

RULE = "unparsable-pickle"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report each place where a stream breaks, or breaks the format's rules."""
    for path, reading in (evidence.readings or {}).items():
        for member, content in reading.content.walk() if reading.content is not None else ():
            for problem in content.program.broken if content.program is not None else ():
                finding = found(RULE, f"{path} can't be followed as a pickle: {problem.message}", path)
                yield replace(finding, location=Location(path, member, offset=problem.offset))


CHECK = Check("unparsable-pickle", RULE, Needs.CONTENT, run)
