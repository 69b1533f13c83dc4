"""The benchmarks, each beside its peers: `make bench`, or `make bench ARGS='startup --json out.json'`.

Prints a table a benchmark, with what was promised; exits 1 where a promise is not kept or nothing could be
measured. They are no part of the test suite: other work on the machine moves every number.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT))

from tests.benchmarks import (  # noqa: E402
    checkpoints,
    entrypoint,
    gate,
    governance,
    hashing,
    hub,
    registry,
    scanning,
    startup,
)
from tests.benchmarks.measure import BenchmarkError, Result, Target  # noqa: E402
from verifier.digest import default_workers  # noqa: E402

DATA: Final = CHECKOUT / ".bench"
BENCHMARKS: Final[Mapping[str, Callable[[Path, int], Result]]] = {
    "hashing": hashing.measure,
    "checkpoints": checkpoints.measure,
    "startup": startup.measure,
    "registry": registry.measure,
    "governance": governance.measure,
    "hub": hub.measure,
    "gate": gate.measure,
    "entrypoint": entrypoint.measure,
    "scanning": scanning.measure,
}
QUIET: Final = 0.05
FLAGS: Final = ("sha_ni", "sha2", "avx2", "avx512f")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHMARKS)} (all if left out)")
    parser.add_argument("--repeat", type=int, default=5, help="how many rounds the medians are of (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there, too")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if options.repeat < 1:
        parser.error("--repeat must be at least 1")

    about = machine()
    print("\n".join(f"{name:<8} {value}" for name, value in about.items()))
    DATA.mkdir(exist_ok=True)
    results: dict[str, Any] = {}
    kept = True
    for name in options.names or BENCHMARKS:
        began = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=DATA) as scratch:
                result = BENCHMARKS[name](Path(scratch), options.repeat)
        except BenchmarkError as error:
            print(f"\n{name}: not measured: {error}")
            results[name] = {"error": str(error)}
            kept = False
            continue
        show(result)
        print(f"  {options.repeat} rounds in {time.monotonic() - began:.0f} s; {disturbance(result)}")
        met = [target.met for target in result.targets]
        kept = kept and all(met)
        results[name] = asdict(result)
        for target, holds in zip(results[name]["targets"], met, strict=True):
            target["met"] = holds
    if options.json is not None:
        document = {"machine": about, "rounds": options.repeat, "benchmarks": results}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if kept else 1


def machine() -> dict[str, str]:
    """Say on what all this was measured."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = f"{fields.get('flags', '')} {fields.get('Features', '')}".split()
    known = " ".join(flag for flag in FLAGS if flag in flags)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": f"{default_workers()} of {fields.get('model name', platform.machine())} ({known or 'flags unknown'})",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_version()}, {ssl.OPENSSL_VERSION}",
    }


def disturbance(result: Result) -> str:
    """Say how quiet the machine was."""
    quiet = "" if result.others < QUIET else ": not quiet enough to judge by"
    return f"other programs took {result.others:.0%} of the processors{quiet}"


def show(result: Result) -> None:
    """Print a benchmark as a table for people."""
    print(f"\n{result.title}")
    width = max(len(row.what) for row in result.rows)
    for row in result.rows:
        rate = f"{row.rate:>8.2f} GB/s" if row.rate is not None else ""
        rss = f"{row.rss:>8.0f} MiB" if row.rss is not None else ""
        print(f"  {row.what:<{width}} {row.seconds:>8.3f} s{rate}{rss}")
    for target in result.targets:
        print(f"  {_verdict(target)}")


def _verdict(target: Target) -> str:
    relation = "at least" if target.at_least else "at most"
    state = "met   " if target.met else "MISSED"
    return f"{state} {target.what}: {target.measured:.2f} {target.unit}, {relation} {target.bound:g} {target.unit}"


if __name__ == "__main__":
    sys.exit(main())
