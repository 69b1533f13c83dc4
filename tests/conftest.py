"""What every test shares: no memory of earlier runs, no settings from outside, a small model, a signed registry."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry
from verifier import system_policy
from verifier.registry import seen

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    # Whoever runs the tests in the background may have it ignored, and every process that they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

DEMO_MODEL = Path(__file__).parent / "demo" / "model"
MODEL = "acme/tiny"


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("MODEL_VERIFIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(seen, "MACHINE", tmp_path / "no-machine-memory")
    monkeypatch.setattr(system_policy, "SYSTEM_POLICY", tmp_path / "no-system-policy.toml")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the demonstration model, to be damaged at will."""
    return Path(shutil.copytree(DEMO_MODEL, tmp_path / "model"))


@pytest.fixture
def registry(tmp_path: Path, model: Path) -> FakeRegistry:
    """A published registry in which alice and bob approved `acme/tiny`."""
    made = FakeRegistry(tmp_path / "registry")
    made.approve(MODEL, model)
    made.publish()
    return made
