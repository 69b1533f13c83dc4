"""Scanning: a pickle of 26 million opcodes, large blobs, a folder of a thousand files, hostile files; beside peers.

Processor time, since the others run one after the other on the same machine. The peers are in `.venv-scanners`
(`make scanners`); without them our own targets are measured all the same. Each peer is stopped after `PATIENCE`
seconds, and its row then says so: it would have taken more.
"""

from __future__ import annotations

import pickle
import random
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import hostile
from tests.benchmarks.measure import (
    CHECKOUT,
    MIB,
    VERIFIER,
    Result,
    Row,
    Run,
    Target,
    interleaved,
    median,
    others,
    peak,
    run,
)

PEERS = CHECKOUT / ".venv-scanners" / "bin"
PATIENCE = 180
_RECORDS = 1_181_000
"""Of 22 opcodes each."""


def measure(scratch: Path, repeat: int) -> Result:
    """Measure each file with each scanner that there is."""
    large = scratch / "opcodes.pkl"
    write_opcodes(large)
    blob = scratch / "blob.pkl"
    blob.write_bytes(pickle.dumps(bytes(200 * MIB), 4))
    archive = scratch / "torch.pt"
    write_torch(archive)
    tiny = scratch / "tiny.pkl"
    tiny.write_bytes(pickle.dumps({}, 4))
    folder = scratch / "folder"
    write_folder(folder)
    attacks = scratch / "attacks"
    attacks.mkdir()
    costly = hostile.write(attacks)
    runs: dict[str, Callable[[], Run]] = {
        name: scanning(path, scratch)
        for name, path in {"opcodes": large, "blob": blob, "torch": archive, "start": tiny, "folder": folder}.items()
    }
    measured = interleaved(runs, repeat)
    worst = {name: scanning(path, scratch)() for name, path in costly.items()}
    beside = {name: once(large, scratch) for name, once in peers().items()}
    rows = [
        Row(f"model-verifier scan, {name}", median([one.cpu for one in of]), rss=peak(of))
        for name, of in measured.items()
    ]
    rows += [Row(f"{name}, opcodes{ended(one)}", one.cpu, rss=one.rss / MIB) for name, one in beside.items()]
    rows += [Row(f"hostile 10 MB: {name}", one.cpu, rss=one.rss / MIB) for name, one in worst.items()]
    own = {name: median([one.cpu for one in of]) for name, of in measured.items()}
    plain = worst.pop("plain").cpu
    targets = [
        Target("memory, 26 million opcodes", peak(measured["opcodes"]), 300, "MiB"),
        Target("200 MB in one blob, beside start-up", own["blob"] - own["start"], 0.3, "s"),
        Target("a 2 GB torch zip, beside start-up", own["torch"] - own["start"], 0.3, "s"),
        Target("a folder of 1,000 files", own["folder"], 2, "s"),
        Target(
            "the dearest hostile 10 MB, against a plain pickle",
            max(one.cpu for one in worst.values()) / plain,
            10,
            "times",
        ),
        Target("the largest hostile 10 MB", max(one.rss for one in worst.values()) / MIB, 500, "MiB"),
    ]
    if "picklescan" in beside:
        share = own["opcodes"] / beside["picklescan"].cpu
        targets.insert(0, Target("processor time against picklescan", share, 1 / 3, "of it"))
    return Result("scanning (processor seconds)", rows, targets, others(measured))


def scanning(path: Path, scratch: Path) -> Callable[[], Run]:
    """Give a run of our own scanner, whatever it answers."""
    return lambda: run(*tolerant(*VERIFIER, "scan", "--no-decompile", str(path)), state=scratch)


def peers() -> dict[str, Callable[[Path, Path], Run]]:
    """Give a run of each other scanner that is installed."""
    commands = {
        "picklescan": ("picklescan", "--path"),
        "modelscan": ("modelscan", "--path"),
        "modelaudit": ("modelaudit", "scan", "--timeout", "900"),
        "fickling": ("fickling", "--check-safety"),
    }
    return {name: _peer(*command) for name, command in commands.items() if (PEERS / command[0]).exists()}


def _peer(program: str, *options: str) -> Callable[[Path, Path], Run]:
    """Give a run of another scanner in the scratch directory, where it may leave files."""
    command = ("timeout", "--kill-after=5", str(PATIENCE), str(PEERS / program), *options)
    return lambda path, scratch: run(*tolerant(*command, str(path)), state=scratch, cwd=scratch)


def ended(one: Run) -> str:
    """Say how a peer's run ended, where it was not with a verdict: its output ends with its exit status."""
    status = one.output.rpartition(" ")[2].strip()
    return {"0": "", "1": "", "124": f" (stopped after {PATIENCE} s)"}.get(status, f" (exit status {status})")


def tolerant(*command: str) -> tuple[str, ...]:
    """Run a command whose exit status is its verdict, which is not what is measured; print the status."""
    return ("sh", "-c", '"$@" > /dev/null 2>&1; echo "status $?"', "sh", *command)


def write_opcodes(path: Path) -> None:
    """Write ordinary records: 185 MB, 26 million opcodes."""
    rng = random.Random(1)
    records = [
        {
            "id": index,
            "name": f"tok {rng.randrange(10**9)}",
            "score": rng.random(),
            "flag": None,
            "note": f"{index:090}",
            "kids": [rng.randrange(70_000) for _ in range(4)],
        }
        for index in range(_RECORDS)
    ]
    with path.open("wb") as file:
        pickle.dump(records, file, 4)


def write_torch(path: Path) -> None:
    """Write the archive that PyTorch would write around one tensor of 2 GB."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": None}, 2))
        with archive.open("archive/data/0", "w", force_zip64=True) as member:
            for _ in range(2_000):
                member.write(bytes(1_000_000))
        archive.writestr("archive/version", "3\n")


def write_folder(path: Path) -> None:
    """Write a model's folder of a thousand files, of the kinds that such folders hold."""
    path.mkdir()
    header = b'{"a":{"dtype":"F32","shape":[256],"data_offsets":[0,1024]}}'
    kinds: dict[str, bytes] = {
        "safetensors": struct.pack("<Q", len(header)) + header + bytes(1024),
        "json": b'{"model_type": "llama", "hidden_size": 4096}',
        "md": b"# A model\n" * 50,
        "txt": b"token\n" * 5_000,
        "pkl": pickle.dumps({"weight": list(range(500))}, 4),
    }
    for number, (suffix, data) in zip(range(1_000), _again(kinds), strict=False):
        (path / f"{number}.{suffix}").write_bytes(data)


def _again(kinds: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    while True:
        yield from kinds.items()


if __name__ == "__main__":
    sys.exit("python tests/benchmarks/run.py scanning")
