"""How fast `verify` hashes a large sharded model whose files are in the page cache, beside openssl and model_signing.

The model is made once, in .bench, and kept: its shards are sparse files, which take no room. Their zeros cost a
hash as much as any other bytes, and come from the page cache like them.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.benchmarks.measure import (
    VERIFIER,
    BenchmarkError,
    Result,
    Row,
    Target,
    interleaved,
    median,
    others,
    peak,
    ratio,
    run,
    seconds,
)
from tests.fakes.registry import FakeRegistry
from tests.fakes.sigstore.keys import new_key
from tests.interop import peers
from verifier.digest import default_workers

NAME: Final = "acme/large"
SHARDS, SHARD_SIZE, TENSORS = 8, 512 * 2**20, 16
OURS, REFERENCE = "verify, its hashing phase", "model_signing verify (key), inside the process"
HERE: Final = Path(__file__).parent
OVER_OPENSSL, OVER_MODEL_SIGNING, NO_SLOWER, MOST_MIB = 1.0, 1.15, 0.95, 150.0
"""Inside the process both are at hashlib's ceiling; the command `model_signing verify` is its whole process."""


def measure(scratch: Path, repeat: int) -> Result:
    """Hash the same files by four programs in turn."""
    python = peers.find("model_signing")
    if python is None or shutil.which("openssl") is None:
        raise BenchmarkError("the peers are not here: run `make peers`, and install openssl")
    model = make_model(scratch.parent / "model")
    registry = FakeRegistry(scratch / "registry", now=datetime.now(UTC).replace(microsecond=0))
    registry.approve(NAME, model)  # reads every file, so that the page cache is warm from here on
    registry.publish()
    signature, public = _sign(scratch, python, model)
    listing = scratch / "files"
    listing.write_bytes(b"\0".join(bytes(path) for path in sorted(model.iterdir())))

    ours = (sys.executable, HERE / "timed_verify.py", NAME, model, registry.root, str(registry.trust_digest))
    reference = (python, HERE / "peer_model_signing.py", "verify", model, signature, public)
    openssl = ("xargs", "-0", "-n1", f"-P{default_workers()}", "-a", listing, "openssl", "dgst", "-sha256")
    pin = ("--registry", registry.root, "--trust-digest", str(registry.trust_digest))
    whole = (*VERIFIER, "verify", NAME, "--path", model, *pin)
    commands: dict[str, tuple[str | Path, ...]] = {
        OURS: ours,
        REFERENCE: reference,
        f"xargs -P{default_workers()} openssl dgst -sha256": openssl,
        "model-verifier verify, whole process": whole,
    }
    runs = interleaved(
        {name: partial(run, *command, state=scratch / "state") for name, command in commands.items()},
        repeat,
        warm_up=False,
    )
    times = {name: seconds(of) for name, of in runs.items()}
    command = times[REFERENCE]
    times |= {name: [float(json.loads(one.output)["seconds"]) for one in runs[name]] for name in (OURS, REFERENCE)}
    hashing, model_signing, by_openssl, _ = times.values()
    size = sum(path.stat().st_size for path in model.iterdir())
    return Result(
        f"hashing: {SHARDS} shards of {SHARD_SIZE // 2**20} MiB, warm page cache",
        [
            *(Row(name, median(of), size / median(of) / 1e9, peak(runs[name])) for name, of in times.items()),
            Row("model_signing verify, whole process", median(command), size / median(command) / 1e9),
        ],
        [
            Target("hashing phase over openssl", ratio(by_openssl, hashing), OVER_OPENSSL, "x", True),
            Target("hashing phase over the command", ratio(command, hashing), OVER_MODEL_SIGNING, "x", True),
            Target("hashing phase over its inside", ratio(model_signing, hashing), NO_SLOWER, "x", True),
            Target("peak memory of the whole process", peak([*runs.values()][-1]), MOST_MIB, "MiB"),
        ],
        others(runs),
    )


def _sign(scratch: Path, python: Path, model: Path) -> tuple[Path, Path]:
    """Sign the model once by model_signing; give the signature and the public key."""
    key = new_key()
    private, public, signature = (scratch / name for name in ("key.pem", "public.pem", "model.sig"))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    run(python, HERE / "peer_model_signing.py", "sign", model, signature, private, state=scratch)
    return signature, public


def make_model(directory: Path) -> Path:
    """Make the model where it is not there yet: shards of valid headers and zeros, their index, a configuration."""
    if directory.is_dir():
        return directory
    unfinished = directory.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    weight_map: dict[str, str] = {}
    for number in range(1, SHARDS + 1):
        shard = f"model-{number:05}-of-{SHARDS:05}.safetensors"
        names = [f"model.layers.{number}.weight_{tensor}" for tensor in range(TENSORS)]
        weight_map |= dict.fromkeys(names, shard)
        with (unfinished / shard).open("wb") as file:
            file.write(_header(names))
            file.truncate(SHARD_SIZE)
    index = {"metadata": {"total_size": SHARDS * SHARD_SIZE}, "weight_map": weight_map}
    (unfinished / "model.safetensors.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    (unfinished / "config.json").write_text('{"model_type": "llama"}\n', encoding="utf-8")
    return unfinished.rename(directory)


def _header(names: list[str]) -> bytes:
    """A safetensors header of a fixed length, whose tensors share the rest of the shard between them."""
    length = 4096
    data = SHARD_SIZE - 8 - length
    bounds = [data // len(names) // 8 * 8 * at for at in range(len(names))] + [data]
    tensors = {
        name: {"dtype": "BF16", "shape": [(end - begin) // 2], "data_offsets": [begin, end]}
        for name, begin, end in zip(names, bounds, bounds[1:], strict=False)
    }
    return length.to_bytes(8, "little") + json.dumps(tensors).encode().ljust(length)
