"""What a person sees: a pass in two lines, a refusal in what, where, found against expected, and what to do next."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from tests.report import HOSTILE, MISMATCH, PASSED, UNDECIDED, WAIVER, failed, finding, judged
from verifier import limits
from verifier.finding import Finding, Location, Severity
from verifier.report.text import render, render_all, size
from verifier.verdict import Effect, ErrorReport, Outcome, RegistryUsed, Result, Status, Subject

EXTRA = judged(finding("unlisted-file", "x.py is not in the approval", "x.py", remedy="rm x.py"))


def test_a_pass_is_two_lines() -> None:
    assert render(PASSED) == snapshot("""\
PASSED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  approved by alice, carol until 2026-12-04 in acme-prod, head 412; policy deploy
""")


def test_a_refusal_says_what_where_found_expected_and_next() -> None:
    assert render(failed(judged(MISMATCH))) == snapshot("""\
FAILED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  digest-mismatch  model-00002-of-00004.safetensors is not the approved file
    found     sha256:9999999999999999999999999999999999999999999999999999999999999999
    expected  sha256:5555555555555555555555555555555555555555555555555555555555555555
  next: Fetch it again.
  registry acme-prod, head 412; policy deploy
""")


def test_what_could_not_be_decided_says_why_and_next() -> None:
    assert render(UNDECIDED) == snapshot("""\
UNDECIDED  acme/tiny
  the registry's head expired on 2026-11-19T10:00:00Z
  next: Update the registry.
  policy deploy
""")


def test_an_audit_says_that_nothing_is_enforced() -> None:
    assert render(failed(EXTRA, enforced=False)) == snapshot("""\
FAILED (audit: not enforced)  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  unlisted-file  x.py is not in the approval
  next: rm x.py
  registry acme-prod, head 412; policy deploy
""")


def test_a_pass_in_audit_reads_as_any_other() -> None:
    assert render(replace(PASSED, enforced=False)) == render(PASSED)


def test_a_waived_finding_is_shown_with_the_pass() -> None:
    pickle = judged(finding("pickle", "pytorch_model.bin can run code", "pytorch_model.bin"), Effect.WAIVED)
    outcome = Outcome("pickle", Status.PASSED, (pickle,))
    ends = "the waiver of pickle for pytorch_model.bin ends on 2026-12-04T10:00:00Z"

    assert render(replace(PASSED, outcomes=(outcome,), waivers=(WAIVER,), notices=(ends,))) == snapshot("""\
PASSED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  waived pickle  pytorch_model.bin can run code
  approved by alice, carol until 2026-12-04 in acme-prod, head 412; policy deploy
  note  the waiver of pickle for pytorch_model.bin ends on 2026-12-04T10:00:00Z
""")


def test_warnings_and_notes_are_shown_with_a_pass_and_what_is_ignored_is_not() -> None:
    warning = Finding("unpinned-revision", Severity.WARNING, "'main' moves", "Write the commit.")
    note = Finding("unlisted-file", Severity.NOTE, "3 small files of the Hub client's own were left aside", "none")
    ignored = Finding("typosquatted-publisher", Severity.ERROR, "acme is not acne")
    findings = (judged(warning, Effect.WARN), judged(note, Effect.NOTE), judged(ignored, Effect.IGNORED, moved=True))

    assert render(replace(PASSED, outcomes=(Outcome("x", Status.PASSED, findings),))) == snapshot("""\
PASSED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  warning unpinned-revision  'main' moves
  next: Write the commit.
  note unlisted-file  3 small files of the Hub client's own were left aside
  approved by alice, carol until 2026-12-04 in acme-prod, head 412; policy deploy
""")


def test_what_the_policy_moved_says_so() -> None:
    warning = Finding("unpinned-revision", Severity.WARNING, "'main' moves", "Write the commit.")

    assert render(failed(judged(warning, moved=True))) == snapshot("""\
FAILED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  unpinned-revision (by the policy)  'main' moves
  next: Write the commit.
  registry acme-prod, head 412; policy deploy
""")


def test_many_findings_of_a_rule_are_cut_and_counted() -> None:
    extras = [judged(finding("unlisted-file", f"{number}.py is not in the approval")) for number in range(1_234)]

    assert render(failed(*extras, judged(MISMATCH))) == snapshot("""\
FAILED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  unlisted-file  0.py is not in the approval
  unlisted-file  1.py is not in the approval
  unlisted-file  2.py is not in the approval
  unlisted-file  3.py is not in the approval
  unlisted-file  4.py is not in the approval
  … and 1,229 more of unlisted-file
  digest-mismatch  model-00002-of-00004.safetensors is not the approved file
    found     sha256:9999999999999999999999999999999999999999999999999999999999999999
    expected  sha256:5555555555555555555555555555555555555555555555555555555555555555
  next: Fetch it again.
  registry acme-prod, head 412; policy deploy
""")


def test_findings_that_a_report_leaves_out_are_counted_too() -> None:
    extras = tuple(judged(finding("unlisted-file", f"{number}.py")) for number in range(limits.MAX_FINDINGS_PER_CHECK))
    outcome = Outcome("closed-set", Status.FAILED, extras, omitted=13_000)

    assert f"{limits.MAX_FINDINGS_PER_CHECK - limits.MAX_FINDINGS_IN_TEXT + 13_000:,} more" in render(
        failed(outcomes=(outcome,))
    )


def test_checks_that_did_not_run_are_counted_by_their_reason() -> None:
    skipped = [Outcome(name, Status.SKIPPED, reason="the files were not read") for name in ("pickle", "scan")]
    others = [Outcome(name, Status.SKIPPED, reason="another") for name in ("a", "b", "c")]
    outcomes = (Outcome("closed-set", Status.FAILED, (EXTRA,)), *skipped, *others)

    assert render(failed(outcomes=outcomes)) == snapshot("""\
FAILED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  unlisted-file  x.py is not in the approval
  next: rm x.py
  2 checks not run: the files were not read
  3 checks not run: another
  registry acme-prod, head 412; policy deploy
""")


def test_one_is_not_spoken_of_as_many() -> None:
    one = replace(PASSED, subject=replace(PASSED.subject, files=1))
    skipped = failed(outcomes=(Outcome("scan", Status.SKIPPED, reason="it was not read"),))

    assert "1 file, " in render(one)
    assert "1 check not run" in render(skipped)


def test_a_demonstration_says_so() -> None:
    assert isinstance(PASSED.registry, RegistryUsed)
    demonstration = replace(PASSED, registry=replace(PASSED.registry, demonstration=True))

    assert "acme-prod (a demonstration: it means nothing)" in render(demonstration)


def test_a_lock_says_that_nobody_approved() -> None:
    locked = replace(PASSED, registry=None, notices=("as locked on 2026-11-01; approved by nobody",))

    assert render(locked) == snapshot("""\
PASSED  acme/tiny@3f1c0a52b7de49c6a1f0e8d37b5c94a2608d1e7f  12 files, 14.2 GB
  as locked on 2026-11-01; approved by nobody; policy deploy
""")


def test_approvers_are_not_named_where_the_model_is_refused() -> None:
    assert "alice" not in render(failed(EXTRA))


def test_what_is_hostile_is_shown_escaped() -> None:
    found = finding("unlisted-file", f"{HOSTILE} is odd", HOSTILE, remedy=f"rm {HOSTILE}", found=HOSTILE, expected="x")
    verdict = failed(
        judged(found),
        subject=Subject("acme/tiny", HOSTILE),
        notices=(HOSTILE,),
        outcomes=(
            Outcome("a", Status.FAILED, (judged(found), judged(found, Effect.WAIVED))),
            Outcome("b", Status.SKIPPED, reason=HOSTILE),
            Outcome("c", Status.SKIPPED, reason=HOSTILE),
        ),
    )

    assert render(verdict) == snapshot("""\
FAILED  acme/tiny
  unlisted-file  \\x1b]8;;https://evil.example\\x1b\\x\\x07\\x0a\\u202etxt\\udcff\\x9b31m is odd
    found     \\x1b]8;;https://evil.example\\x1b\\x\\x07\\x0a\\u202etxt\\udcff\\x9b31m
    expected  x
  next: rm \\x1b]8;;https://evil.example\\x1b\\x\\x07\\x0a\\u202etxt\\udcff\\x9b31m
  2 checks not run: \\x1b]8;;https://evil.example\\x1b\\x\\x07\\x0a\\u202etxt\\udcff\\x9b31m
  waived unlisted-file  \\x1b]8;;https://evil.example\\x1b\\x\\x07\\x0a\\u202etxt\\udcff\\x9b31m is odd
    found     \\x1b]8;;https://evil.example\\x1b\\x\\x07\\x0a\\u202etxt\\udcff\\x9b31m
    expected  x
  registry acme-prod, head 412; policy deploy
  note  \\x1b]8;;https://evil.example\\x1b\\x\\x07\\x0a\\u202etxt\\udcff\\x9b31m
""")


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_hostile_gets_through_from_any_field(colour: bool) -> None:
    found = finding("unlisted-file", HOSTILE, HOSTILE, remedy=HOSTILE, found=HOSTILE, expected=HOSTILE)
    assert PASSED.registry is not None
    assert PASSED.policy is not None
    verdict = failed(
        *(judged(found, effect) for effect in Effect),
        subject=Subject(HOSTILE, HOSTILE, HOSTILE),
        registry=replace(PASSED.registry, name=HOSTILE, approved_by=(HOSTILE,)),
        policy=replace(PASSED.policy, name=HOSTILE),
        notices=(HOSTILE,),
        error=ErrorReport(HOSTILE, HOSTILE, HOSTILE),
    )

    text = render(verdict, colour=colour)

    for code in ("1;31", "1;33", "1;2", "0"):
        text = text.replace(f"\x1b[{code}m", "")
    categories = {unicodedata.category(character) for character in text.replace("\n", "")}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert all(line.startswith(("FAILED", "  ")) for line in text.splitlines())


def test_colours_change_nothing_else() -> None:
    verdict = failed(EXTRA, judged(MISMATCH, Effect.WARN))
    plain = render(verdict, colour=True)
    for code in ("1;31", "1;33", "0"):
        plain = plain.replace(f"\x1b[{code}m", "")

    assert "\x1b[1;31mFAILED\x1b[0m" in render(verdict, colour=True)
    assert plain == render(verdict)


def test_a_path_stands_for_a_reference_that_is_not_there() -> None:
    assert render(replace(PASSED, subject=Subject(None, "./checkpoint"))).startswith("PASSED  ./checkpoint\n")


def test_several_have_a_blank_line_between_them() -> None:
    assert render_all([PASSED, UNDECIDED]) == f"{render(PASSED)}\n{render(UNDECIDED)}"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_999, "1.0 MB"),
        (14_200_000_000, "14.2 GB"),
        (2_500_000_000_000, "2.5 TB"),
        (25 * 10**14, "2500.0 TB"),
    ],
)
def test_sizes_are_in_decimal_units(count: int, shown: str) -> None:
    assert size(count) == shown


def test_an_undecided_run_in_audit_says_so() -> None:
    assert render(replace(UNDECIDED, enforced=False)).startswith("UNDECIDED (audit: not enforced)  acme/tiny\n")
    assert UNDECIDED.result is Result.UNDECIDED


def test_a_line_of_source_stands_before_the_message() -> None:
    placed = Finding("unapproved-model", Severity.ERROR, "evil/llama is not approved", "Ask.", Location("a.py", line=3))

    assert "  unapproved-model  a.py:3  evil/llama is not approved\n" in render(failed(judged(placed)))
    with_column = replace(placed, location=Location("a.py", line=3, column=7))
    assert "  unapproved-model  a.py:3:7  evil" in render(failed(judged(with_column)))


def test_of_a_change_the_headline_is_said() -> None:
    assert render(replace(PASSED, headline="no model reference is added")).startswith(
        "PASSED  no model reference is added\n"
    )


@pytest.mark.parametrize("text", ["\n::error::x", "::set-output name=a::b", "##[set-env name=PATH]x"])
def test_no_line_of_a_build_s_log_is_a_command(text: str) -> None:
    hostile = Finding("pickle", Severity.ERROR, text, text, Location(text, line=1), found=text, expected=text)
    shown = render(failed(judged(hostile), judged(hostile, Effect.WARN), subject=Subject(text), notices=(text,)))

    assert not any(line.lstrip().startswith("::") or "##[" in line for line in shown.splitlines())
