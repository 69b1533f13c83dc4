"""pickle: a file bears a pickle, told by its content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence, Pickles
from verifier.finding import Finding, Severity

RULE = "pickle"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report every pickle-bearing file, the safetensors twin first; a note where pickles are judged by what they do."""
    twins = sorted(path for path in (evidence.manifest.files if evidence.manifest else ()) if _is_weights(path))
    for path, reading in (evidence.readings or {}).items():
        if reading.content is not None and reading.content.pickles:
            where = "; ".join(reading.content.pickles[:3])
            finding = found(RULE, f"{path} can run code when it is loaded: {where}", path, remedy=_remedy(path, twins))
            yield finding if evidence.pickles is Pickles.REJECT else replace(finding, severity=Severity.NOTE)


def _is_weights(path: str) -> bool:
    return path.endswith(".safetensors")


def _remedy(path: str, twins: list[str]) -> str:
    directory = path.rpartition("/")[0]
    beside = [twin for twin in twins if twin.rpartition("/")[0] == directory]
    first = f"Use {beside[0]} and leave {path} out; else " if beside else ""
    text = (
        f"{first}convert it (safetensors.torch.save_file in a sandbox) and have the result approved or locked; to take "
        'it as it is: a dated waiver in the signed record or, under a lock, a policy with pickle = "warn".'
    )
    return text[0].upper() + text[1:]


CHECK = Check("pickle", RULE, Needs.CONTENT, run)
