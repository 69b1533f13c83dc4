"""fickling, the only importer of it: decompiles a pickle to Python that a person can read.

fickling hits its own limits and raises on hostile files, so it runs in a child process with little memory and time,
and only on what was flagged anyway. Whatever happens to it changes no verdict: there are lines, or there are none.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys

from verifier import limits

_SECONDS = 5
_MEMORY = 512 * limits.MIB
_CHILD = (sys.executable, "-I", "-m", "verifier._fickling")


def decompile(data: bytes) -> tuple[str, ...]:
    """Give the first lines that a pickle decompiles to; none where fickling is missing, fails or takes too long."""
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module; the pickle goes in as data
            _CHILD, input=data, capture_output=True, timeout=2 * _SECONDS, check=False, env={}, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    lines = ended.stdout.decode("utf-8", "replace").splitlines() if ended.returncode == 0 else []
    lines = [line[: limits.MAX_DECOMPILED_LINE] for line in lines if line.strip()]
    more = (f"… {len(lines) - limits.MAX_DECOMPILED_LINES} more lines",)
    return tuple(lines[: limits.MAX_DECOMPILED_LINES]) + (more if len(lines) > limits.MAX_DECOMPILED_LINES else ())


def _child() -> None:
    """Decompile stdin to stdout, under limits that this process sets for itself before anything is parsed."""
    import resource

    import fickling.fickle  # type: ignore[import-untyped]

    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    import ast

    data = sys.stdin.buffer.read(limits.MAX_DECOMPILED + 1)
    for pickled in fickling.fickle.StackedPickle.load(data):
        sys.stdout.write(f"{ast.unparse(pickled.ast)}\n")


if __name__ == "__main__":
    _child()
