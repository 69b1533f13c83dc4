"""`model-verifier explain`: every rule has its reason, an example and a remedy."""

from __future__ import annotations

import pytest

from tests.cli import run
from verifier.rules import RULES, Rule


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_is_explained(rule: Rule) -> None:
    ended = run("explain", rule.id)

    assert (ended.status, ended.stderr) == (0, "")
    for text in (rule.id, rule.severity.value, rule.summary, rule.why, rule.remedy):
        assert text in ended.stdout
    assert all(line in ended.stdout for line in rule.example.splitlines())


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("digest-mismatch", "error; always denies; no record can waive it"),
        ("pickle", "error; a policy may move it; a signed record may waive it"),
        ("unpinned-revision", "warning; a policy may move it; no record can waive it"),
    ],
)
def test_it_says_who_may_move_a_rule(rule: str, says: str) -> None:
    assert run("explain", rule).stdout.startswith(f"{rule} ({says})\n")


def test_without_a_rule_all_are_listed_with_their_summaries() -> None:
    ended = run("explain")

    lines = [line.split(maxsplit=1) for line in ended.stdout.splitlines()]
    assert ended.status == 0
    assert lines == [[rule.id, rule.summary] for rule in RULES.values()]


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("digest-mismatched", "Did you mean digest-mismatch?"),
        ("pikcle", "Did you mean pickle?"),
        ("zzz", "`model-verifier explain` lists all rules."),
        ("", "`model-verifier explain` lists all rules."),
    ],
)
def test_an_unknown_rule_is_a_usage_error_with_a_hint(rule: str, hint: str) -> None:
    ended = run("explain", rule)

    assert (ended.status, ended.stdout) == (2, "")
    assert f"there is no rule {rule!r}" in ended.stderr
    assert hint in ended.stderr


def test_an_unknown_rule_is_shown_escaped() -> None:
    assert "\x1b" not in run("explain", "\x1b[2Jpickle").stderr
