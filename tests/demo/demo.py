"""`make demo`: verify the demonstration model against the signed demonstration registry, then break it four ways.

Each step runs the real command line in a process of its own and checks its exit status.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

MODEL = Path(__file__).parent / "model"
NAME = "lanternworks/lantern-tiny"


def flip_a_byte(model: Path) -> None:
    with (model / "model-00002-of-00002.safetensors").open("r+b") as shard:
        shard.seek(-1, 2)
        byte = shard.read(1)
        shard.seek(-1, 2)
        shard.write(bytes([byte[0] ^ 1]))


def add_code(model: Path) -> None:
    (model / "modeling_lantern.py").write_text("print('this would have run')\n")


def leave_alone(_model: Path) -> None:
    pass


STEPS: tuple[tuple[str, str, Callable[[Path], None], int], ...] = (
    ("The approved model, as it is", NAME, leave_alone, 0),
    ("One bit of one shard flipped", NAME, flip_a_byte, 3),
    ("A Python file beside the weights", NAME, add_code, 3),
    ("A look-alike publisher (lantrenworks)", "lantrenworks/lantern-tiny", leave_alone, 3),
    ("A model whose approval was revoked", "lanternworks/lantern-nano", leave_alone, 3),
)


def main() -> int:
    surprises = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (title, reference, prepare, expected) in enumerate(STEPS, start=1):
            model = Path(scratch) / str(number) / "model"
            shutil.copytree(MODEL, model)
            prepare(model)
            print(
                f"\n{number}. {title}\n   $ model-verifier verify {reference} --path ./model --policy demo", flush=True
            )
            command = [sys.executable, "-I", "-m", "verifier", "verify", reference]
            command += ["--path", "./model", "--policy", "demo"]
            status = subprocess.run(command, cwd=model.parent, check=False).returncode
            print(f"   exit status {status}", flush=True)
            surprises += status != expected
    print("\nAll as it should be." if not surprises else f"\n{surprises} steps ended otherwise than they should.")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
