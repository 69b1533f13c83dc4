"""A pickle's memo in eight bytes an entry: offsets of literals, or numbers of symbols."""

from __future__ import annotations

from array import array

from verifier import limits
from verifier.budget import BudgetSpentError
from verifier.formats.pickle.symbols import Nest, Symbol, nest, weighed

UNSET = -1
_TUPLES = -(2**62)
"""Behind here entries count the values in a tuple."""
MOST_GAPS = 1_000_000
"""How many keys may be left out; picklers count up, and what is farther off is kept apart."""
_MOST_FAR = 100_000


class Memo:
    """Keys count from 0; `entries` is for the walker's fast path and for nobody else.

    An entry is an offset where it is positive, and else `UNSET`, a symbol's number or that of the values in a tuple.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.entries = array("q")
        self.gaps = 0
        self._far: dict[int, int] = {}
        self._symbols: list[Symbol] = []
        self._numbers: dict[Symbol, int] = {}

    def copy(self) -> Memo:
        """Give another that begins with what this one holds."""
        other = Memo()
        other.entries, other.gaps, other._far = self.entries[:], self.gaps, dict(self._far)
        other._symbols, other._numbers = list(self._symbols), dict(self._numbers)
        return other

    def encode(self, value: Symbol) -> int:
        """Give the entry for a value. Of tuples only their weight is remembered."""
        if type(value) is int:
            return value
        if isinstance(value, tuple | Nest):
            return _TUPLES + (weighed(value) if isinstance(value, tuple) else value).weight
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
        if entry < _TUPLES // 2:
            return nest(entry - _TUPLES)
        return entry if entry >= 0 else self._symbols[-2 - entry]

    @property
    def is_dense(self) -> bool:
        """Whether all keys up to the highest are set, so that the next is the number of entries."""
        return not self.gaps and not self._far

    @property
    def is_far(self) -> bool:
        """Whether a key was set that no pickler comes to, and only CPython's unpickler in Python, too."""
        return bool(self._far)

    def put(self, key: int, entry: int) -> None:
        """Set a key, as PUT does; a far one as CPython does that has the memory for all before it."""
        entries = self.entries
        missing = key - len(entries)
        if missing >= 0 and self.gaps + missing > MOST_GAPS:
            if len(self._far) >= _MOST_FAR:
                raise BudgetSpentError(f"more than {_MOST_FAR:,} keys of its memo are far from all others")
            self._far[key] = entry
            return
        self._far.pop(key, None)
        if missing < 0:
            self.gaps -= entries[key] == UNSET
            entries[key] = entry
            return
        self.gaps += missing
        entries.extend([UNSET] * missing)
        entries.append(entry)

    def memoize(self, entry: int) -> None:
        """Set the key that MEMOIZE sets: the number of keys so far."""
        self.put(len(self.entries) - self.gaps + len(self._far), entry)

    def get(self, key: int) -> Symbol:
        """Give a key's value. Raises `IndexError` where it was never set."""
        near = self.entries[key] if key < len(self.entries) else UNSET
        return self.decode(self._far.get(key, UNSET) if near == UNSET else near)
