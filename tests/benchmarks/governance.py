"""What a registry of 100,000 approvals and 1,000,000 digests costs those who keep it, and what one record costs.

Each record has the signatures of two people; signing them all takes a few minutes. `publish` verifies what changed
since the last head: a hundred records. `verify --records` verifies everything, so it is run only once.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

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
    run,
    seconds,
)
from tests.fakes.registry import FakeRegistry, commit_of
from tests.fakes.sigstore import Instance, Server, serve
from verifier.digest import default_workers
from verifier.registry.documents import Approval, FileEntry

APPROVALS, FILES, NEW = 100_000, 10, 100
PUBLISHERS, COMMITS = 2_500, 4
MOST_PUBLISH, MOST_LIST = 60.0, 1.0
LOOPBACK: Final = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def measure(scratch: Path, repeat: int) -> Result:
    """Publish a large registry, look through it, and verify every record of it."""
    now = datetime.now(UTC).replace(microsecond=0)
    instance = Instance(start=now - timedelta(days=4_000), lifetime=timedelta(days=12_000))
    registry, empty = (FakeRegistry(scratch / name, now=now, sigstore=instance) for name in ("large", "empty"))
    _fill(registry, range(APPROVALS - NEW))
    registry.publish()
    _fill(registry, range(APPROVALS - NEW, APPROVALS))
    empty.publish()
    look_up = partial(_verb, scratch, registry, "list", "--digest", f"sha256:{_digest(APPROVALS // 2, 3)}")
    look_up()  # makes the index
    with serve(instance) as server:
        runs = interleaved(
            {
                f"publish, {NEW} of {APPROVALS:,} records new": _publishing(scratch, registry, server),
                f"list --digest, {APPROVALS * FILES:,} digests": look_up,
                "verify --records, none": partial(_verb, scratch, empty, "verify", "--records"),
            },
            repeat,
            warm_up=False,
        )
    published, listed, none = runs.values()
    verified = _verb(scratch, registry, "verify", "--records")
    runs[f"verify --records, {APPROVALS:,} records, once"] = [verified]
    each = (verified.seconds - median(seconds(none))) / APPROVALS
    rows = [Row(name, median(seconds(of)), rss=peak(of)) for name, of in runs.items()]
    return Result(
        "governance: model-verifier registry, whole processes",
        [*rows, Row(f"one record of two signatures, {default_workers()} processors", each)],
        [
            Target("publish", median(seconds(published)), MOST_PUBLISH, "s"),
            Target("list --digest", median(seconds(listed)), MOST_LIST, "s"),
        ],
        others(runs),
    )


def _publishing(scratch: Path, registry: FakeRegistry, server: Server) -> Callable[[], Run]:
    """Give a run that publishes, each time over the same last head."""
    token, config = scratch / "token", scratch / "config.json"
    token.write_text(server.token(registry.identity("ci")))
    config.write_text(json.dumps(server.trust_config()))
    login = ("--identity-token-file", str(token), "--trust-config", str(config))
    last = {name: (registry.root / name).read_bytes() for name in ("head.json", "head.sigs/ci.sigstore.json")}

    def publish() -> Run:
        for name, data in last.items():
            (registry.root / name).write_bytes(data)
        return _verb(scratch, registry, "publish", *login)

    return publish


def _fill(registry: FakeRegistry, numbers: Sequence[int]) -> None:
    """Write signed records, in a process a core: each is a copy of this one, the Sigstore instance's keys and all."""
    fork, workers = multiprocessing.get_context("fork"), default_workers()
    writers = [fork.Process(target=_write, args=(registry, numbers[first::workers])) for first in range(workers)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if any(writer.exitcode for writer in writers):
        raise BenchmarkError("the registry could not be written")


def _write(registry: FakeRegistry, numbers: Iterable[int]) -> None:
    for number in numbers:
        _record(registry, number)


def _digest(number: int, file: int) -> str:
    return hashlib.sha256(f"{number}/{file}".encode()).hexdigest()


def _record(registry: FakeRegistry, number: int) -> None:
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
    registry.put(f"models/{model}/{approval.revision}.json", approval, ("alice", "bob"))


def _verb(scratch: Path, registry: FakeRegistry, verb: str, *options: str) -> Run:
    trust = ("--registry", str(registry.root), "--trust-digest", str(registry.trust_digest))
    environment = {**LOOPBACK, "XDG_CACHE_HOME": str(scratch / "cache")}
    return run(*VERIFIER, "registry", verb, *options, *trust, state=scratch / "state", environment=environment)
