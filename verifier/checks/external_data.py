"""external-data: a model takes bytes from a file that lies outside its own directory."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from verifier.checks.check import Check, Needs, contents, found, named, within
from verifier.evidence import Evidence
from verifier.finding import Finding, Severity

RULE = "external-data"
_DRIVE = re.compile(r"[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://")


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report every path that leaves the model's files; a file that is not there is a note, since loading fails."""
    for path, member, content in contents(evidence):
        for external in content.externals:
            problem = _problem(path, external.path)
            missing = problem is None and target(path, external.path) not in (evidence.readings or {})
            if problem is None and not missing:
                continue
            message = problem or "is not among the files that were read"
            text = (
                f"{named(path, member)} takes bytes of {external.where!r} from {external.path[:200]!r}, which {message}"
            )
            severity = Severity.NOTE if missing else None
            yield within(found(RULE, text, path), member, offset=external.offset, severity=severity)


def target(path: str, external: str) -> str:
    """Give the file that is meant, as a path in the snapshot."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), external))


def _problem(path: str, external: str) -> str | None:
    """Say what is wrong with a path, as loaders on any system would read it."""
    if not external or "\0" in external or any(not character.isprintable() for character in external):
        return "is no file's name"
    if external.startswith(("/", "\\", "~")) or _DRIVE.match(external):
        return "is an absolute path"
    if ".." in re.split(r"[/\\]", external):
        return "leads out of the model's directory"
    return None


CHECK = Check("external-data", RULE, Needs.CONTENT, run)
