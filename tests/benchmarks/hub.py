"""How fast `pull`, `lookup` and `lock` are, against a Hub on loopback; beside the Hub's own client.

`pull` verifies what it brings, `hf download` does not; the same bytes come from the same server.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import (
    VERIFIER,
    Result,
    Row,
    Run,
    Target,
    interleaved,
    median,
    others,
    peak,
    ratio,
    run,
    seconds,
)
from tests.fakes.hub import Hub, fill_cache

MODEL: Final = "acme/large"
SHARDS, SHARD_SIZE = 8, 128 * 2**20
BYTES: Final = SHARDS * SHARD_SIZE


def measure(scratch: Path, repeat: int) -> Result:
    """Serve a model of 8 x 128 MiB and bring it again and again, each time into a new directory."""
    files = _files(scratch / "files")
    with Hub() as hub:
        os.environ.update(hub.environment() | {"HF_HOME": str(scratch / "home")})
        repository = hub.add(MODEL, files)
        cache = scratch / "cache"
        fill_cache(cache, MODEL, repository.refs["main"], files)
        lock = scratch / "models.lock"
        locking = partial(
            run, *VERIFIER, "lock", "--from-cache", str(cache), "--lock", str(scratch / "cached.lock"), state=scratch
        )
        run(*VERIFIER, "lock", MODEL, "--lock", str(lock), state=scratch)
        numbers = itertools.count()

        def into(*command: str, option: str) -> Callable[[], Run]:
            return lambda: run(*command, option, str(scratch / f"copy{next(numbers)}"), state=scratch)

        hf = str(Path(sys.executable).with_name("hf"))
        runs = interleaved(
            {
                "model-verifier pull (verified)": into(*VERIFIER, "pull", MODEL, "--lock", str(lock), option="--to"),
                "hf download (not verified)": into(hf, "download", MODEL, option="--local-dir"),
                "model-verifier lock --from-cache": locking,
                "model-verifier lookup --offline": partial(
                    run,
                    *VERIFIER,
                    "lookup",
                    "lanternworks/lantern-tiny",
                    "--policy",
                    "demo",
                    "--offline",
                    state=scratch,
                ),
                "import sigstore.verify": partial(
                    run, sys.executable, "-I", "-c", "import sigstore.verify", state=scratch
                ),
            },
            repeat,
        )
    pull, download, _, lookup, sigstore = (seconds(of) for of in runs.values())
    reading = list(runs)[:3]
    return Result(
        f"hub: {SHARDS} x {SHARD_SIZE // 2**20} MiB from loopback, whole processes",
        [
            Row(name, median(seconds(of)), BYTES / median(seconds(of)) / 1e9 if name in reading else None, peak(of))
            for name, of in runs.items()
        ],
        [
            Target("pull's speed / hf download's", ratio(download, pull), 0.9, "x", at_least=True),
            Target("lookup --offline / import sigstore.verify", ratio(lookup, sigstore), 2.0, "x"),
        ],
        others(runs),
    )


def _files(directory: Path) -> dict[str, bytes | Path]:
    """Write shards with valid headers and other noise each; give the files by their paths in the repository."""
    directory.mkdir()
    files: dict[str, bytes | Path] = {"config.json": b'{"model_type": "llama"}'}
    weight_map = {}
    for number in range(1, SHARDS + 1):
        name = f"model-{number:05d}-of-{SHARDS:05d}.safetensors"
        tensor = f"layer.{number}"
        size = SHARD_SIZE - 4096
        header = json.dumps({tensor: {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
        header = header.ljust(4096 - 8)
        block = os.urandom(2**20)
        with (directory / name).open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            for _ in range(size // 2**20):
                file.write(block)
            file.write(block[: size % 2**20])
        files[name], weight_map[tensor] = directory / name, name
    files["model.safetensors.index.json"] = json.dumps({"metadata": {}, "weight_map": weight_map}).encode()
    return files
