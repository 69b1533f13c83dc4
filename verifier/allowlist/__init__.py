"""The globals that a pickle may name: exact module, name and use, reviewed, with the source of each entry.

The same on every machine, whatever is installed there. The base tier is data's own; the others are frameworks'
classes, which run their framework's code and which a policy has to allow by name. `globals.toml` says where each
entry comes from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("globals.toml")
BASE = "base"


@dataclass(frozen=True, slots=True)
class Entry:
    """What may be done with one global, and in which tier it is.

    `uses` are roles of `verifier.formats.content.Role`; "member" besides lets `getattr` take a plain name of it.
    """

    tier: str
    uses: frozenset[str]
    source: str


@cache
def allowed() -> Mapping[tuple[str, str], Entry]:
    """Give every entry by its exact (module, name)."""
    document = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        (module, name): Entry(group["tier"], frozenset(group["uses"]), group["source"])
        for group in document["allowed"]
        for module, names in group["globals"].items()
        for name in names
    }


@cache
def _dangers() -> Mapping[tuple[str, str | None], str]:
    document = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    named: dict[tuple[str, str | None], str] = {}
    for group in document["dangerous"]:
        for module, names in group["globals"].items():
            named |= {(module, name): group["why"] for name in names or [None]}
    return named


def danger(module: str, name: str) -> str | None:
    """Say what a global is known to be used for by attackers: of itself, of its module, or of the one above."""
    known = _dangers()
    if (why := known.get((module, name))) is not None:
        return why
    parts = module.split(".")
    return next(
        (known[key] for end in range(len(parts), 0, -1) if (key := (".".join(parts[:end]), None)) in known), None
    )


def tiers() -> tuple[str, ...]:
    """Name the tiers that a policy can allow."""
    return tuple(sorted({entry.tier for entry in allowed().values()} - {BASE}))
