"""Looking a publisher's name up: known, affiliated, a look-alike of a known one, or unknown.

A look-alike is told by evidence, in bits: what a name has in common with a known one (each letter tells a little,
a word that many names share tells hardly more than that) less what it takes to explain how they differ. Bits of
evidence say how rarely an ordinary name comes so close: 10 of them, about once in a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import exp2
from typing import Final, Literal, NamedTuple

from verifier.publishers.changes import changed
from verifier.publishers.data import MODELS, Publisher
from verifier.publishers.letters import code_points, unmasked
from verifier.publishers.models import ModelNames
from verifier.publishers.readings import Known, KnownReadings
from verifier.publishers.techniques import (
    OFTEN_HONEST,
    SEPARATORS,
    Reading,
    common_words,
    plain,
    redrawn,
    singular,
    split,
    without_affixes,
    without_glued_strangers,
    without_strangers,
)
from verifier.publishers.vocabulary import COMMON, LETTER, worn
from verifier.reference import MAX_PART

Status = Literal["known", "affiliated", "lookalike", "unknown"]
Level = Literal["high", "medium"]

MEDIUM: Final = 5.5
HIGH: Final = 11.0
"""From how many bits of evidence on a name is called a look-alike, and from how many it is hardly anything else."""

MODEL_AS_PUBLISHER: Final = 7.5
MODEL_COPIED: Final = 8.0
"""The evidence of a model's name in the publisher's place, and of a well-known one under another publisher."""

_BITS_TO_HALVE = 8.0
_ALLOWED = re.compile(r"[A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class PublisherMatch:
    """What a name is, whom it resembles and how.

    For a look-alike, `level` says how sure that is, `nearest` which known publisher is imitated (None where the name
    holds foreign characters and resembles nobody), and `technique` how, in words for people. For a known or an
    affiliated name `nearest` is the known publisher. `score`, from 0 to 1, says how suspicious the name is: 0 for
    known names and for what is like none of them; every 8 bits of evidence halve its distance to 1.
    """

    status: Status
    level: Level | None = None
    nearest: str | None = None
    technique: str | None = None
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelMatch(PublisherMatch):
    """The same for a model id; `nearest` is the id of the model that is meant or copied."""


class PublisherIndex:
    """Known publishers, indexed when an unknown name is first looked up."""

    def __init__(
        self,
        known: Iterable[str | Publisher],
        families: Iterable[Iterable[str]] = (),
        models: Iterable[str] = MODELS,
    ) -> None:
        """`families` are groups of affiliated names, besides the publishers' own; `models` are well-known ids.

        None of the three is iterated over before the first look-up. Models of unknown publishers don't count.
        """
        self._given = known
        self._given_families = families
        self._given_models = models

    def lookup(self, name: str) -> PublisherMatch:
        """Say what `name` is. Never raises, whatever the name holds.

        1. A known name is known, whatever its letters' case; a member of a known publisher's family is affiliated;
           a known publisher's name on another catalogue may be anybody's on the Hub.
        2. A character that no name on the Hub holds is a finding by itself. The plain letters that it looks like
           tell who is meant.
        3. The name is read in several ways: as it stands, without affixes or other words, as a singular, redrawn.
        4. Each reading is compared with the readings of known names that are equal, look equal or are near.
        5. Each comparison is weighed; the one with the most evidence explains the name.
        6. A name may also be a model's, taken for its publisher's.
        """
        # (1)
        if (match := self._exactly(name)) is not None:
            return match
        # (2)
        if not _ALLOWED.fullmatch(name):
            return self._masked(name)
        if len(name) > MAX_PART:
            return PublisherMatch("unknown")
        # (3), (4) and (5)
        explained = self._explain(name)
        # (6)
        if explained.evidence < MODEL_AS_PUBLISHER and (maker := self._models.maker(name)) is not None:
            explained = _Explanation(MODEL_AS_PUBLISHER, maker, ("a model's name, not its publisher's",))
        return explained.match()

    def lookup_model(self, model_id: str) -> ModelMatch:
        """Say what a model id is: by its publisher and, where that is unknown, by the model's name. Never raises.

        A well-known model's name under an unknown publisher is of level "medium", since honest mirrors are named so;
        under a publisher whose name looks like that of the model's own it is of level "high".
        """
        publisher, slash, name = model_id.partition("/")
        match = self.lookup(publisher)
        nearest = f"{match.nearest}/{name}" if match.nearest and slash else match.nearest
        found = ModelMatch(match.status, match.level, nearest, match.technique, match.score)
        if match.status in ("known", "affiliated") or len(name) > MAX_PART:
            return found
        copied, claimed = self._models.copied(name), self._models.claimed(name)
        if copied is not None and copied.partition("/")[0] == match.nearest:
            score = 1.0 - (1.0 - match.score) * (1.0 - _score(MODEL_COPIED))
            return ModelMatch("lookalike", "high", copied, match.technique, score)
        if claimed is not None and match.score < _score(OFTEN_HONEST):
            technique = "a known model's name, and a claim to be its publisher's"
            return ModelMatch("lookalike", "medium", claimed, technique, _score(OFTEN_HONEST))
        if copied is not None and match.score < _score(MODEL_COPIED):
            return ModelMatch("lookalike", "medium", copied, "a known model's name", _score(MODEL_COPIED))
        return found

    def _exactly(self, name: str) -> PublisherMatch | None:
        key = _key(name)
        if key in self._known:
            return PublisherMatch("known", nearest=self._known[key].name)
        if key in self._affiliated:
            return PublisherMatch("affiliated", nearest=self._affiliated[key].of)
        if key in self._elsewhere:
            owner, catalogue = self._elsewhere[key]
            return _Explanation(OFTEN_HONEST, owner, (f"its name on {catalogue}",)).match()
        return None

    def _masked(self, name: str) -> PublisherMatch:
        seen = unmasked(name[: 2 * MAX_PART])[:MAX_PART]
        meant = (self._exactly(seen) or self._explain(seen).match()).nearest
        return PublisherMatch("lookalike", "high", meant, f"it holds {code_points(_ALLOWED.sub('', name))}", 1.0)

    def _explain(self, name: str) -> _Explanation:
        best = _Explanation(0.0)
        readings = list(_readings(name, self._readings.texts))
        for search in (self._readings.same, self._readings.near):
            for asked in readings:
                if best.evidence >= HIGH and len(best.words) == 1:
                    return best
                for known in search(asked):
                    if _in_common(asked, known.reading) > best.evidence:
                        best = max(best, _weigh(name, asked, known), key=lambda explained: explained.evidence)
        return best

    @cached_property
    def _known(self) -> dict[str, Publisher]:
        known: dict[str, Publisher] = {}
        for item in self._given:
            if isinstance(item, Publisher):
                known[_key(item.name)] = item
            else:
                known.setdefault(_key(item), Publisher(item))
        return known

    @cached_property
    def _affiliated(self) -> dict[str, _Affiliate]:
        affiliated: dict[str, _Affiliate] = {}
        for family in chain(self._given_families, [publisher.family for publisher in self._known.values()]):
            names = {_key(name): name for name in family}
            head = next((self._known[key].name for key in names if key in self._known), None)
            if head is not None:
                affiliated.update(
                    (key, _Affiliate(name, head)) for key, name in names.items() if key not in self._known
                )
        return affiliated

    @cached_property
    def _elsewhere(self) -> dict[str, tuple[str, str]]:
        return {
            _key(name): (publisher.name, catalogue)
            for publisher in self._known.values()
            for catalogue, name in publisher.elsewhere
        }

    @cached_property
    def _readings(self) -> KnownReadings:
        return KnownReadings(self._known.values(), [affiliate.name for affiliate in self._affiliated.values()])

    @cached_property
    def _models(self) -> ModelNames:
        return ModelNames(self._given_models, {key: publisher.name for key, publisher in self._known.items()})


class _Affiliate(NamedTuple):
    name: str
    of: str


class _Explanation(NamedTuple):
    """The evidence that a name imitates a known one, in bits, whose, and what was done."""

    evidence: float
    owner: str | None = None
    words: tuple[str, ...] = ()

    def match(self) -> PublisherMatch:
        """Judge by the evidence."""
        if self.evidence < MEDIUM:
            return PublisherMatch("unknown", score=_score(self.evidence))
        level: Level = "high" if self.evidence >= HIGH else "medium"
        return PublisherMatch("lookalike", level, self.owner, ", ".join(self.words), _score(self.evidence))


def _key(name: str) -> str:
    """Fold the letters' case, of plain letters only: others may become plain ones (the sign for Kelvin, k)."""
    return name.lower() if name.isascii() else name


def _readings(name: str, known: Container[str]) -> Iterator[Reading]:
    text, words = plain(name), split(name)
    yield Reading(text, reach=2)
    yield from without_affixes(text, words)
    yield from without_strangers(words, known)
    yield from without_glued_strangers(text, known)
    yield from singular(text)
    yield from redrawn(text)


def _in_common(asked: Reading, known: Reading) -> float:
    return LETTER * len(known.text) - known.price - asked.price


def _weigh(name: str, asked: Reading, known: Known) -> _Explanation:
    owner, reading = known
    change = changed(asked.text, reading.text)
    evidence = _in_common(asked, reading) - change.price
    words = tuple(words for words in (asked.words, reading.words, *change.words) if words)
    if not words:
        return _Explanation(evidence - SEPARATORS, owner, ("the same letters with other separators",))
    if asked.words and asked.text in COMMON:
        evidence -= worn(asked.text)
    elif change.words or asked.inexact or reading.inexact:
        evidence -= sum(worn(word) for word in common_words(name) if word.removesuffix("s") in asked.text)
    return _Explanation(min(evidence, asked.most, reading.most), owner, words)


def _score(evidence: float) -> float:
    return 1.0 - exp2(-max(0.0, evidence) / _BITS_TO_HALVE)
