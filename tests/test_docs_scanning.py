"""docs/scanning.md is true: its snippet runs and gives what stands there, its policy is valid."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from verifier.document import build
from verifier.policy import PolicyDocument
from verifier.report import text as text_report
from verifier.verdict import Verdict

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "scanning.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))


def test_the_snippet_gives_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(BLOCKS["python"], names)  # noqa: S102 - the page's own snippet

    verdict = names["verdict"]
    assert isinstance(verdict, Verdict)
    assert text_report.render(verdict).startswith(BLOCKS["text"])


def test_the_policys_keys_are_valid() -> None:
    policy = build({"schema": "model-verifier/policy/v1", "name": "x", **tomllib.loads(BLOCKS["toml"])}, PolicyDocument)

    assert (policy.pickle.mode, policy.pickle.frameworks) == ("scan", ("sklearn", "xgboost"))
