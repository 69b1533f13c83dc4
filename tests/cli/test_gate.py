"""`model-verifier gate`: what a person, a pre-commit hook and a workflow get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.cli import run
from tests.gate import COMMIT, EVIL, PINNED, Checkout
from tests.gate.test_target import lock_of
from verifier.verdict import Result

ADD = ("gate", "--base", "main", "--policy", "lockfile", "--lock", "models.lock")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout whose main branch has a lock, and no registry whose head could grow old."""
    from tests.fakes.registry import FakeRegistry
    from tests.test_git import git

    root = tmp_path / "checkout"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main")
    made = Checkout(root, FakeRegistry(tmp_path / "registry"))
    made.commit({"models.lock": lock_of(f"acme/tiny@{COMMIT}")})
    monkeypatch.chdir(root)
    return made


def test_a_refusal_is_understood_at_a_glance(checkout: Checkout) -> None:
    checkout.change({"src/train.py": EVIL, "src/eval.py": PINNED})
    ended = run(*ADD)

    assert (ended.status, ended.stderr) == (3, "")
    assert ended.stdout.splitlines() == [
        "FAILED  2 models are added, 1 place is refused (2 files searched, 2 changed)",
        "  unapproved-model  src/train.py:2:27  evil/llama is not in models.lock",
        "  next: After a review: model-verifier lock evil/llama (in a change that reaches the target branch first)",
        "  policy lockfile",
    ]


def test_nothing_added_is_one_plain_sentence(checkout: Checkout) -> None:
    checkout.change({"logo.png": b"\x89PNG"})
    ended = run(*ADD)

    assert ended.status == 0
    assert ended.stdout == snapshot("""\
PASSED  no model reference is added (0 files searched, 1 changed)
  policy lockfile
""")


def test_the_json_lists_every_reference(checkout: Checkout) -> None:
    checkout.change({"src/eval.py": PINNED})
    ended = run(*ADD, "--format", "json")

    assert ended.status == 0
    assert ended.report["references"] == [
        {"model": "acme/tiny", "revision": COMMIT, "path": "src/eval.py", "line": 2, "column": 27, "status": "found"}
    ]
    assert ended.report["subject"]["path"] == str(checkout.root)


def test_one_run_writes_all_that_a_workflow_shows(checkout: Checkout, tmp_path: Path) -> None:
    checkout.change({"src/train.py": EVIL})
    summary, comment, sarif = tmp_path / "summary.md", tmp_path / "comment.md", tmp_path / "gate.sarif"
    written = ("--summary", str(summary), "--comment", str(comment), "--sarif", str(sarif))
    ended = run(*ADD, "--format", "github", *written)

    assert ended.status == 3
    assert ended.stdout.startswith("::error file=src/train.py,line=2,col=27,title=unapproved-model::evil/llama is not")
    assert "**unapproved-model** at `src/train.py:2:27`" in summary.read_text()
    assert comment.read_text().startswith("<!-- model-verifier -->")
    (result,) = json.loads(sarif.read_text())["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/train.py"


def test_an_audit_refuses_nothing(checkout: Checkout) -> None:
    checkout.change({"src/train.py": EVIL})
    ended = run(*ADD, "--mode", "audit")

    assert ended.status == 0
    assert ended.stdout.startswith("FAILED (audit: not enforced)")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("gate", "--base", "main"), 2),
        (("gate", "--base", "nowhere", "--policy", "lockfile", "--lock", "models.lock"), 2),
        (("gate", "--base", "main", "--policy", "demo"), 2),
        (("gate", "nowhere.py", "--policy", "lockfile", "--lock", "models.lock"), 2),
        (("gate", "--head", "HEAD", "models.lock", "--policy", "lockfile", "--lock", "models.lock"), 2),
    ],
)
def test_bad_input_is_exit_2(checkout: Checkout, arguments: tuple[str, ...], status: int) -> None:
    checkout.change({"src/train.py": EVIL})
    ended = run(*arguments)

    assert (ended.status, ended.stdout) == (status, "")
    assert "next:" in ended.stderr


def test_a_broken_repository_is_undecided(checkout: Checkout, tmp_path: Path) -> None:
    checkout.change({"src/train.py": EVIL})
    tree = checkout.git("rev-parse", "HEAD^{tree}")
    (checkout.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    summary = tmp_path / "summary.md"
    ended = run(*ADD, "--format", "json", "--summary", str(summary))

    assert ended.status == 4
    assert ended.report["result"] == Result.UNDECIDED
    assert summary.read_text().startswith("### Undecided")
    assert run(*ADD, "--mode", "audit").status == 0


@pytest.mark.parametrize("option", ["--summary", "--comment", "--sarif"])
def test_what_can_t_be_written_is_exit_4_and_takes_no_other_report_away(
    option: str, checkout: Checkout, tmp_path: Path
) -> None:
    others = {"--summary", "--comment", "--sarif"} - {option}
    files = [part for each in others for part in (each, str(tmp_path / each))]
    ended = run(*ADD, option, "/nowhere/report", *files, "--format", "json")

    assert ended.status == 4
    assert ended.report["result"] == "PASSED"
    assert "can't be written to '/nowhere/report'" in ended.stderr
    assert all((tmp_path / each).stat().st_size for each in others)


def test_a_refusal_stays_one_where_a_report_can_t_be_written(checkout: Checkout) -> None:
    checkout.change({"src/train.py": EVIL})
    ended = run(*ADD, "--summary", "/nowhere/summary.md")

    assert ended.status == 3
    assert "unapproved-model" in ended.stdout
    assert "can't be written" in ended.stderr


def test_each_option_is_a_variable_too(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.change({"src/train.py": EVIL})
    for name, value in {"BASE": "main", "POLICY": "lockfile", "LOCK": "models.lock", "FORMAT": "json"}.items():
        monkeypatch.setenv(f"MODEL_VERIFIER_{name}", value)

    assert run("gate").rules == ["unapproved-model"]
