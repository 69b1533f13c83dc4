"""How names are taken for others: each technique a small pure function, with its price in bits and words for people.

A *reading* is one way to take a name: as it stands, with its words in another order, without one of them, without
an affix. A known name is indexed under its readings; a name that is asked about is looked up under its own. A price
is the information (-log2 of how often it is done) that it takes to say what was done; index.py weighs it against
what two names have in common. The prices were set by hand, so that what is done more often costs less.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, permutations
from math import inf
from operator import itemgetter
from typing import Final, NamedTuple

from verifier.publishers.changes import REDRAWN
from verifier.publishers.letters import FOLDED_PAIRS
from verifier.publishers.vocabulary import AFFIXES, BEGINNINGS, CLAIMS, COMMON, ENDINGS

SEPARATORS: Final = 1.0
REORDERED: Final = 3.0
SHORTENED: Final = 7.0
SHORTENED_BY_AFFIX: Final = 5.0
AFFIX: Final = 2.5
CLAIM: Final = 0.5
GLUED: Final = 1.0
STRANGER: Final = 7.0
GLUED_STRANGER: Final = 17.0
PLURAL: Final = 3.0

OFTEN_HONEST: Final = 10.5
"""The evidence that nothing exceeds which honest people do, too: less than what makes a level "high"."""

_SHORTEST = 3
_SHORTEST_GLUED = 6
_SHORTEST_INEXACT = 6
_MOST_WORDS = 8
_WORD = re.compile(r"[Vv][0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NOT_PLAIN = {point: None for point in range(128) if not chr(point).isalnum()}
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]+[0-9]*(?![A-Za-z0-9])")


def _lengths(at: int) -> dict[str, list[int]]:
    """Give the lengths of the affixes by the letter that each has `at` its start or end."""
    pairs = sorted({(affix[at], len(affix)) for affix in AFFIXES})
    return {letter: [length for _, length in group] for letter, group in groupby(pairs, key=itemgetter(0))}


_LENGTHS_BY_FIRST = _lengths(0)
_LENGTHS_BY_LAST = _lengths(-1)


class Reading(NamedTuple):
    """One way to take a name: its letters and digits, in lower case.

    `price` is in bits; `words` say for people what was done, "" for nothing. `inexact` is true where more is gone
    than an affix, so that what is left may be anybody's. At most `reach` letters may be changed besides. However
    much two names have in common, it is no more evidence than `most` bits.
    """

    text: str
    price: float = 0.0
    words: str = ""
    inexact: bool = False
    reach: int = 1
    most: float = inf


def plain(name: str) -> str:
    """Give the letters and digits of an ASCII name, in lower case."""
    return name.lower().translate(_NOT_PLAIN)


def split(name: str) -> list[str]:
    """Split a name into its words, in lower case: at separators, at capitals and at digits."""
    return [word.lower() for word in _WORD.findall(name)]


def parts(name: str) -> list[str]:
    """Split like `split`, and where a well-known beginning or ending is written without a separator: mistral, ai."""
    return [part for word in split(name) for part in _taken_apart(word)]


def _taken_apart(word: str) -> list[str]:
    if word not in COMMON:
        for at in range(2, len(word) - 1):
            if (at >= _SHORTEST and word[at:] in ENDINGS) or (len(word) - at >= _SHORTEST and word[:at] in BEGINNINGS):
                return [word[:at], word[at:]]
    return [word]


@lru_cache(maxsize=1)
def common_words(name: str) -> frozenset[str]:
    """Give the words of a name that many names share; what digits are mixed into is no word."""
    return frozenset(part for token in _TOKEN.findall(name) for part in parts(token) if part in COMMON)


# How a known name may be taken


def reordered(words: Sequence[str]) -> Iterator[Reading]:
    """Put the words in each other order, llama-meta; from four words on, only turn them round or rotate them."""
    if len(words) <= 3:
        orders = list(permutations(words))[1:]
    else:
        orders = [tuple(words[::-1]), *((*words[at:], *words[:at]) for at in range(1, len(words)))]
    for order in orders:
        yield Reading("".join(order), REORDERED, "words in another order")


def shortened(words: Sequence[str]) -> Iterator[Reading]:
    """Leave one word out: black-forest, deepseek."""
    for at, word in enumerate(words):
        text = "".join((*words[:at], *words[at + 1 :]))
        if len(text) >= _SHORTEST and text not in AFFIXES:
            price = SHORTENED_BY_AFFIX if word in AFFIXES else SHORTENED
            yield Reading(text, price, f"a word missing: {word}", inexact=True, reach=0, most=OFTEN_HONEST)


# How a name that is asked about may be taken


def without_affixes(text: str, words: Sequence[str], depth: int = 2) -> Iterator[Reading]:
    """Take well-known affixes off both ends, at most `depth` of them: meta-llama-official, the-real-openai."""
    for affix, rest, left, apart in _affixes(text, words):
        price = (CLAIM if affix.strip("-") in CLAIMS else AFFIX) + (0.0 if apart else GLUED)
        said = f"an affix: {affix}"
        yield Reading(rest, price, said)
        more = [*singular(rest), *(without_affixes(rest, left, depth - 1) if depth > 1 else ())]
        for inner in more:
            yield inner._replace(price=price + inner.price, words=f"{said}, {inner.words}")


def _affixes(text: str, words: Sequence[str]) -> Iterator[tuple[str, str, Sequence[str], bool]]:
    """Give each affix, what is left of the text and of the words, and whether it stood apart."""
    most = len(text) - _SHORTEST
    for length in _LENGTHS_BY_LAST.get(text[-1:], ()):
        if length <= most and (affix := text[-length:]) in AFFIXES:
            apart = bool(words) and words[-1] == affix
            if apart or length > 3 or affix in ENDINGS:
                yield f"-{affix}", text[:-length], words[:-1] if apart else words, apart
    digits = len(text) - len(text.rstrip("0123456789"))
    if 0 < digits <= most and text[-digits:] not in AFFIXES:
        yield f"-{text[-digits:]}", text[:-digits], words[:-1], bool(words) and words[-1] == text[-digits:]
    for length in _LENGTHS_BY_FIRST.get(text[:1], ()):
        if length <= most and (affix := text[:length]) in AFFIXES:
            apart = bool(words) and words[0] == affix
            if apart or length > 3 or affix in BEGINNINGS:
                yield f"{affix}-", text[length:], words[1:] if apart else words, apart


def without_strangers(words: Sequence[str], known: Container[str]) -> Iterator[Reading]:
    """Take other words off both ends, or an affix out of the middle: nvidia-finance, black-forest-ai-labs.

    A short rest must be one of the `known` texts as it is.
    """
    count = len(words)
    if not 1 < count <= _MOST_WORDS:
        return
    for first in range(count):
        for last in range(first + 1, count + (first > 0)):
            text = "".join(words[first:last])
            reach = 1 if len(text) >= _SHORTEST_INEXACT else 0
            if len(text) > _SHORTEST and text not in COMMON and (reach or text in known):
                rest = [*words[:first], *words[last:]]
                strangers = sum(word not in AFFIXES for word in rest)
                if strangers:
                    price = STRANGER * strangers + AFFIX * (len(rest) - strangers)
                    yield Reading(text, price, f"a word added: {' '.join(rest)}", reach=reach, most=OFTEN_HONEST)
    for at in range(1, count - 1):
        if words[at] in AFFIXES:
            text = "".join((*words[:at], *words[at + 1 :]))
            yield Reading(text, AFFIX + GLUED, f"a word added: {words[at]}")


def without_glued_strangers(text: str, known: Container[str]) -> Iterator[Reading]:
    """Take any letters off either end, where the rest is one of the `known` texts: torchtriton, nvidialeaks."""
    for at in range(_SHORTEST, len(text) - _SHORTEST_GLUED + 1):
        for rest, letters in ((text[:-at], text[-at:]), (text[at:], text[:at])):
            if rest in known:
                said = f"letters added: {letters}"
                yield Reading(rest, GLUED_STRANGER, said, inexact=True, reach=0, most=OFTEN_HONEST)


def singular(text: str) -> Iterator[Reading]:
    """Read a plural as its singular: communities, boxes, labs."""
    endings = (("ies", "y"), ("es", ""), ("s", ""))
    for ending, instead in endings:
        if text.endswith(ending) and len(text) > len(ending) + 1:
            yield Reading(text.removesuffix(ending) + instead, PLURAL, "a plural", inexact=True)


def redrawn(text: str) -> Iterator[Reading]:
    """Read two letters as the one that they look like: rnistral, vvriter."""
    for pair, letter in FOLDED_PAIRS:
        if pair in text:
            yield Reading(text.replace(pair, letter), REDRAWN, f"{pair} for {letter}")
