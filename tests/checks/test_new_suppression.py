"""new-suppression: a change adds the exception that it needs itself."""

from __future__ import annotations

from tests.fakes.registry import NOW
from verifier.checks import new_suppression
from verifier.evidence import ChangeEvidence
from verifier.finding import Finding, Location, Severity
from verifier.references import Pragma


def findings(*pragmas: tuple[str, Pragma]) -> list[Finding]:
    return list(new_suppression.run(ChangeEvidence(now=NOW, pragmas=pragmas)))


def test_one_that_the_change_adds_is_bad() -> None:
    (finding,) = findings(("a.py", Pragma(("unresolved-reference", "unpinned-revision"), "legacy", 7)))

    assert (finding.rule, finding.severity) == ("new-suppression", Severity.ERROR)
    assert finding.location == Location("a.py", line=7)
    assert finding.message.endswith("unresolved-reference, unpinned-revision: legacy")


def test_none_is_good() -> None:
    assert findings() == []
