"""The entrypoint's log: one JSON object a line, whatever the names in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, commit_of
from verifier import limits
from verifier.errors import UndecidedError
from verifier.judge import undecided
from verifier.report import log
from verifier.verdict import Verdict


def told(verdict: Verdict) -> dict[str, Any]:
    text = log.verdict(verdict, 1.23456)
    assert text.count("\n") == 1
    assert text.endswith("\n")
    value: dict[str, Any] = json.loads(text)
    return value


def test_a_verdict_is_one_line_with_what_the_metrics_say(registry: FakeRegistry, model: Path) -> None:
    line = told(registry.verify(MODEL, model))

    assert line == {
        "time": "2026-11-20T10:00:00Z",
        "level": "info",
        "event": "verdict",
        "message": f"PASSED {MODEL}@{commit_of(MODEL)}",
        "result": "PASSED",
        "enforced": True,
        "model": f"{MODEL}@{commit_of(MODEL)}",
        "path": str(model),
        "set": "default",
        "files": 8,
        "bytes": sum(path.stat().st_size for path in model.iterdir()),
        "seconds": 1.235,
        "policy": "test",
        "registry": "acme",
        "head_expires": "2026-12-04T10:00:00Z",
        "approval_expires": "2027-09-16T10:00:00Z",
        "findings": [],
        "findings_omitted": 0,
        "notices": [],
    }


def test_a_warning_has_its_level(registry: FakeRegistry, model: Path) -> None:
    line = told(registry.verify(f"{MODEL}@main", model))

    assert (line["level"], line["findings"][0]["rule"]) == ("warning", "unpinned-revision")


def test_what_denies_is_told_first_and_what_is_left_out_is_counted(registry: FakeRegistry, model: Path) -> None:
    for number in range(30):
        (model / f"{number}.py").touch()
    line = told(registry.verify(f"{MODEL}@main", model))

    assert [finding["rule"] for finding in line["findings"]] == ["unlisted-file"] * limits.MAX_FINDINGS_IN_LOG
    assert line["findings_omitted"] > 10


def test_doubt_says_why_and_what_next() -> None:
    line = told(undecided(UndecidedError("the head is stale", "Publish one.", code="head-stale"), MODEL, None, NOW))

    assert (line["level"], line["result"]) == ("error", "UNDECIDED")
    assert (line["code"], line["reason"], line["remedy"]) == ("head-stale", "the head is stale", "Publish one.")
    assert line["policy"] is None


@given(st.text(max_size=200))
def test_no_text_starts_another_line(text: str) -> None:
    line = log.line("2026-11-20T10:00:00Z", "info", "start", text, more=text)

    assert line.isascii()
    assert [character for character in line if not character.isprintable()] == ["\n"]
    assert json.loads(line)["message"] == text


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=5_000))
def test_a_termination_message_is_never_cut_inside_a_character(text: str) -> None:
    cut = log.cut(text)

    assert len(cut) <= limits.MAX_TERMINATION_MESSAGE
    assert text.startswith(cut.decode("utf-8"))


def test_it_tells_of_refusals_only(registry: FakeRegistry, model: Path) -> None:
    passed = registry.verify(MODEL, model)
    (model / "modeling.py").touch()
    message = log.termination([passed, registry.verify(MODEL, model)]).decode()

    assert message.startswith("FAILED")
    assert "PASSED" not in message
