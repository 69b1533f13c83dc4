"""What GitHub shows: few annotations, the gravest first; a summary that holds all; nothing that acts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from tests.report import HOSTILE, MISMATCH, PASSED, UNDECIDED, failed, finding, judged
from verifier import limits
from verifier.finding import Finding, Location, Severity
from verifier.report.github import COMMENT_MARK, commands, comment, summary
from verifier.verdict import Effect, Outcome, Status, Subject

REFERENCE = judged(
    Finding(
        "unapproved-model",
        Severity.ERROR,
        "evil/llama is not in the registry",
        "Ask.",
        Location("src/a,b.py", line=3, column=7),
    )
)
INJECTED = "x\n::set-output name=a::b\r##[set-env name=PATH]evil %0A::error::"


def test_an_annotation_stands_at_its_line() -> None:
    assert commands([failed(REFERENCE)]) == snapshot("""\
::error file=src/a%2Cb.py,line=3,col=7,title=unapproved-model::evil/llama is not in the registry. Ask.
FAILED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  1 refused, 0 warned
""")


def test_a_pass_is_one_plain_line() -> None:
    assert commands([PASSED]).startswith("PASSED  ")


def test_what_could_not_be_decided_is_an_error() -> None:
    assert commands([UNDECIDED]).startswith("::error title=model-verifier::the registry's head expired")


def test_beyond_ten_the_gravest_are_shown() -> None:
    warnings = [judged(finding("pickle", f"warning {number}"), Effect.WARN) for number in range(12)]
    lines = commands([failed(*warnings, REFERENCE)]).splitlines()

    assert lines[0].startswith("::error file=")
    assert sum(line.startswith("::") for line in lines) == limits.MAX_ANNOTATIONS
    assert "3 more are in the job's summary" in lines


@pytest.mark.parametrize("text", [INJECTED, HOSTILE, "::stop-commands::x", "##vso[task.setvariable variable=a]b"])
def test_no_text_becomes_a_command(text: str) -> None:
    hostile = Finding("pickle", Severity.ERROR, text, text, Location(text, line=1))
    verdict = failed(judged(hostile), subject=Subject(text))

    for line in commands([verdict, replace(UNDECIDED, subject=Subject(text))]).splitlines():
        assert line.startswith(("::error file=", "::error title=", "FAILED  ", "UNDECIDED  "))
        assert not re.search(r"##[A-Za-z]*\[", line)


@given(st.text())
def test_whatever_is_found_no_line_begins_with_it(text: str) -> None:
    verdict = failed(judged(Finding("pickle", Severity.ERROR, text, text, Location(text, line=1))))

    assert len(commands([verdict]).splitlines()) == 2


class TestSummary:
    def test_says_what_where_and_what_next(self) -> None:
        swapped = replace(MISMATCH, location=Location("a.bin"), message="a.bin differs", found="x", expected="y")

        assert summary([failed(REFERENCE, judged(swapped, Effect.WARN))]) == snapshot("""\
### Failed: `acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f`

**Refused**

- **unapproved-model** at `src/a,b.py:3:7`: `evil/llama is not in the registry`
  - next: `Ask.`

**Warnings**

- **digest-mismatch** at `a.bin`: `a.bin differs`; found `x`, expected `y`


Decided by policy `deploy`, registry `acme-prod`, head 412.

""")

    def test_says_that_an_audit_enforces_nothing_and_what_did_not_run(self) -> None:
        skipped = Outcome("digests", Status.SKIPPED, reason="not read")
        text = summary([failed(enforced=False, outcomes=(skipped,), notices=("look",))])

        assert "Failed (audit: not enforced)" in text
        assert "- `digests` did not run: `not read`" in text
        assert "- `look`" in text

    def test_tells_why_nothing_was_decided(self) -> None:
        assert "Next: `Update the registry.`" in summary([UNDECIDED])

    def test_without_policy_and_registry(self) -> None:
        assert "Decided" not in summary([replace(PASSED, policy=None, registry=None, subject=Subject(None))])

    def test_fits_and_says_what_is_left_out(self) -> None:
        many = [judged(finding("pickle", f"{number} {'ü' * 1_900}", "a")) for number in range(1_000)]
        text = summary([failed(*many)])

        assert limits.MAX_JOB_SUMMARY - 5_000 < len(text.encode()) <= limits.MAX_JOB_SUMMARY
        assert text.endswith("`--format json` has all of it.\n")

    @pytest.mark.parametrize(
        "text", ["@acme/team [x](http://e)", "`@bob`", "``` <img src=x>", "</code>@bob", "|a|\n# b", "&#64;bob", "*x*"]
    )
    def test_no_markup_no_link_and_no_mention_gets_out(self, text: str) -> None:
        html = MarkdownIt("commonmark").enable("table").render(summary([failed(judged(finding("pickle", text, text)))]))

        assert re.sub(r"<code>.*?</code>", "", html).find("@") == -1
        assert set(re.findall(r"<(\w+)", html)) <= {"h3", "p", "strong", "ul", "li", "code", "br"}


class TestComment:
    def test_can_be_found_again(self) -> None:
        assert comment([failed(REFERENCE)]).startswith(f"{COMMENT_MARK}\n### Failed")

    def test_fits(self) -> None:
        many = [judged(finding("pickle", "x" * 1_900, "a")) for _ in range(100)]

        assert len(comment([failed(*many)])) <= limits.MAX_COMMENT

    def test_no_finding_can_forge_the_mark(self) -> None:
        text = comment([failed(judged(finding("pickle", COMMENT_MARK)))])

        assert f"`{COMMENT_MARK}`" in text
