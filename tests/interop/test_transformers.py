"""transformers, in an environment of its own, loads by id what `exec` verified; with docs/entrypoint.md's own code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import DEMO_MODEL
from tests.documents import Desk, blocks
from tests.fakes.hub import fill_cache
from tests.fakes.registry import commit_of
from tests.interop.peers import Peer, require

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


@pytest.mark.parametrize("peer", ["transformers", "frameworks"])
def test_a_shared_cache_whose_main_nobody_verified_gives_the_verified_one(desk: Desk, peer: Peer) -> None:
    """In `frameworks` PyTorch is there, and the weights themselves are loaded."""
    files = {path.name: path for path in DEMO_MODEL.iterdir()}
    other = json.dumps(json.loads((DEMO_MODEL / "config.json").read_bytes()) | {"bos_token_id": 7})
    cache = desk.root / "shared" / "hub"
    fill_cache(cache, NAME, commit_of(NAME), files)
    fill_cache(cache, NAME, commit_of("unverified"), files | {"config.json": other.encode()})
    desk.put("python", f'exec {require(peer)} "$@"')
    load = f"AutoModelForCausalLM.from_pretrained({NAME!r})" if peer == "frameworks" else "None"
    (desk.root / "train.py").write_text(
        "from transformers import AutoConfig, AutoModelForCausalLM\n"
        f"model = {load}\nconfig = model.config if model else AutoConfig.from_pretrained({NAME!r})\n"
        "print(config.bos_token_id, model.num_parameters() if model else 0)"
    )
    shared = {"HF_HOME": str(cache.parent), "HF_HUB_OFFLINE": "1"}

    without = desk.run("python train.py", shared)
    behind = desk.run(f"model-verifier exec {NAME} --policy policy.toml -- python train.py", shared)

    assert without.stdout.split()[0] == "7"
    bos, parameters = behind.stdout.split()
    assert bos != "7"
    assert (int(parameters) > 0) == (peer == "frameworks")


def test_code_of_the_repository_could_go_nowhere_but_the_empty_directory(desk: Desk) -> None:
    (desk.root / "train.py").write_text(
        "from transformers.utils import HF_MODULES_CACHE\nfrom transformers.utils.hub import constants\n"
        "import os; print(HF_MODULES_CACHE, constants.HF_HUB_CACHE, os.listdir(HF_MODULES_CACHE))"
    )
    modules, hub, found = desk.run(LINE).stdout.split()

    assert (Path(modules).parent, found) == (Path(hub).parent, "[]")
    assert (Path(hub) / "models--acme--base-7b/refs/main").read_text() == commit_of(NAME)
