"""Looking a publisher's name up: known, affiliated, a look-alike of a known one, or unknown.

So far a look-alike is a name one edit away (a letter more, less, other, or two neighbours swapped), or one
that differs in separators or letters' case only, or that holds characters outside ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Status = Literal["known", "affiliated", "lookalike", "unknown"]
Level = Literal["high", "medium"]

_SHORTEST = 5
"""Names shorter than this have too many honest neighbours at one edit."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """A known publisher: the Hub namespace's name."""

    name: str


@dataclass(frozen=True, slots=True)
class PublisherMatch:
    """What a name is, the known publisher nearest to it, and why. `score` is 0 for nothing alike, 1 for equal."""

    status: Status
    level: Level | None = None
    nearest: str | None = None
    technique: str | None = None
    score: float = 0.0


ModelMatch = PublisherMatch
"""The same fields for a whole model id."""


class PublisherIndex:
    """Known publishers, indexed when first asked."""

    def __init__(self, known: Iterable[str | Publisher], families: Iterable[Iterable[str]] = ()) -> None:
        """`families` are groups of affiliated names, which are not look-alikes of each other."""
        self._known = tuple(item.name if isinstance(item, Publisher) else item for item in known)
        self._families = tuple(tuple(family) for family in families)

    def lookup(self, name: str) -> PublisherMatch:
        """Say what `name` is. Never raises, whatever the name holds."""
        folded = name.lower()
        if name.isascii() and folded in self._by_name:
            return PublisherMatch("known", nearest=self._by_name[folded], score=1.0)
        if name.isascii() and folded in self._affiliated:
            return PublisherMatch("affiliated", nearest=self._affiliated[folded], score=1.0)
        if not name.isascii():
            points = ", ".join(f"U+{ord(character):04X}" for character in name if not character.isascii())
            plain = "".join(character for character in folded if character.isascii())
            nearest = self._by_name.get(name.casefold()) or self._by_name.get(plain) or self._nearest(plain)[0]
            return PublisherMatch("lookalike", "high", nearest, f"it holds {points[:80]}", 1.0)
        nearest, technique = self._nearest(folded)
        if nearest is None:
            return PublisherMatch("unknown")
        return PublisherMatch("lookalike", "high", nearest, technique, 1.0 - 1.0 / max(len(name), len(nearest)))

    def lookup_model(self, model_id: str) -> ModelMatch:
        """Say what the publisher of a model id is."""
        return self.lookup(model_id.partition("/")[0])

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {name.casefold(): name for name in self._known}

    @cached_property
    def _affiliated(self) -> dict[str, str]:
        members: dict[str, str] = {}
        for family in self._families:
            head = next((self._by_name[name.casefold()] for name in family if name.casefold() in self._by_name), None)
            if head is not None:
                members.update({name.casefold(): head for name in family})
        return members

    @cached_property
    def _by_form(self) -> dict[str, list[str]]:
        """Known and affiliated names by each form with at most one letter out: names one edit apart share one."""
        forms: dict[str, list[str]] = {}
        for folded in (*self._by_name, *(name for name in self._affiliated if name not in self._by_name)):
            if len(folded) >= _SHORTEST:
                for form in dict.fromkeys((_plain(folded), folded, *_deletions(folded))):
                    forms.setdefault(form, []).append(folded)
        return forms

    def _nearest(self, folded: str) -> tuple[str | None, str | None]:
        if len(folded) < _SHORTEST - 1 or len(folded) > 200:
            return None, None
        for known in self._by_form.get(_plain(folded), ()):
            if _plain(known) == _plain(folded):
                return self._as_written(known), "the same letters with other separators"
        for form in (folded, *_deletions(folded)):
            for known in self._by_form.get(form, ()):
                if technique := _one_edit(folded, known):
                    return self._as_written(known), technique
        return None, None

    def _as_written(self, folded: str) -> str:
        return self._by_name.get(folded) or self._affiliated[folded]


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").replace(".", "")


def _deletions(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))


def _one_edit(name: str, known: str) -> str | None:
    """Say in words how `name` is one edit away from `known`, or give None."""
    if len(name) + 1 == len(known) and name in _deletions(known):
        return "one letter missing"
    if len(name) == len(known) + 1 and known in _deletions(name):
        return "one letter too many"
    if len(name) == len(known):
        differing = [at for at in range(len(name)) if name[at] != known[at]]
        if len(differing) == 1:
            return "one letter exchanged"
        if len(differing) == 2 and differing[1] == differing[0] + 1:
            first, second = differing
            if name[first] == known[second] and name[second] == known[first]:
                return "two letters swapped"
    return None
