"""Numbered texts, found by the same text, or by one that is at most two changed letters away.

Symmetric deletion (W. Garbe's SymSpell): two texts that are near share a form with a letter or two taken out.
Only the first letters are treated so, which bounds the forms of a text at 29; what comes out is a small superset.
"""

from __future__ import annotations

from collections.abc import Sequence

_TREATED = 7


class Numbers:
    """Texts and their numbers. Most have one, which costs no list: there are very many texts."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_text: dict[str, int | list[int]] = {}

    def add(self, text: str, number: int) -> None:
        """Give a text one more number."""
        there = self._by_text.setdefault(text, number)
        if there is not number:
            if isinstance(there, list):
                there.append(number)
            else:
                self._by_text[text] = [there, number]

    def __contains__(self, text: object) -> bool:
        """Tell whether a text has a number."""
        return text in self._by_text

    def of(self, text: str) -> Sequence[int]:
        """Give the numbers of a text, () for none."""
        there = self._by_text.get(text, ())
        return (there,) if isinstance(there, int) else there


class Neighbourhood(Numbers):
    """Texts and their numbers, by the forms that the texts take with letters taken out."""

    def enter(self, text: str, number: int, reach: int) -> None:
        """Enter a text under its number, to be found by texts at most `reach` (0, 1 or 2) changed letters away."""
        for form in set(_forms(text[:_TREATED], reach)):
            self.add(form, number)

    def near(self, text: str, reach: int) -> set[int]:
        """Give the numbers of all texts at most `reach` changed letters away, and of some others."""
        shared = self._by_text.keys() & _forms(text[:_TREATED], reach)
        return {number for form in shared for number in self.of(form)}


def _forms(text: str, reach: int) -> list[str]:
    if not reach:
        return [text]
    ones = [text[:at] + text[at + 1 :] for at in range(len(text))]
    if reach == 1:
        return [text, *ones]
    twos = [one[:at] + one[at + 1 :] for first, one in enumerate(ones) for at in range(first, len(one))]
    return [text, *ones, *twos]
