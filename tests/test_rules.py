"""The catalogue of rules: one file of code, one test file and one entry each, and who may move or waive which."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verifier.checks import CHECKS
from verifier.finding import Severity
from verifier.rules import RULES, Rule

CHECKOUT = Path(__file__).resolve().parents[1]
FIXED = {
    "unapproved-model", "revoked-model", "expired-approval", "unapproved-dependency", "digest-mismatch", "missing-file",
    "unlisted-file", "unsafe-path", "unsigned-checkpoint", "wrong-signer", "wrong-checkpoint", "missing-claim",
}  # fmt: skip
"""About approval, digests, paths and signers: neither lowered, waived nor excepted."""
CONTENT = {
    "remote-code", "trust-remote-code", "pickle", "unsafe-pickle", "unparsable-pickle", "incomplete-scan",
    "writable-path", "disguised-format", "malformed-safetensors", "unsafe-archive", "template-injection",
    "unsafe-layer", "external-data",
}  # fmt: skip
"""What a signed waiver may excuse."""


def names(directory: Path, pattern: str) -> set[str]:
    """The rules that the files in a directory are named after."""
    found = {match[1] for path in directory.iterdir() if (match := re.fullmatch(pattern, path.name))}
    return {name.replace("_", "-") for name in found - {"__init__", "check"}}


def test_each_rule_has_one_file_of_code() -> None:
    assert names(CHECKOUT / "verifier" / "checks", r"(\w+)\.py") == set(RULES)


def test_each_rule_has_one_file_of_tests() -> None:
    tests = names(CHECKOUT / "tests" / "checks", r"test_(\w+)\.py")

    assert set(RULES) - tests == set()
    assert tests - set(RULES) == set()


def test_each_rule_has_one_check_in_the_list() -> None:
    assert sorted(each.rule for each in CHECKS) == sorted(RULES)


def test_each_check_is_the_one_of_its_rules_file() -> None:
    for each in CHECKS:
        module = each.run.__module__
        assert module == f"verifier.checks.{each.rule.replace('-', '_')}"


def test_no_two_checks_have_the_same_name() -> None:
    assert len({each.name for each in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
class TestEntry:
    def test_has_a_stable_id(self, rule: Rule) -> None:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
        assert RULES[rule.id] is rule

    def test_says_what_why_how_and_what_next(self, rule: Rule) -> None:
        for text in (rule.summary, rule.why, rule.example, rule.remedy):
            assert text == text.strip() != ""
        for sentence in (rule.summary, rule.why, rule.remedy):
            assert sentence.endswith(".")

    def test_its_example_shows_it(self, rule: Rule) -> None:
        assert rule.id in rule.example

    def test_is_moved_and_waived_as_the_contract_says(self, rule: Rule) -> None:
        assert rule.fixed is (rule.id in FIXED)
        assert rule.content is (rule.id in CONTENT)

    def test_what_always_denies_is_an_error(self, rule: Rule) -> None:
        assert not rule.fixed or rule.severity is Severity.ERROR

    def test_is_in_the_readme_or_on_a_page_of_the_documentation(self, rule: Rule) -> None:
        pages = [CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")]

        assert any(f"`{rule.id}`" in page.read_text(encoding="utf-8") for page in pages)
