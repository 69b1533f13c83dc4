"""unparsable-pickle: a pickle's stream is not one that can be followed as the unpickler would."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, contents, found, within
from verifier.evidence import Evidence
from verifier.finding import Finding

RULE = "unparsable-pickle"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report each place where a stream breaks, or breaks the format's rules."""
    for path, member, content in contents(evidence):
        for problem in content.program.broken if content.program is not None else ():
            finding = found(RULE, f"{path} can't be followed as a pickle: {problem.message}", path)
            yield within(finding, member, offset=problem.offset)


CHECK = Check("unparsable-pickle", RULE, Needs.CONTENT, run)
