"""What a registry of 100,000 approvals and 1,000,000 digests costs those who keep it, and what one record costs.

`publish` verifies what changed since the last head: of 100,000 records a hundred are new. What it took as verified
before needs no signatures here; `verify --records` is measured on records that all have them.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import VERIFIER, Result, Row, Run, Target, interleaved, median, others, peak, run, seconds
from tests.fakes.registry import FakeRegistry, commit_of
from tests.fakes.sigstore import Instance, Server, serve
from verifier.registry.documents import Approval, FileEntry

APPROVALS, FILES, NEW, SIGNED = 100_000, 10, 100, 1_000
PUBLISHERS, COMMITS = 2_500, 4
MOST_PUBLISH, MOST_LIST = 60.0, 1.0
LOOPBACK: Final = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def measure(scratch: Path, repeat: int) -> Result:
    """Publish and look through the large registry; verify every record of the small one."""
    now = datetime.now(UTC).replace(microsecond=0)
    instance = Instance(start=now - timedelta(days=4_000), lifetime=timedelta(days=12_000))
    with serve(instance) as server:
        large = _large(scratch / "large", instance, now)
        small = _registry(scratch / "small", instance, now)
        for number in range(SIGNED):
            _record(small, number, signed=True)
        small.publish()
        pristine = {name: (large.root / name).read_bytes() for name in ("head.json", "head.sigs/ci.sigstore.json")}

        def publish() -> Run:
            for name, data in pristine.items():
                (large.root / name).write_bytes(data)
            return _verb(scratch, large, "publish", *_login(scratch, server, large))

        look_up = partial(_verb, scratch, large, "list", "--digest", f"sha256:{_digest(APPROVALS // 2, 3)}")
        look_up()  # makes the index
        empty = _empty(scratch, instance, now)
        runs = interleaved(
            {
                f"publish, {NEW} of {APPROVALS:,} records new": publish,
                f"list --digest, {APPROVALS * FILES:,} digests": look_up,
                f"verify --records, {SIGNED:,} records": partial(_verb, scratch, small, "verify", "--records"),
                "verify --records, none": partial(_verb, scratch, empty, "verify", "--records"),
            },
            repeat,
            warm_up=False,
        )
    published, listed, verified, none = runs.values()
    each = [(all_ - start) / SIGNED for all_, start in zip(seconds(verified), seconds(none), strict=True)]
    rows = [Row(name, median(seconds(of)), rss=peak(of)) for name, of in runs.items()]
    return Result(
        "governance: model-verifier registry, whole processes",
        [*rows, Row("one record of two signatures, all processors", median(each))],
        [
            Target("publish", median(seconds(published)), MOST_PUBLISH, "s"),
            Target("list --digest", median(seconds(listed)), MOST_LIST, "s"),
        ],
        others(runs),
    )


def _registry(root: Path, instance: Instance, now: datetime) -> FakeRegistry:
    return FakeRegistry(root, now=now, sigstore=instance)


def _large(root: Path, instance: Instance, now: datetime) -> FakeRegistry:
    registry = _registry(root, instance, now)
    for number in range(APPROVALS - NEW):
        _record(registry, number, signed=False)
    registry.publish()
    for number in range(APPROVALS - NEW, APPROVALS):
        _record(registry, number, signed=True)
    return registry


def _empty(scratch: Path, instance: Instance, now: datetime) -> FakeRegistry:
    registry = _registry(scratch / "empty", instance, now)
    registry.publish()
    return registry


def _digest(number: int, file: int) -> str:
    return hashlib.sha256(f"{number}/{file}".encode()).hexdigest()


def _record(registry: FakeRegistry, number: int, *, signed: bool) -> None:
    model = f"publisher-{number % PUBLISHERS:04}/model-{number // PUBLISHERS // COMMITS}"
    files = {f"file-{index}.safetensors": FileEntry(sha256=_digest(number, index), size=1) for index in range(FILES)}
    approval = Approval(
        schema="model-verifier/approval/v1",
        registry=registry.name,
        model=model,
        revision=commit_of(str(number)),
        requested_by="dave",
        reason="for the benchmark",
        valid_until=registry.now + timedelta(days=300),
        files=files,
        sets={"default": tuple(files)},
    )
    registry.put(f"models/{model}/{approval.revision}.json", approval, ("alice", "bob") if signed else ())


def _login(scratch: Path, server: Server, registry: FakeRegistry) -> tuple[str, ...]:
    """Give the options by which the registry's CI signs."""
    token, config = scratch / "token", scratch / "config.json"
    token.write_text(server.token(registry.identity("ci")))
    config.write_text(json.dumps(server.trust_config()))
    return ("--identity-token-file", str(token), "--trust-config", str(config))


def _verb(scratch: Path, registry: FakeRegistry, verb: str, *options: str) -> Run:
    trust = ("--registry", str(registry.root), "--trust-digest", str(registry.trust_digest))
    environment = {**LOOPBACK, "XDG_CACHE_HOME": str(scratch / "cache")}
    return run(*VERIFIER, "registry", verb, *options, *trust, state=scratch / "state", environment=environment)
