"""Fuzz every reader for a while, two at a time, beginning with the files of the tests: `run.py SECONDS [TARGET…]`.

From the same seed, code and files libFuzzer makes the same inputs, so that a slow machine gets less far on the same
way. A find counts where its input fails once more in a process of its own: then it fails everywhere. One that does not
(a machine that was slow for a moment) is told and no failure. The input is kept as `.fuzz-TARGET-…`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import chain
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.formats import corpus  # noqa: E402
from tests.formats.test_robustness import DAMAGED  # noqa: E402
from tests.fuzz.targets import READERS, TARGETS, name  # noqa: E402
from verifier.formats import pickle  # noqa: E402
from verifier.source import Memory  # noqa: E402

FUZZ = (str(CHECKOUT / ".venv-fuzz/bin/python"), str(Path(__file__).with_name("fuzz_formats.py")))
BOUNDS = ("-rss_limit_mb=2048", "-timeout=20", "-verbosity=0")
LONGEST = 8_192
MOST = 200
"""The files that a target begins with: each is run once before any is changed."""


def main() -> int:
    """Run the targets and tell how each ended; 1 where there is a find, 2 where a target could not be run."""
    seconds, targets = int(sys.argv[1]), sys.argv[2:] or TARGETS
    files()  # both threads need them
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        return max(pool.map(partial(fuzz, seconds=seconds, scratch=Path(scratch)), targets))


def fuzz(target: str, seconds: int, scratch: Path) -> int:
    """Fuzz one target and tell how it ended; give the exit status."""
    begin = scratch / target
    begin.mkdir()
    for number, data in enumerate([data for data in files() if belongs(data, target)][:MOST]):
        (begin / f"{number:04}").write_bytes(data)
    kept = CHECKOUT / f".fuzz-{target}-"
    done = run(
        target, begin, "-seed=1", f"-max_total_time={seconds}", f"-artifact_prefix={kept}", "-print_final_stats=1"
    )
    if not done.returncode:
        runs = [line.split()[-1] for line in done.stderr.splitlines() if line.startswith("stat::number_of_executed")]
        print(f"{target}: {', '.join(runs)} inputs", flush=True)
        return 0
    finds = [find for find in sorted(CHECKOUT.glob(f"{kept.name}*")) if find.name in done.stderr]
    for find in finds:
        again = run(target, find)
        if again.returncode:
            print(f"{target}: {find.name} fails each time:\n{again.stderr[-3000:]}", flush=True)
            return 1
        print(f"{target}: {find.name} failed once and not again", flush=True)
    if not finds:
        print(f"{target} could not be run:\n{done.stderr[-3000:]}", flush=True)
    return 0 if finds else 2


@cache
def files() -> tuple[bytes, ...]:
    """Give the files of the tests that are short enough to be changed byte by byte."""
    every = chain(DAMAGED.values(), (sample.data for sample in chain(corpus.hostile(1), corpus.harmless(1))))
    return tuple(data for data in every if len(data) <= LONGEST)


def belongs(data: bytes, target: str) -> bool:
    """Tell whether a target reads a file of the tests."""
    if target == "walker":
        return pickle.is_marked(Memory(data))
    return target == "whole" or READERS[target].matches(name(target), Memory(data))


def run(target: str, given: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a target on a directory of files or on one."""
    return subprocess.run(
        [*FUZZ, target, str(given), *BOUNDS, *options],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
