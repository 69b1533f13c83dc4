"""`make demo` does what it says, today and in five years, but not for ever."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import DEMO_MODEL
from tests.demo.demo import NAME, STEPS
from tests.demo.make_registry import APPROVED, REVOKED
from tests.fakes.registry import commit_of, rules_of
from verifier.errors import UndecidedError
from verifier.verdict import Result
from verifier.verify import verify

CHECKOUT = Path(__file__).resolve().parents[1]
YEAR = timedelta(days=365)


def test_each_step_ends_as_it_should(tmp_path: Path) -> None:
    """From a directory that holds nothing, as whoever tries it would."""
    script = CHECKOUT / "tests" / "demo" / "demo.py"
    ended = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("\nAll as it should be.\n")
    shown = ended.stdout.split("\n   exit status ")
    expected = ("PASSED", "digest-mismatch", "unlisted-file", "typosquatted-publisher", "revoked-model")
    for text, word, (title, _, _, _) in zip(shown, expected, STEPS, strict=False):
        assert title in text
        assert word in text
    assert len(shown) == len(STEPS) + 1 == len(expected) + 1


def test_the_committed_registry_is_consistent() -> None:
    command = [sys.executable, "-m", "tests.demo.make_registry", "--check"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize("years", [0, 5, 99])
def test_the_demonstration_still_passes_in_some_years(years: int) -> None:
    verdict = verify(NAME, path=DEMO_MODEL, policy="demo", now=datetime.now(UTC) + years * YEAR)

    assert verdict.result is Result.PASSED
    assert verdict.registry is not None
    assert verdict.registry.demonstration


def test_the_demonstration_ends_after_a_century() -> None:
    with pytest.raises(UndecidedError) as caught:
        verify(NAME, path=DEMO_MODEL, policy="demo", now=datetime.now(UTC) + 101 * YEAR)
    assert caught.value.code in ("head-stale", "trust-expired")


def test_it_is_not_believed_before_it_was_made() -> None:
    with pytest.raises(UndecidedError) as caught:
        verify(NAME, path=DEMO_MODEL, policy="demo", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert caught.value.code == "head-stale"


def test_what_was_approved_and_then_revoked_is_refused() -> None:
    assert NAME == APPROVED
    assert rules_of(verify(f"{REVOKED}@{commit_of(REVOKED)}", path=DEMO_MODEL, policy="demo")) == {"revoked-model"}
