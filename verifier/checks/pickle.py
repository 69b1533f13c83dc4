"""pickle: a file bears a pickle, told by its content."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.checks.check import Check, Needs, found
from verifier.evidence import Evidence
from verifier.finding import Finding

RULE = "pickle"


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report every pickle-bearing file, with the safetensors twin first where the approval holds one."""
    twins = sorted(path for path in (evidence.manifest.files if evidence.manifest else ()) if _is_weights(path))
    for path, reading in (evidence.readings or {}).items():
        if reading.content is not None and reading.content.pickles:
            where = "; ".join(reading.content.pickles[:3])
            yield found(
                RULE, f"{path} can run code when it is loaded: {where}", path, remedy=_remedy(evidence, path, twins)
            )


def _is_weights(path: str) -> bool:
    return path.endswith(".safetensors")


def _remedy(evidence: Evidence, path: str, twins: list[str]) -> str:
    if evidence.standing is None:
        lock = f"model-verifier lock {evidence.reference}" if twins else "Convert it to safetensors and lock the result"
        return f'{lock} (the set without pickles), then pull it; to take it as it is, a policy with pickle = "warn".'
    directory = path.rpartition("/")[0]
    beside = [twin for twin in twins if twin.rpartition("/")[0] == directory]
    first = f"Use the approved {beside[0]} and remove {path}; else " if beside else ""
    return (
        f"{first}convert it (safetensors.torch.save_file in a sandbox) and have the result approved; "
        "else ask for a dated waiver in the signed record."
    )


CHECK = Check("pickle", RULE, Needs.CONTENT, run)
