"""Feed a reader of a format bytes that atheris makes up: `fuzz_formats.py TARGET [libFuzzer's options]`, or `--list`.

Whatever the bytes are, a reader raises nothing, an unknown exception least of all, and never says less than that it
did not follow them. `make fuzz` runs each target for a minute. The corpus is the one of the tests.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import atheris

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

with atheris.instrument_imports(include=["verifier.formats"]):
    from verifier.budget import Budget, BudgetSpentError
    from verifier.formats import FORMATS, _Follower, identify
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


NAMES: Mapping[str, str] = {
    "jinja": "chat_template.jinja",
    "json_document": "config.json",
    "msgpack": "flax_model.msgpack",
    "plain": "README.md",
    "torchscript": "archive/code/__torch__/model.py",
    "yaml_document": "model_config.yaml",
}
"""What files are called that have no mark of their own."""


def reader(module: str) -> Callable[[bytes], None]:
    """Give a target for one format's reader."""
    entry = next(entry for entry in FORMATS if getattr(entry, "__name__", "").endswith(module))
    name = NAMES.get(module, "model.bin")

    def target(data: bytes) -> None:
        source = Memory(data)
        with suppress(BudgetSpentError):
            if entry.matches(name, source):
                entry.read(name, source, _Follower(Budget(source.size)))

    return target


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "walker": walker,
    "whole": whole,
    **{name: reader(name) for name in (str(getattr(entry, "__name__", "")).rpartition(".")[2] for entry in FORMATS)},
}


def main() -> None:
    if sys.argv[1:] == ["--list"]:
        print(*TARGETS, sep="\n")
        return
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name one of: {' '.join(TARGETS)}")
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
