"""unsafe-archive: an archive says two things at once, or would write outside the directory it is unpacked into."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, contents, found, within
from verifier.evidence import Evidence
from verifier.finding import Finding

RULE = "unsafe-archive"
ARCHIVES = frozenset({"zip", "torch", "tar"})


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report what each archive's reader found, in archives within archives, too."""
    for path, member, content in contents(evidence):
        for problem in content.problems if content.format in ARCHIVES else ():
            where = f"{path} ({member})" if member else path
            yield within(found(RULE, f"{where}: {problem.message}", path), member, offset=problem.offset)


CHECK = Check("archives", RULE, Needs.CONTENT, run)
