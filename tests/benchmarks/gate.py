"""How long the gate takes in a repository of 10,000 files: all of it, and a change of ten files.

The peer is `git grep` for one loader's name over the same tree, which reads every byte and understands none.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from functools import partial
from pathlib import Path
from typing import Final

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

FILES: Final = 10_000
ALL_AT_MOST: Final = 20.0
CHANGE_AT_MOST: Final = 1.5
LOCK: Final = '{"schema": "model-verifier/lock/v1", "models": []}\n'
LARGEST: Final = 64 * 1024


def measure(scratch: Path, repeat: int) -> Result:
    """Write the repository, commit a change of ten files to it, and judge both."""
    if shutil.which("git") is None:
        raise BenchmarkError("git is not installed")
    root, lock = scratch / "repository", scratch / "models.lock"
    lock.write_text(LOCK)
    size = _repository(root)
    gate = (*VERIFIER, "gate", "--policy", "lockfile", "--lock", lock, "--mode", "audit")
    everything, change, grep = "gate --all", "gate, ten files changed", "git grep from_pretrained"
    commands: dict[str, tuple[str | Path, ...]] = {
        everything: (*gate, "--all", "--base", "main", "--head", "main", "--output", scratch / "all.txt"),
        change: (*gate, "--base", "main", "--output", scratch / "change.txt"),
        grep: ("git", "-C", root, "grep", "--count", "-F", "-e", "from_pretrained", "main"),
    }
    runs = interleaved(
        {name: partial(run, *command, state=scratch, cwd=root) for name, command in commands.items()}, repeat
    )
    times = {name: seconds(of) for name, of in runs.items()}
    return Result(
        f"gate: a repository of {FILES:,} files, {size / 1e6:.0f} MB; "
        f"{ratio(times[everything], times[grep]):.0f} times git grep",
        [Row(name, median(times[name]), rss=peak(of)) for name, of in runs.items()],
        [
            Target("gate --all", median(times[everything]), ALL_AT_MOST, "s"),
            Target("a change of ten files", median(times[change]), CHANGE_AT_MOST, "s"),
        ],
        others(runs),
    )


def _repository(root: Path) -> int:
    """Make a repository with a branch `main` of many files and a branch with ten changed ones; give its size."""
    root.mkdir()
    _git(root, "init", "--quiet", "--initial-branch", "main")
    sources = _installed()
    for number in range(FILES):
        path = root / _name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sources[number % len(sources)].read_bytes() if path.suffix == ".py" else _settings(number))
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "everything")
    _git(root, "repack", "-a", "-d", "--quiet")
    _git(root, "checkout", "--quiet", "-b", "change")
    for number in range(10):
        with (root / _name(number * 10)).open("ab") as file:
            file.write(b"\n# changed\n")
    _git(root, "commit", "--quiet", "--all", "--message", "ten files")
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)


def _installed() -> list[Path]:
    """Give the sources of Python itself and of what is installed beside it: real code, the same by the locks."""
    paths = sysconfig.get_paths()
    found = {path for name in ("stdlib", "purelib") for path in Path(paths[name]).rglob("*.py")}
    return sorted((path for path in found if path.stat().st_size < LARGEST), key=lambda path: path.as_posix()[::-1])


def _name(number: int) -> str:
    suffix = ("py", "py", "py", "py", "py", "py", "py", "yaml", "json", "sh")[number % 10]
    return f"team{number % 40}/part{number % 400}/file{number}.{suffix}"


def _settings(number: int) -> bytes:
    """Write what a training run might be set up with."""
    values = {f"layer_{index}": {"size": 64 * index, "rate": 0.1} for index in range(40)}
    model = {"model_name_or_path": f"team/model-{number % 50}", "epochs": 3, "layers": values}
    if _name(number).endswith(".json"):
        return json.dumps(model, indent=2).encode()
    if _name(number).endswith(".sh"):
        return f"vllm serve team/model-{number % 50} --port 8000\n".encode() + b"echo done\n" * 80
    lines = [f"layer_{index}:\n  size: {64 * index}\n  rate: 0.1\n" for index in range(40)]
    return "".join([f"model_name_or_path: team/model-{number % 50}\n", *lines]).encode()


def _git(root: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "gc.auto=0")
    subprocess.run(("git", "-C", str(root), *settings, *arguments), check=True, capture_output=True)
