"""What was done to a name's letters: the cheapest list of changes, with its price in bits and words for people.

The prices were set by hand, so that what is done more often, and what is seen less easily, costs less.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from math import inf
from typing import Final, NamedTuple

from verifier.publishers.letters import KEYBOARD, LOOKALIKES, SOUNDS

REDRAWN: Final = 4.0
TWICE: Final = 4.0
SWAPPED: Final = 4.5
MISSING_TWIN: Final = 5.0
NEIGHBOUR: Final = 6.0
SOUND: Final = 6.0
MISSING: Final = 6.5
EXTRA: Final = 7.0
OTHER: Final = 8.0
AT_THE_START: Final = 1.5
ONE_MORE: Final = 5.0
"""What each change after the first costs besides: few imitations have two."""

_WIDEST = 32
"""Changes that are further apart than so many letters are not looked at."""
_WIDE = frozenset(pair for pair in LOOKALIKES | SOUNDS if len(pair[0] + pair[1]) > 2)


class Change(NamedTuple):
    """What was done to the letters of one reading to get another: the price in bits, and words for people."""

    price: float = 0.0
    words: tuple[str, ...] = ()


def changed(text: str, known: str) -> Change:
    """Say what was changed in `known` to get `text`, the cheapest way: a Damerau-Levenshtein distance with prices."""
    if text == known:
        return Change()
    start = _common_start(text, known)
    end = _common_start(text[start:][::-1], known[start:][::-1])
    a, b = text[start : len(text) - end], known[start : len(known) - end]
    if max(len(a), len(b)) > _WIDEST:
        return Change(inf, ("other letters",))
    if len(a) == len(b) == 1:
        price, words = _exchanged(a, b)
    elif not a and len(b) == 1:
        price, words = _missing(b, known[:start][-1:])
    elif not b and len(a) == 1:
        price, words = _added(a, text[:start][-1:], text[start + 1 :][:1])
    elif len(a) == 2 and a == b[::-1]:
        price, words = _swapped()
    else:
        price, words = _cheapest(text[max(0, start - 1) :], known[max(0, start - 1) :], end)
    if len(words) == 2 and words[0] == words[1]:
        words = (words[0].replace("one letter", "two letters"),)
        price += ONE_MORE
    return Change(price + (AT_THE_START if not start else 0.0) + ONE_MORE * (len(words) - 1), words)


def _cheapest(text: str, known: str, end: int) -> Change:
    """Price the changes, but for the last `end` letters, which are equal; one letter stays on either side."""
    a, b = text[: len(text) - end + 1], known[: len(known) - end + 1]
    band = abs(len(a) - len(b)) + 2
    table: list[list[Change]] = []
    for i in range(len(a) + 1):
        table.append([])
        for j in range(len(b) + 1):
            within = abs(i - j) <= band
            table[i].append(min(_steps(a, b, i, j, table)) if within and i + j else Change(0.0 if within else inf))
    return table[-1][-1]


def _steps(a: str, b: str, i: int, j: int, table: list[list[Change]]) -> Iterator[Change]:
    """Give the ways to get a[:i] from b[:j]."""
    if i and j:
        yield _then(table[i - 1][j - 1], _exchanged(a[i - 1], b[j - 1]))
    if j:
        yield _then(table[i][j - 1], _missing(b[j - 1], b[max(0, j - 2) : j - 1]))
    if i:
        yield _then(table[i - 1][j], _added(a[i - 1], a[max(0, i - 2) : i - 1], a[i : i + 1]))
    if i > 1 and j > 1 and a[i - 1] != a[i - 2] and a[i - 2 : i] == b[j - 1] + b[j - 2]:
        yield _then(table[i - 2][j - 2], _swapped())
    for wide, other in ((2, 1), (1, 2)):
        if i >= wide and j >= other and (a[i - wide : i], b[j - other : j]) in _WIDE:
            yield _then(table[i - wide][j - other], _exchanged(a[i - wide : i], b[j - other : j]))


def _exchanged(a: str, b: str) -> Change:
    if a == b:
        return Change()
    if (a, b) in LOOKALIKES:
        return Change(REDRAWN, (f"{a} for {b}",))
    if (a, b) in KEYBOARD:
        return Change(NEIGHBOUR, (f"{a} for {b}, a neighbouring key",))
    if (a, b) in SOUNDS:
        return Change(SOUND, (f"{a} for {b}",))
    return Change(OTHER, (f"{a} for {b}",))


def _swapped() -> Change:
    return Change(SWAPPED, ("two letters swapped",))


def _missing(letter: str, before: str) -> Change:
    return Change(MISSING_TWIN if letter == before else MISSING, ("one letter missing",))


def _added(letter: str, before: str, after: str) -> Change:
    if letter in (before, after):
        return Change(TWICE, (f"{letter} twice",))
    near = (letter, before) in KEYBOARD or (letter, after) in KEYBOARD
    return Change(NEIGHBOUR if near else EXTRA, ("one letter too many",))


def _then(before: Change, step: Change) -> Change:
    return Change(before.price + step.price, before.words + step.words)


def _common_start(a: str, b: str) -> int:
    return next((at for at, (one, other) in enumerate(zip_longest(a, b)) if one != other), len(a))
