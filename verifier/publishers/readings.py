"""The readings of all known names, found by what is asked: the same text, one that looks the same, or a near one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from verifier.publishers.data import Publisher
from verifier.publishers.letters import folded
from verifier.publishers.neighbours import Neighbourhood, Numbers
from verifier.publishers.techniques import Reading, parts, plain, reordered, shortened, split
from verifier.publishers.vocabulary import COMMON

FAMOUS: Final = 1.0
"""How much likelier a publisher of tier 1 is imitated, in bits."""
MERELY_AFFILIATED: Final = 4.0
"""How much less likely a name is that is known for its family only."""

_FOUR_LETTERS, _SIX_LETTERS = 4, 6
_MOST_REDRAWN = 8


class Known(NamedTuple):
    """A known name, and one reading of it."""

    name: str
    reading: Reading


class KnownReadings:
    """The readings of known and of affiliated names, numbered; `texts` are all texts that they give."""

    def __init__(self, publishers: Iterable[Publisher], affiliated: Iterable[str]) -> None:
        """Index the publishers, and the names that are affiliated with one of them and not known themselves."""
        from rapidfuzz.distance import OSA  # not above: most runs look nobody up

        self._distance: Callable[..., int] = OSA.distance
        self._names: list[str] = []
        self._readings: list[Reading] = []
        self.texts = Numbers()
        self._alike = Numbers()
        self._near = Neighbourhood()
        for publisher in publishers:
            self._add(publisher.name, -FAMOUS if publisher.tier == 1 else 0.0)
        for name in affiliated:
            self._add(name, MERELY_AFFILIATED)

    def _add(self, name: str, handicap: float) -> None:
        seen = {""}
        for reading in _known_as(name):
            text = reading.text
            if text in seen or (reading.inexact and text in self.texts):
                continue
            seen.add(text)
            number = len(self._names)
            reach = min(reading.reach, _reach(len(text)))
            self._names.append(name)
            self._readings.append(reading._replace(price=reading.price + handicap, reach=reach))
            self.texts.add(text, number)
            if reading.reach:
                self._alike.add(folded(text), number)
                self._near.enter(text, number, reach)

    def same(self, asked: Reading) -> Iterator[Known]:
        """Give the readings that are equal to `asked` or look equal."""
        for number in self.texts.of(asked.text):
            yield Known(self._names[number], self._readings[number])
        for number in self._alike.of(folded(asked.text)) if asked.reach else ():
            reading = self._readings[number]
            if 0 < self._distance(asked.text, reading.text, score_cutoff=_MOST_REDRAWN) <= _MOST_REDRAWN:
                yield Known(self._names[number], reading)

    def near(self, asked: Reading) -> Iterator[Known]:
        """Give the readings that are at most as many changed letters away as both allow."""
        text, reach = asked.text, min(asked.reach, _reach(len(asked.text) + 1))
        if not reach or text in COMMON:  # a common word has honest neighbours only
            return
        for number in self._near.near(text, reach):
            reading = self._readings[number]
            most = min(reach, reading.reach)
            if abs(len(reading.text) - len(text)) > most:
                continue
            if 0 < self._distance(text, reading.text, score_cutoff=most) <= most:
                yield Known(self._names[number], reading)


def _known_as(name: str) -> Iterator[Reading]:
    words = parts(name)
    yield Reading(plain(name), reach=2)
    if len(words) > 1:
        yield from reordered(words)
        yield from reordered(split(name))
        yield from shortened(words)


def _reach(letters: int) -> int:
    """Say how many changed letters are looked for: names of few letters have too many honest neighbours."""
    return 0 if letters < _FOUR_LETTERS else 1 if letters < _SIX_LETTERS else 2
