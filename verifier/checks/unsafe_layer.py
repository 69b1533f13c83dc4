"""unsafe-layer: a layer, an operator or a class that a model names runs code or touches the machine."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, contents, found, named, within
from verifier.evidence import Evidence
from verifier.finding import Finding, Severity
from verifier.formats.content import Reach

RULE = "unsafe-layer"
SEVERITIES = {
    Reach.CODE: Severity.ERROR,
    Reach.SYSTEM: Severity.ERROR,
    Reach.CUSTOM: Severity.WARNING,
    Reach.LIBRARY: Severity.NOTE,
}
"""What the file brings or reaches by itself denies; what somebody must first add to the loader warns."""


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report every operation that a parser could not take for the format's ordinary ones."""
    for path, member, content in contents(evidence):
        for operation in content.operations:
            where = f" ({operation.where})" if operation.where else ""
            finding = found(RULE, f"{named(path, member)}: {operation.name}{where} {operation.what}", path)
            yield within(finding, member, offset=operation.offset, severity=SEVERITIES[operation.reach])


CHECK = Check("layers", RULE, Needs.CONTENT, run)
