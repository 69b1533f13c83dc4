"""How long a whole process takes that verifies a small model, and one that shows its help.

The peers are what can't be had for less: the import of sigstore's verifier, and an empty typer program's help.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import (
    CHECKOUT,
    VERIFIER,
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

MODEL: Final = CHECKOUT / "tests" / "demo" / "model"
NAME: Final = "lanternworks/lantern-tiny"
AT_MOST: Final = 2.0

EMPTY_PROGRAM: Final = """
import typer
app = typer.Typer()
@app.command()
def main() -> None:
    pass
app()
"""


def measure(scratch: Path, repeat: int) -> Result:
    """Start each program again and again."""
    python = (sys.executable, "-I", "-c")
    commands: dict[str, tuple[str | Path, ...]] = {
        "model-verifier verify (demo model)": (*VERIFIER, "verify", NAME, "--path", MODEL, "--policy", "demo"),
        "import sigstore.verify": (*python, "import sigstore.verify"),
        "model-verifier --help": (*VERIFIER, "--help"),
        "empty typer program, --help": (*python, EMPTY_PROGRAM, "--help"),
    }
    runs = interleaved({name: partial(run, *command, state=scratch) for name, command in commands.items()}, repeat)
    verify, sigstore, our_help, empty_help = (seconds(of) for of in runs.values())
    return Result(
        "start-up: whole processes",
        [Row(name, median(seconds(of)), rss=peak(of)) for name, of in runs.items()],
        [
            Target("verify / import sigstore.verify", ratio(verify, sigstore), AT_MOST, "x"),
            Target("--help / empty program's help", ratio(our_help, empty_help), AT_MOST, "x"),
        ],
        others(runs),
    )
