"""unpinned-revision: a branch, a tag or a short commit was named, and no lock pins it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from verifier.checks.check import Check, Needs, found, located
from verifier.evidence import ChangeEvidence, ModelEvidence
from verifier.finding import Finding

RULE = "unpinned-revision"


def run(evidence: ModelEvidence) -> Iterable[Finding]:
    """Look at what was typed; without any revision the registry's one live approval is meant."""
    revision = evidence.asked.revision
    if revision is not None and evidence.asked.commit is None and evidence.locked_at is None:
        judged = evidence.reference.commit
        tail = f"; judged as {judged}" if judged else ""
        remedy = f"Write {evidence.reference}." if judged else ""
        yield found(RULE, f"{revision!r} moves or is not a whole commit{tail}", remedy=remedy)


CHECK = Check("revision", RULE, Needs.STANDING, run)


def run_on_change(evidence: ChangeEvidence) -> Iterator[Finding]:
    """Look at what source names: there no revision at all moves, too. A model that is refused anyway is passed over."""
    for named in evidence.named:
        model = named.model
        if model is None or model.refusal is not None or model.locked_at is not None or model.asked.commit is not None:
            continue
        what = f"{model.asked} moves" if model.asked.revision else f"{model.asked} is loaded at no revision"
        commit = model.reference.commit
        remedy = f"Write revision={commit!r}, or pin it in models.lock." if commit else ""
        yield located(found(RULE, f"{what}: what the Hub holds when it runs is loaded", remedy=remedy), named.place)


CHANGE_CHECK = Check("revision", RULE, Needs.STANDING, run_on_change)
