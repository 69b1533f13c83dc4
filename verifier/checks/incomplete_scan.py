"""incomplete-scan: a file's content was not followed to its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier import limits
from verifier.checks.check import Check, Needs, contents, found
from verifier.checks.external_data import target
from verifier.evidence import Evidence
from verifier.finding import Finding, Location

RULE = "incomplete-scan"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report every file that a parser gave up on, once, with the first member of it where it did.

    Numbers without any mark of their own are no unknown bytes where a model names the file as that of its tensors.
    """
    named_as_data = {target(path, each.path) for path, _, content in contents(evidence) for each in content.externals}
    if evidence.manifest is None and evidence.snapshot is not None and not evidence.snapshot.complete:
        yield found(RULE, f"there are more than {limits.MAX_SNAPSHOT_ENTRIES:,} files; the rest was not listed")
    for path, reading in (evidence.readings or {}).items():
        if reading.content is not None and reading.content.format == "unknown" and path in named_as_data:
            continue
        for member, content in reading.content.walk() if reading.content is not None else ():
            if content.unfollowed is not None:
                where = f"{path} ({member})" if member else path
                finding = found(RULE, f"{where} was not followed to its end: {content.unfollowed}", path)
                yield replace(finding, location=Location(path, member))
                break


CHECK = Check("scan", RULE, Needs.CONTENT, run)
