"""Feed a reader of a format bytes that atheris makes up: `fuzz_formats.py TARGET [libFuzzer's options]`.

Whatever the bytes are, a reader raises nothing, an unknown exception least of all, and never says less than that it
did not follow them. `run.py` runs all targets.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

with atheris.instrument_imports(include=["verifier.formats"]):
    from tests.fuzz.targets import READERS, TARGETS, name
    from verifier.budget import Budget, BudgetSpentError
    from verifier.formats import _Follower, identify
    from verifier.formats.pickle.facts import BrokenError, Facts
    from verifier.formats.pickle.walker import Walker
    from verifier.source import Memory


def walker(data: bytes) -> None:
    """Walk a stream: it ends, is broken, or has spent its budget."""
    budget = Budget(len(data))
    with suppress(BrokenError, BudgetSpentError):
        Walker(Memory(b"\x80\x04" + data), budget, Facts(budget)).walk(0)


def whole(data: bytes) -> None:
    """Identify a file, as scan and verify do."""
    content = identify("model.bin", Memory(data))
    assert "its reader failed" not in str(content), content


def reader(target: str) -> Callable[[bytes], None]:
    """Give the function that has one format's reader read."""
    entry, file = READERS[target], name(target)

    def read(data: bytes) -> None:
        source = Memory(data)
        with suppress(BudgetSpentError):
            if entry.matches(file, source):
                entry.read(file, source, _Follower(Budget(source.size)))

    return read


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name one of: {' '.join(TARGETS)}")
    target = sys.argv.pop(1)
    atheris.Setup(sys.argv, {"walker": walker, "whole": whole}.get(target) or reader(target))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
