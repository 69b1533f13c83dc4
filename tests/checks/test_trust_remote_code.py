"""trust-remote-code: source switches on that a model's files may run code."""

from __future__ import annotations

import pytest

from tests.fakes.registry import NOW
from verifier.checks import trust_remote_code
from verifier.evidence import ChangeEvidence, Place
from verifier.finding import Finding, Severity
from verifier.references import NoProject
from verifier.references.find import find
from verifier.references.mention import Kind, Mention

CALL = b"from transformers import AutoModel\nAutoModel.from_pretrained('acme/tiny', %s)\n"


def findings(*places: Place) -> list[Finding]:
    return list(trust_remote_code.run(ChangeEvidence(now=NOW, switches=places)))


def switches(source: bytes) -> tuple[Place, ...]:
    """What the search finds in a file beside the models."""
    mentions = find("a.py", source, NoProject()).mentions
    return tuple(Place("a.py", mention) for mention in mentions if mention.kind != "reference")


def mention(kind: Kind, model: str | None = None) -> Mention:
    return Mention(kind, model, None, 3, 7, "found", "", "torch.load(f)")


@pytest.mark.parametrize("switch", [b"trust_remote_code=True", b"**{'trust_remote_code': True}"])
def test_the_switch_is_bad_in_each_spelling(switch: bytes) -> None:
    (finding,) = findings(*switches(CALL % switch))

    assert (finding.rule, finding.severity) == ("trust-remote-code", Severity.ERROR)
    assert (finding.location.path, finding.location.line) == ("a.py", 2)


@pytest.mark.parametrize("switch", [b"trust_remote_code=False", b"revision='x'"])
def test_without_it_all_is_good(switch: bytes) -> None:
    assert findings(*switches(CALL % switch)) == []


def test_code_of_another_repository_names_it() -> None:
    (finding,) = findings(Place("a.py", mention("custom-code", "evil/pipeline")))

    assert "evil/pipeline" in finding.message
    assert finding.severity is Severity.ERROR


def test_unpickling_only_warns() -> None:
    (finding,) = findings(Place("a.py", mention("unsafe-load")))

    assert finding.severity is Severity.WARNING
