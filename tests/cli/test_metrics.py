"""`--metrics-file`: written aside and renamed, beside the report and the exit status, which it does not change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import DEMO, NAME, run
from tests.demo.demo import flip_a_byte

RESULT = f'base_model_verification_result{{model_id="{NAME}",result='


def test_verify_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "model.prom"
    ended = run("verify", *DEMO, "--metrics-file", str(file))

    assert ended.status == 0
    assert f'{RESULT}"passed"}} 1.0\n' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.glob(".*")) == []


def test_a_refusal_replaces_what_was_there(tmp_path: Path, model: Path) -> None:
    file = tmp_path / "model.prom"
    file.write_text("of an earlier run\n")
    flip_a_byte(model)
    ended = run("verify", NAME, "--path", str(model), "--policy", "demo", "--metrics-file", str(file))

    assert ended.status == 3
    assert f'{RESULT}"failed"}} 1.0\n' in file.read_text()
    assert "earlier" not in file.read_text()


def test_pull_writes_them_too(tmp_path: Path, model: Path) -> None:
    """What stands there already is verified as it is; nothing is fetched."""
    file = tmp_path / "model.prom"
    ended = run("pull", NAME, "--to", str(model), "--policy", "demo", "--metrics-file", str(file))

    assert ended.status == 0
    assert f'{RESULT}"passed"}} 1.0\n' in file.read_text()


def test_a_variable_can_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_VERIFIER_METRICS_FILE", str(tmp_path / "model.prom"))

    assert run("verify", *DEMO).status == 0
    assert (tmp_path / "model.prom").exists()


class TestUnwritable:
    def test_nothing_is_decided_then(self, tmp_path: Path) -> None:
        ended = run("verify", *DEMO, "--metrics-file", str(tmp_path / "nowhere" / "model.prom"))

        assert ended.status == 4
        assert ended.stdout.startswith("PASSED")
        assert "the metrics can't be written" in ended.stderr

    def test_a_refusal_stays_one(self, tmp_path: Path, model: Path) -> None:
        flip_a_byte(model)
        nowhere = str(tmp_path / "nowhere" / "model.prom")

        assert run("verify", NAME, "--path", str(model), "--policy", "demo", "--metrics-file", nowhere).status == 3

    def test_a_device_is_not_replaced_by_a_file(self) -> None:
        assert run("verify", *DEMO, "--metrics-file", "/dev/null").status == 4
        assert not Path("/dev/null").is_file()
