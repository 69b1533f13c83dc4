"""What `exec` costs beside hashing: a whole start of a small model, until the command runs.

The peers are `verify` of the same model, and the command alone.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import VERIFIER, Result, Row, Target, interleaved, median, others, peak, run, seconds
from tests.benchmarks.startup import MODEL
from tests.fakes.registry import FakeRegistry

NAME: Final = "acme/tiny"
COMMAND: Final = ("sh", "-c", 'test -e "$0/config.json"')
AT_MOST: Final = 1.0


def measure(scratch: Path, repeat: int) -> Result:
    """Start the same command with and without `exec`, from a registry of one approval."""
    model = Path(shutil.copytree(MODEL, scratch / "model"))
    registry = FakeRegistry(scratch / "registry", now=datetime.now(UTC).replace(microsecond=0))
    registry.approve(NAME, model)
    registry.publish()
    trust = ("--registry", registry.root, "--trust-digest", str(registry.trust_digest))
    options = (NAME, "--path", model, *trust)
    commands: dict[str, tuple[str | Path, ...]] = {
        "model-verifier exec -- COMMAND": (
            *VERIFIER, "exec", *options, "--cache-dir", scratch, "--", *COMMAND, "{path}",
        ),
        "model-verifier verify": (*VERIFIER, "verify", *options),
        "COMMAND alone": (*COMMAND, model),
    }  # fmt: skip
    runs = interleaved({name: partial(run, *command, state=scratch) for name, command in commands.items()}, repeat)
    whole, verify, alone = (seconds(of) for of in runs.values())
    return Result(
        "entrypoint: whole processes, a small model and a signed registry",
        [Row(name, median(seconds(of)), rss=peak(of)) for name, of in runs.items()],
        [
            Target("what exec adds to COMMAND", median(whole) - median(alone), AT_MOST, "s"),
            Target("exec / verify", median(whole) / median(verify), 1.25, "x"),
        ],
        others(runs),
    )
