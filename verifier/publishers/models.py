"""The well-known models' names: taken for a publisher's name, or copied by another publisher."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from verifier.publishers.techniques import plain, split
from verifier.publishers.vocabulary import CLAIMS, COMMON

_SIZE_WORDS = """
    b base beta chat coder dev distill fast flash i instruct it k large lite m medium mini nano preview pro schnell
    small t tiny turbo ultra v vision x xl xs xxl
"""
_SIZES = frozenset(_SIZE_WORDS.split())
_SHORTEST = 4
_MOST_WORDS = 4


class ModelNames:
    """Well-known models of known publishers, by their names and by what their names begin with."""

    def __init__(self, models: Iterable[str], known: Mapping[str, str]) -> None:
        """`models` are ids; `known` gives publishers' names by the same in lower case. Others' models don't count."""
        self._by_name: dict[str, str] = {}
        self._by_letters: dict[str, str] = {}
        makers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for model in models:
            publisher, _, name = model.partition("/")
            if (maker := known.get(publisher.lower())) is not None:
                self._by_name.setdefault(name.lower(), model)
                self._by_letters.setdefault(plain(name), model)
                begun = ""
                for word in split(name)[:_MOST_WORDS]:
                    begun += word
                    makers[begun][maker] += 1
        self._makers = {
            begun: counted.most_common(1)[0][0]
            for begun, counted in makers.items()
            if len(begun) >= _SHORTEST and begun not in COMMON
        }

    def maker(self, name: str) -> str | None:
        """Give the publisher of the model that has this name, or begins so; a size may follow: mixtral-8x7b."""
        words = split(name)
        while words:
            if (maker := self._makers.get("".join(words))) is not None:
                return maker
            if not words[-1].isdigit() and words[-1] not in _SIZES:
                return None
            words.pop()
        return None

    def copied(self, name: str) -> str | None:
        """Give the id of the model that has this name, whatever the letters' case and the separators."""
        return self._by_name.get(name.lower()) or self._by_letters.get(plain(name))

    def claimed(self, name: str) -> str | None:
        """Give the id of the model that has this name with its publisher, or a claim, before or after it."""
        words = split(name)
        for at in range(1, len(words)):
            for claim, rest in ((words[:at], words[at:]), (words[at:], words[:at])):
                model = self._by_letters.get("".join(rest))
                if model is not None and "".join(claim) in (plain(model.partition("/")[0]), *CLAIMS):
                    return model
        return None
