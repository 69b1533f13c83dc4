"""A pickle's memo in eight bytes an entry: offsets of literals, or numbers of symbols."""

from __future__ import annotations

from array import array

from verifier import limits
from verifier.budget import BudgetSpentError
from verifier.formats.pickle.symbols import LONG_TUPLE, Symbol

UNSET = -1
MOST_GAPS = 1_000_000
"""How many keys may be left out; picklers count up."""


class Memo:
    """Keys count from 0; `entries` is for the walker's fast path and for nobody else.

    An entry is an offset where it is positive, and else `UNSET` or the number of a symbol.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.entries = array("q")
        self.gaps = 0
        self._symbols: list[Symbol] = []
        self._numbers: dict[Symbol, int] = {}

    def copy(self) -> Memo:
        """Give another that begins with what this one holds."""
        other = Memo()
        other.entries, other.gaps = self.entries[:], self.gaps
        other._symbols, other._numbers = list(self._symbols), dict(self._numbers)
        return other

    def encode(self, value: Symbol) -> int:
        """Give the entry for a value. Of tuples only that they are tuples is remembered."""
        if type(value) is int:
            return value
        if type(value) is tuple:
            value = LONG_TUPLE
        number = self._numbers.get(value)
        if number is None:
            if len(self._symbols) > limits.MAX_USES:
                raise BudgetSpentError(f"it remembers more than {limits.MAX_USES:,} globals and what they made")
            number = self._numbers[value] = len(self._symbols)
            self._symbols.append(value)
        return -2 - number

    def decode(self, entry: int) -> Symbol:
        """Give an entry's value. Raises `IndexError` where it was never set."""
        if entry == UNSET:
            raise IndexError
        return entry if entry >= 0 else self._symbols[-2 - entry]

    def put(self, key: int, entry: int) -> None:
        """Set a key, as PUT does. Raises `IndexError` where it is absurdly high."""
        entries = self.entries
        missing = key - len(entries)
        if missing < 0:
            self.gaps -= entries[key] == UNSET
            entries[key] = entry
            return
        self.gaps += missing
        if self.gaps > MOST_GAPS:
            raise IndexError
        entries.extend([UNSET] * missing)
        entries.append(entry)

    def memoize(self, entry: int) -> None:
        """Set the key that MEMOIZE sets: the number of keys so far."""
        self.put(len(self.entries) - self.gaps, entry)

    def get(self, key: int) -> Symbol:
        """Give a key's value. Raises `IndexError` where it was never set."""
        return self.decode(self.entries[key])
