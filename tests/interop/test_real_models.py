"""Files that the real libraries wrote: none is refused, each is followed to its end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.interop.peers import require
from verifier.checks import CONTENT_CHECKS, Skipped
from verifier.evidence import Evidence, Pickles
from verifier.finding import Severity
from verifier.formats import identify
from verifier.scan import scan
from verifier.snapshot import look, take
from verifier.verdict import Effect, Verdict


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what `write_models.py` writes."""
    to = tmp_path_factory.mktemp("models")
    script = Path(__file__).with_name("write_models.py")
    done = subprocess.run([require("frameworks"), script, to], capture_output=True, text=True, check=False, cwd=to)
    assert done.returncode == 0, done.stderr
    return to


@pytest.fixture(scope="module")
def verdict(written: Path) -> Verdict:
    """The scan of all of them."""
    return scan([written], decompile=False)


def test_no_file_is_refused(verdict: Verdict) -> None:
    refused = {
        judged.finding.location.path: judged.finding.message for judged in verdict.findings(Effect.DENY, Effect.WARN)
    }

    assert refused == {}


def test_each_is_followed_to_its_end(verdict: Verdict) -> None:
    assert len(verdict.files or ()) > 65
    assert [file.path for file in verdict.files or () if file.status == "incomplete"] == []


def test_the_page_states_as_many_as_were_counted(verdict: Verdict) -> None:
    files = len(verdict.files or ())
    page = (Path(__file__).parents[2] / "docs/scanning.md").read_text(encoding="utf-8")

    assert f"| written by the real libraries (`tests/interop`) | {files} | 0 | 0 | {files} |" in page


def test_formats_are_told(verdict: Verdict) -> None:
    formats = {file.path: file.format for file in verdict.files or ()}

    assert formats["torch.pt"] == "torch"
    assert formats["torch-legacy.pt"] == "legacy torch"
    assert formats["training_args.bin"] == "torch"
    assert formats["torchscript.pt"] == "torch"
    assert formats["sklearn-forest.lzma.joblib"] == "xz"
    assert formats["numpy-objects.npy"] == "numpy"
    assert formats["pandas.pkl.gz"] == "gzip"


def test_frameworks_are_named_and_a_policy_can_allow_them(written: Path, verdict: Verdict) -> None:
    needed = {
        (str(judged.finding.location.path), judged.finding.message.split(" needs ")[1].split(":")[0])
        for judged in verdict.findings(Effect.NOTE)
        if judged.finding.rule == "unsafe-pickle"
    }
    assert {("sklearn-forest.joblib", "sklearn"), ("xgboost.pkl", "xgboost"), ("lightgbm.pkl", "lightgbm")} <= needed
    assert {("training_args.bin", "transformers"), ("pandas.pkl", "pandas")} <= needed

    snapshot = take(written)
    readings = look(list(snapshot.files.values()), identify)
    tiers = frozenset({"sklearn", "xgboost", "lightgbm", "transformers", "pandas"})
    evidence = Evidence(now=verdict.time, readings=readings, pickles=Pickles.SCAN, frameworks=tiers)
    answers = [check.run(evidence) for check in CONTENT_CHECKS]
    errors = [
        finding.message
        for answer in answers
        if not isinstance(answer, Skipped)
        for finding in answer
        if finding.severity is Severity.ERROR
    ]
    assert errors == []
