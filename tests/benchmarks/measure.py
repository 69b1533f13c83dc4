"""What every benchmark does: run commands in turn, take the median, hold it against a target."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verifier.digest import default_workers

CHECKOUT: Final = Path(__file__).resolve().parents[2]
STOPWATCH: Final = Path(__file__).with_name("stopwatch.py")
VERIFIER: Final = (sys.executable, "-I", "-m", "verifier")
MIB: Final = 2**20


class BenchmarkError(Exception):
    """Nothing could be measured; the text says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: wall time, others' and its own processor time in seconds, peak memory, what it printed."""

    seconds: float
    others: float
    rss: int
    output: str
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: medians of one command's runs, `rate` in GB/s where bytes were read."""

    what: str
    seconds: float
    rate: float | None = None
    rss: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What was promised: `measured` is to be at least, or at most, `bound`."""

    what: str
    measured: float
    bound: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Tell whether the promise holds."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


@dataclass(frozen=True, slots=True)
class Result:
    """A benchmark's table and its targets; `others` is the share of the processors that other programs took."""

    title: str
    rows: Sequence[Row]
    targets: Sequence[Target]
    others: float


def run(*command: str | Path, state: Path, environment: Mapping[str, str] | None = None, cwd: Path = CHECKOUT) -> Run:
    """Run a command to its end, with no settings of the verifier's but a `state` directory of its own.

    `environment` holds other variables that are to be set.

    Raises `BenchmarkError` where the command fails.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MODEL_VERIFIER_")}
    with tempfile.NamedTemporaryFile() as result:
        watched = [sys.executable, "-I", "-S", STOPWATCH, result.name, *command]
        done = subprocess.run(
            watched,
            cwd=cwd,
            env=inherited | {"XDG_STATE_HOME": str(state), **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BenchmarkError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
        measured = json.load(result)
    if measured["status"]:
        answer = f"{done.stdout}{done.stderr}".strip()[-2000:]
        raise BenchmarkError(f"{' '.join(map(str, command))} ended with {measured['status']}: {answer}")
    return Run(measured["seconds"], measured["others"], measured["rss"], done.stdout, measured["cpu"])


def interleaved(
    runs: Mapping[str, Callable[[], Run]], repeat: int, *, warm_up: bool = True
) -> dict[str, Sequence[Run]]:
    """Run everything in turn, `repeat` times, so that what disturbs the machine disturbs all of them."""
    if warm_up:
        for once in runs.values():
            once()
    rounds = [{name: once() for name, once in runs.items()} for _ in range(repeat)]
    return {name: [one[name] for one in rounds] for name in runs}


def median(values: Sequence[float]) -> float:
    """Give the middle value."""
    return statistics.median(values)


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """Give the median of the rounds' own ratios; the neighbours of a round had the same disturbances."""
    return statistics.median(one / other for one, other in zip(over, under, strict=True))


def others(runs: Mapping[str, Sequence[Run]]) -> float:
    """Give the share of the processors, 0 to 1, that other programs took while all these ran."""
    every = [one for of in runs.values() for one in of]
    return sum(one.others for one in every) / sum(one.seconds for one in every) / default_workers()


def seconds(runs: Sequence[Run]) -> list[float]:
    """Give each run's wall time."""
    return [one.seconds for one in runs]


def peak(runs: Sequence[Run]) -> float:
    """Give the median of the peaks of memory, in MiB."""
    return median([one.rss for one in runs]) / MIB
