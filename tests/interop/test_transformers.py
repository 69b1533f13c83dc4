"""transformers, in an environment of its own, loads by id what `exec` verified; with docs/entrypoint.md's own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents import Desk, blocks
from tests.fakes.registry import commit_of
from tests.interop.peers import require

NAME = "acme/base-7b"
LINE = f"model-verifier exec {NAME} --path /models/base-7b --policy policy.toml -- python train.py"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path, NAME)
    made.put("python", f'exec {require("transformers")} "$@"')
    (code,) = blocks("docs/entrypoint.md", "python")
    (made.root / "train.py").write_text(code)
    return made


def test_the_pages_code_loads_the_verified_model(desk: Desk) -> None:
    ended = desk.run(LINE)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == [NAME, "llama"]


def test_it_finds_no_other_and_asks_nobody(desk: Desk) -> None:
    code = (desk.root / "train.py").read_text()
    (desk.root / "train.py").write_text(code.replace(NAME, "acme/unverified"))

    ended = desk.run(LINE, {"HF_ENDPOINT": "http://127.0.0.1:9"})

    assert ended.returncode == 1
    assert "127.0.0.1" not in ended.stderr.partition('"starting python"')[2]
    assert "acme/unverified" in ended.stderr


def test_code_of_the_repository_could_go_nowhere_but_the_empty_directory(desk: Desk) -> None:
    (desk.root / "train.py").write_text(
        "from transformers.utils import HF_MODULES_CACHE\nfrom transformers.utils.hub import constants\n"
        "import os; print(HF_MODULES_CACHE, constants.HF_HUB_CACHE, os.listdir(HF_MODULES_CACHE))"
    )
    modules, hub, found = desk.run(LINE).stdout.split()

    assert (Path(modules).parent, found) == (Path(hub).parent, "[]")
    assert (Path(hub) / "models--acme--base-7b/refs/main").read_text() == commit_of(NAME)
