"""How fast checkpoints are signed and verified, beside model_signing (a directory) and openssl (a tarball).

Signed by a key, so that no network takes part; the same model as in `hashing`, warm in the page cache.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.benchmarks.hashing import make_model
from tests.benchmarks.measure import (
    VERIFIER,
    BenchmarkError,
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
from tests.fakes.sigstore.keys import new_key
from tests.interop import peers

HERE: Final = Path(__file__).parent
OVER_MODEL_SIGNING, OVER_OPENSSL, MOST_MIB = 1.15, 1.15, 150.0


def measure(scratch: Path, repeat: int) -> Result:
    """Sign and verify the same directory by both, and verify the same bytes as a tarball."""
    python = peers.find("model_signing")
    if python is None or shutil.which("openssl") is None:
        raise BenchmarkError("the peers are not here: run `make peers`, and install openssl")
    model = make_model(scratch.parent / "model")
    tarball = scratch / "model.tar"
    key, public, policy = _write_keys(scratch)
    theirs, ours = scratch / "theirs.sig", scratch / "ours.sigstore.json"
    sign = (*VERIFIER, "sign", "--key", key, "--no-progress")
    run(*sign, model, "--tar", tarball, state=scratch)
    commands: dict[str, tuple[str | Path, ...]] = {
        "sign, its hashing phase": (sys.executable, HERE / "timed_checkpoint.py", "sign", model, key, ours),
        "model-verifier sign, whole process": (*sign, model, "--bundle", ours),
        "model_signing sign (key)": (python, HERE / "peer_model_signing.py", "sign", model, theirs, key),
        "verify, its hashing phase": (sys.executable, HERE / "timed_checkpoint.py", "verify", model, policy),
        "model-verifier verify, whole process": (*VERIFIER, "verify", model, "--bundle", ours, "--policy", policy),
        "model_signing verify (key)": (python, HERE / "peer_model_signing.py", "verify", model, theirs, public),
        "verify of a tarball, its hashing phase": (
            sys.executable, HERE / "timed_checkpoint.py", "verify", tarball, policy,
        ),
        "model-verifier verify of a tarball, whole process": (*VERIFIER, "verify", tarball, "--policy", policy),
        "openssl dgst -sha256 of the tarball": ("openssl", "dgst", "-sha256", tarball),
    }  # fmt: skip
    beside = model.with_name(f"{model.name}.sigstore.json")
    run(*sign, model, "--bundle", beside, state=scratch)
    try:
        runs = interleaved(
            {name: partial(run, *command, state=scratch / "state") for name, command in commands.items()},
            repeat,
            warm_up=False,
        )
    finally:
        beside.unlink()
    size = tarball.stat().st_size
    times = {name: _inside(of) if "phase" in name else seconds(of) for name, of in runs.items()}
    inside = {f"{name}, inside": _inside(of) for name, of in runs.items() if name.startswith("model_signing")}
    sign_inside, verify_inside = inside.values()
    most = max(peak(of) for name, of in runs.items() if name.startswith("model-verifier"))
    signing, whole_sign, their_sign, verifying, whole_verify, their_verify, tar, whole_tar, openssl = times.values()
    return Result(
        "checkpoints: 8 shards of 512 MiB and the tarball of them, warm page cache",
        [
            *(Row(name, median(of), size / median(of) / 1e9, peak(runs[name])) for name, of in times.items()),
            *(Row(name, median(of), size / median(of) / 1e9) for name, of in inside.items()),
        ],
        [
            Target("signing phase over model_signing", ratio(their_sign, signing), OVER_MODEL_SIGNING, "x", True),
            Target("verifying phase over model_signing", ratio(their_verify, verifying), OVER_MODEL_SIGNING, "x", True),
            Target("tarball phase beside openssl", ratio(tar, openssl), OVER_OPENSSL, "x"),
            Target("peak memory", most, MOST_MIB, "MiB"),
            Target("signing phase over its inside (no promise)", ratio(sign_inside, signing), 0, "x", True),
            Target("verifying phase over its inside (no promise)", ratio(verify_inside, verifying), 0, "x", True),
            Target("whole sign over model_signing (no promise)", ratio(their_sign, whole_sign), 0, "x", True),
            Target("whole verify over model_signing (no promise)", ratio(their_verify, whole_verify), 0, "x", True),
            Target("whole tarball beside openssl (no promise)", ratio(whole_tar, openssl), 99, "x"),
        ],
        others(runs),
    )


def _inside(runs: Sequence[Run]) -> list[float]:
    return [float(json.loads(one.output)["seconds"]) for one in runs]


def _write_keys(scratch: Path) -> tuple[Path, Path, Path]:
    key = new_key()
    private, public, policy = (scratch / name for name in ("key.pem", "key.pub", "policy.toml"))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    policy.write_text(
        'schema = "model-verifier/policy/v1"\nname = "bench"\nextends = "deploy"\n[checkpoint]\nmethods = ["key"]\n'
        '[[signers]]\nkey = "key.pub"\n'
    )
    return private, public, policy
