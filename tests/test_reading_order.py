"""All or nothing: the cheap checks first, no byte read where they deny, each byte read once where they do not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, rules_of
from verifier import limits
from verifier.checks import CHECKS, Check, Needs, Skipped
from verifier.evidence import Evidence, ModelEvidence
from verifier.judge import conclude
from verifier.publishers import PublisherIndex
from verifier.reference import ModelReference
from verifier.verdict import Result, Status


class Reads:
    """What was opened, and how many bytes were read, by file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
        self.opened: Counter[str] = Counter()
        self.hashed: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        names = {path.stat().st_ino: path.name for path in model.iterdir()}
        open_, preadv, pread = os.open, os.preadv, os.pread

        def counting_open(path: str, flags: int, *rest: int, **where: int) -> int:
            descriptor = open_(path, flags, *rest, **where)
            if name := names.get(os.fstat(descriptor).st_ino):
                self.opened[name] += 1
            return descriptor

        def counting_preadv(descriptor: int, buffers: list[memoryview], offset: int) -> int:
            count = preadv(descriptor, buffers, offset)
            self.hashed[names[os.fstat(descriptor).st_ino]] += count
            return count

        def counting_pread(descriptor: int, length: int, offset: int) -> bytes:
            data = pread(descriptor, length, offset)
            self.again[names[os.fstat(descriptor).st_ino]] += len(data)
            return data

        monkeypatch.setattr(os, "open", counting_open)
        monkeypatch.setattr(os, "preadv", counting_preadv)
        monkeypatch.setattr(os, "pread", counting_pread)


def sizes(model: Path) -> Counter[str]:
    return Counter({path.name: path.stat().st_size for path in model.iterdir()})


def test_each_file_is_opened_once_and_each_byte_read_once(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch, model)

    assert registry.verify(MODEL, model).result is Result.PASSED

    assert reads.opened == Counter(path.name for path in model.iterdir())
    assert reads.hashed == sizes(model)
    assert not reads.again


def test_only_a_header_beyond_the_first_buffer_is_read_again(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_file({f"tensor-{number:090}": np.zeros(1) for number in range(8_000)}, model / "long.safetensors")
    registry.approve(MODEL, model)
    registry.publish()
    header = int.from_bytes((model / "long.safetensors").read_bytes()[:8], "little")
    reads = Reads(monkeypatch, model)

    assert registry.verify(MODEL, model).result is Result.PASSED

    assert header > limits.READ_BUFFER
    assert (reads.opened["long.safetensors"], reads.hashed) == (1, sizes(model))
    assert reads.again.keys() == {"long.safetensors"}
    assert reads.again["long.safetensors"] <= header + 4 * limits.MIB


DENIALS: dict[str, Callable[[Path], object]] = {
    "unlisted-file": lambda model: (model / "extra").touch(),
    "missing-file": lambda model: (model / "config.json").unlink(),
    "unsafe-path": lambda model: (model / "link").symlink_to("config.json"),
    "digest-mismatch": lambda model: (model / "config.json").write_text("{}"),
}


@pytest.mark.parametrize("rule", sorted(DENIALS))
def test_nothing_is_read_where_the_closed_set_denies_already(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    DENIALS[rule](model)
    reads = Reads(monkeypatch, model)

    verdict = registry.verify(MODEL, model)

    assert rule in rules_of(verdict)
    assert not reads.opened
    skipped = [outcome for outcome in verdict.outcomes if outcome.status is Status.SKIPPED]
    assert {outcome.check for outcome in skipped} >= {check.name for check in CHECKS if check.needs is Needs.CONTENT}
    assert all("--all-findings" in (outcome.reason or "") for outcome in skipped)


@pytest.mark.parametrize("rule", sorted(DENIALS))
def test_all_findings_reads_on(registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    shard = model / "model-00001-of-00002.safetensors"
    shard.write_bytes(bytes(shard.stat().st_size))
    DENIALS[rule](model)
    reads = Reads(monkeypatch, model)

    verdict = registry.verify(MODEL, model, all_findings=True)

    assert rules_of(verdict) >= {rule, "digest-mismatch"}
    assert reads.hashed[shard.name] == shard.stat().st_size
    assert "extra" not in reads.opened
    assert all(outcome.status is not Status.SKIPPED for outcome in verdict.outcomes)


@pytest.mark.parametrize("all_findings", [False, True])
def test_no_file_of_a_model_that_nobody_approved_is_read(
    registry: FakeRegistry, model: Path, monkeypatch: pytest.MonkeyPatch, all_findings: bool
) -> None:
    reads = Reads(monkeypatch, model)

    verdict = registry.verify("acme/other", model, all_findings=all_findings)

    assert rules_of(verdict) == {"unapproved-model"}
    assert not reads.opened


class Watching:
    """Whoever looks at the progress."""

    def __init__(self) -> None:
        self.total, self.read, self.ended = -1, 0, False

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, count: int) -> None:
        self.read += count

    def end(self) -> None:
        self.ended = True


def test_the_progress_is_the_bytes_that_are_read(registry: FakeRegistry, model: Path) -> None:
    watch = Watching()

    registry.verify(MODEL, model, watch=watch, workers=1)

    assert (watch.total, watch.read, watch.ended) == (sizes(model).total(), sizes(model).total(), True)


def evidence() -> ModelEvidence:
    reference = ModelReference.parse(MODEL)
    return ModelEvidence(
        now=NOW,
        asked=reference,
        reference=reference,
        publishers=PublisherIndex([]),
        known_models=frozenset(),
        refusal=None,
    )


def check(answer: Skipped | tuple[()], needs: Needs = Needs.STANDING) -> Check[Evidence]:
    return Check("check", "pickle", needs, lambda _: answer)


def test_a_check_that_was_skipped_denies(registry: FakeRegistry) -> None:
    verdict = conclude(evidence(), registry.policy(), None, None, plan=(check(()), check(Skipped("no time"))))

    assert verdict.result is Result.FAILED
    assert [outcome.reason for outcome in verdict.outcomes] == [None, "no time"]


@pytest.mark.parametrize("needs", [Needs.SNAPSHOT, Needs.CONTENT])
def test_a_check_that_lacks_what_it_needs_is_skipped_and_denies(registry: FakeRegistry, needs: Needs) -> None:
    verdict = conclude(replace(evidence(), unread="why"), registry.policy(), None, None, plan=(check((), needs),))

    assert verdict.result is Result.FAILED
    assert [(outcome.status, outcome.reason) for outcome in verdict.outcomes] == [(Status.SKIPPED, "why")]


def test_no_check_at_all_is_no_pass(registry: FakeRegistry) -> None:
    assert conclude(evidence(), registry.policy(), None, None, plan=()).result is Result.FAILED
    assert conclude(evidence(), registry.policy(), None, None, plan=(check(()),)).result is Result.PASSED
