"""digest-mismatch: a file is not the approved file; by its size first, then by its SHA-256."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.checks.check import Answer, Check, Needs, Skipped, found
from verifier.evidence import Evidence
from verifier.finding import Finding

RULE = "digest-mismatch"


def run(evidence: Evidence) -> Answer:
    """Compare what was read with the manifest; sizes alone where the files were not read."""
    findings = list(_mismatches(evidence))
    if evidence.readings is None and not findings:
        return Skipped(evidence.unread)
    unreadable = [path for path, reading in (evidence.readings or {}).items() if reading.error]
    if unreadable and not findings:
        return Skipped(f"{unreadable[0]} could not be read")
    return findings


def _mismatches(evidence: Evidence) -> Iterator[Finding]:
    if evidence.snapshot is None or evidence.manifest is None:
        return
    for path, entry in evidence.snapshot.files.items():
        file = evidence.manifest.files.get(path)
        if file is None:
            continue
        reading = evidence.readings.get(path) if evidence.readings is not None else None
        if entry.size != file.size:
            yield _differs(evidence, path, f"{entry.size:,} bytes", f"{file.size:,} bytes")
        elif reading is not None and reading.error is None and reading.digest is None:
            remedy = "Stop what writes to it, fetch the file again, and run again."
            yield found(RULE, f"{path} changed while it was read", path, remedy=remedy)
        elif reading is not None and reading.digest is not None and reading.digest != file.digest:
            yield _differs(evidence, path, str(reading.digest), str(file.digest))


def _differs(evidence: Evidence, path: str, seen: str, expected: str) -> Finding:
    how = "locked" if evidence.standing is None else "approved"
    return replace(found(RULE, f"{path} is not the {how} file", path), found=seen, expected=expected)


CHECK = Check("digests", RULE, Needs.SNAPSHOT, run)
