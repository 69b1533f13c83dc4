"""digest-mismatch: a file is not the approved file; by its size first, then by its SHA-256."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

from verifier.checks.check import Answer, Check, Needs, Skipped, found
from verifier.evidence import CheckpointEvidence, Evidence
from verifier.finding import Finding

RULE = "digest-mismatch"
_FROM_ENDPOINT = "The endpoint serves other bytes than these: tell whoever runs it, and do not use it until then."


def run(evidence: Evidence) -> Answer:
    """Compare what was read with the manifest; sizes alone where the files were not read."""
    if evidence.snapshot is None and evidence.remote is not None:
        return list(_declared_otherwise(evidence))
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
    how = f"in {evidence.listed_by}"
    for path, entry in evidence.snapshot.files.items():
        file = evidence.manifest.files.get(path)
        if file is None:
            continue
        again = _FROM_ENDPOINT if evidence.fetched else f"rm {shlex.quote(str(entry.real_path))} and fetch it again"
        reading = evidence.readings.get(path) if evidence.readings is not None else None
        if entry.size != file.size:
            yield differs(path, how, f"{entry.size:,} bytes", f"{file.size:,} bytes", again)
        elif reading is not None and reading.error is None and reading.digest is None:
            remedy = "Stop what writes to it, fetch the file again, and run again."
            yield found(RULE, f"{path} changed while it was read", path, remedy=remedy)
        elif reading is not None and reading.digest is not None and reading.digest != file.digest:
            yield differs(path, how, str(reading.digest), str(file.digest), again)


def _declared_otherwise(evidence: Evidence) -> Iterator[Finding]:
    """Compare what the Hub declares with the manifest; it declares a SHA-256 of large files only."""
    declared = evidence.remote.files if evidence.remote else {}
    for file in evidence.manifest.only(evidence.chosen) if evidence.manifest else ():
        remote = declared.get(file.path)
        if remote is not None and remote.sha256 is not None and remote.sha256 != file.digest.hex:
            message = "the Hub declares another file; pull will refuse it. Tell the registry's owners."
            yield differs(file.path, f"in {evidence.listed_by}", f"sha256:{remote.sha256}", str(file.digest), message)


def differs(path: str, how: str, seen: str, expected: str, remedy: str = "") -> Finding:
    """Make the finding for a file that is not the one that was approved, locked or declared (`how`)."""
    return replace(found(RULE, f"{path} is not the file {how}", path, remedy=remedy), found=seen, expected=expected)


def run_on_tarball(evidence: CheckpointEvidence) -> Answer:
    """Compare a tarball's bytes, all of them, with what was signed."""
    if evidence.tarball_digest is None or evidence.digest is None:
        return Skipped(evidence.unread)
    if evidence.tarball_digest == evidence.digest:
        return ()
    remedy = "Fetch it again; if it differs again, its store was changed: tell whoever runs it."
    return [differs("the tarball", "that was signed", str(evidence.tarball_digest), str(evidence.digest), remedy)]


TARBALL = Check("digests", RULE, Needs.STANDING, run_on_tarball)
CHECK = Check("digests", RULE, Needs.LISTING, run)
