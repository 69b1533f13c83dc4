"""Run a command and write down, as JSON, its times, exit status and peak memory, and what else the machine did.

    python -I -S stopwatch.py RESULT COMMAND…

A small process of its own: Linux counts the memory of whoever starts a program among the program's peak, so
the benchmarks, which are large, must not start it themselves. Needs only the standard library.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
STAT = Path("/proc/stat")


def main() -> None:
    result, *command = sys.argv[1:]
    busy = busy_seconds()
    begin = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - begin
    own = usage.ru_utime + usage.ru_stime
    measured = {
        "seconds": seconds,
        "status": os.waitstatus_to_exitcode(status),
        "rss": usage.ru_maxrss * RSS_UNIT,
        "cpu": own,
        "others": max(0.0, busy_seconds() - busy - own),
    }
    Path(result).write_text(json.dumps(measured), encoding="utf-8")


def busy_seconds() -> float:
    """Processor seconds that all programs have used so far, and the hypervisor's other guests; 0 if nobody counts."""
    if not STAT.is_file():
        return 0.0
    user, nice, system, _idle, _waiting, *interrupts = STAT.read_text().splitlines()[0].split()[1:9]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
