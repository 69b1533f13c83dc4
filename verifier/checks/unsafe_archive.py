"""unsafe-archive: an archive says two things at once, or would write outside the directory it is unpacked into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence
from verifier.finding import Finding, Location

RULE = "unsafe-archive"
ARCHIVES = frozenset({"zip", "torch", "tar"})


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report what each archive's reader found, in archives within archives, too."""
    for path, reading in (evidence.readings or {}).items():
        for member, content in reading.content.walk() if reading.content is not None else ():
            for problem in content.problems if content.format in ARCHIVES else ():
                where = f"{path} ({member})" if member else path
                finding = found(RULE, f"{where}: {problem.message}", path)
                yield replace(finding, location=Location(path, member, offset=problem.offset))


CHECK = Check("archives", RULE, Needs.CONTENT, run)
