"""The list of publishers and models that ships with the package, read when it is first needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FILE = Path(__file__).with_name("known.json")


@dataclass(frozen=True, slots=True)
class Publisher:
    """A known publisher.

    `name` is the Hub namespace's; `family` are affiliated namespaces, which are no imitations of each other;
    `elsewhere` are pairs of another catalogue and the publisher's name there, which on the Hub may be anybody's;
    `tier` is 1 for those that are imitated most, 2 for others.
    """

    name: str
    family: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    tier: int = 2


@cache
def _shipped() -> tuple[tuple[Publisher, ...], tuple[str, ...]]:
    document = json.loads(_FILE.read_text(encoding="utf-8"))
    families = {member: tuple(family) for family in document["families"] for member in family}
    publishers = tuple(
        Publisher(name, families.get(name, ()), tuple(entry.get("elsewhere", {}).items()), entry["tier"])
        for name, entry in document["publishers"].items()
    )
    models = tuple(f"{name}/{model}" for name, models in document["models"].items() for model in models)
    return publishers, models


class _ShippedPublishers(Iterable[Publisher]):
    def __iter__(self) -> Iterator[Publisher]:
        return iter(_shipped()[0])


class _ShippedModels(Iterable[str]):
    def __iter__(self) -> Iterator[str]:
        return iter(_shipped()[1])


PUBLISHERS: Final[Iterable[Publisher]] = _ShippedPublishers()
"""The shipped publishers; nothing is read before they are iterated over."""

MODELS: Final[Iterable[str]] = _ShippedModels()
"""The ids of the shipped well-known models, read likewise."""
