"""Bytes that lie inside or behind a pickle's stream and are no opcodes: joblib's arrays, legacy PyTorch's storages.

How long they are is written in the stream. Sources: joblib's `numpy_pickle.py` (`NumpyArrayWrapper.read`), numpy's
`dtype.__reduce__`, PyTorch's `serialization.py` (`_legacy_save`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from verifier.formats.content import Role
from verifier.formats.pickle.facts import BrokenError
from verifier.formats.pickle.literals import NotALiteralError
from verifier.formats.pickle.state import State
from verifier.formats.pickle.symbols import Global, Made, Symbol

_WRAPPERS = frozenset(
    Global(module, "NumpyArrayWrapper") for module in ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
)
_NEEDED = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap"})
_ALIGNMENT = "numpy_array_alignment_bytes"
"""What a wrapper's state holds; joblib writes the last one since its version 1.2."""
_DTYPE = Global("numpy", "dtype")
_OBJECT = re.compile(r"[<>|=]?O[0-9]*")
_HOLDS_OBJECTS = 1
"""The bit in a dtype's flags that says that its elements hold references: NPY_ITEM_REFCOUNT."""
_MOST_STORAGES = 1_000_000
STORAGES = {
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "LongStorage": 8,
    "IntStorage": 4,
    "ShortStorage": 2,
    "CharStorage": 1,
    "ByteStorage": 1,
    "BoolStorage": 1,
    "ComplexDoubleStorage": 16,
    "ComplexFloatStorage": 8,
    "QInt8Storage": 1,
    "QUInt8Storage": 1,
    "QInt32Storage": 4,
    "QUInt4x2Storage": 1,
    "QUInt2x4Storage": 1,
    "UntypedStorage": 1,
    "TypedStorage": 1,
}
"""The bytes of an element, by the storage's class in PyTorch."""


def kept(state: State, callee: Global, given: Sequence[Symbol]) -> tuple[object, ...]:
    """Give the arguments of a call that must be remembered: what kind of elements a numpy dtype has."""
    if callee != _DTYPE or not given:
        return ()
    return (state.text(given[0]) or "",)


def note_wrapper(state: State, callee: Global, role: Role, offset: int) -> None:
    """Note where a wrapper of raw bytes is made, empty: only NEWOBJ leaves it without the attributes of `__init__`."""
    if callee in _WRAPPERS:
        state.wrapper, state.filled = offset, {} if role is Role.NEW else None


def behind_build(state: State, target: Made, given: Symbol, offset: int) -> tuple[Symbol, int]:
    """Give what BUILD leaves on the stack, and the offset from which the opcodes go on."""
    if target.origin == _DTYPE:
        state.has_odd_dtype = state.has_odd_dtype or not _is_plain_dtype(state, target, given)
    if target.origin in _WRAPPERS and state.skips_raw:
        return target, _behind_array(state, target, given, offset)
    return target, offset


def _is_plain_dtype(state: State, dtype: Made, given: Symbol) -> bool:
    """Tell whether a dtype's state leaves the size of its elements, and whether they are objects, as its name says."""
    kind = str(dtype.arguments[0]) if dtype.arguments else ""
    if not isinstance(given, tuple) or len(given) < 8:
        return False
    size, flags = _integer(state, given[5]), _integer(state, given[7])
    is_object = bool(_OBJECT.fullmatch(kind))
    if size is None or flags is None or bool(flags & _HOLDS_OBJECTS) != is_object:
        return False
    return is_object or size in (-1, _element_size(kind))


def _behind_array(state: State, target: Made, given: Symbol, offset: int) -> int:
    unknown = BrokenError("the length of a raw array is not written in the stream", offset)
    if state.frame_end:
        if state.frame_end != offset:
            raise BrokenError("a raw array begins inside a frame", offset)
        state.frame_end = 0
    items = state.filled.get(given) if state.filled is not None else None
    if not isinstance(given, int) or given <= state.wrapper or state.source.read_at(given, 1) != b"}" or items is None:
        raise unknown
    state.filled = None
    fields = {state.text(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
    names = frozenset(fields)
    if not _NEEDED <= names <= _NEEDED | {_ALIGNMENT} or names != (state.wrapped or names) or state.has_odd_dtype:
        raise unknown
    state.wrapped = names
    dtype = fields["dtype"]
    if not isinstance(dtype, Made) or dtype.origin != _DTYPE or not dtype.arguments:
        raise unknown
    kind = str(dtype.arguments[0])
    if _OBJECT.fullmatch(kind):
        return state.nested(offset)
    size, count = _element_size(kind), _elements(state, fields["shape"])
    if size is None or count is None:
        raise unknown
    end = offset
    if _ALIGNMENT in fields and not _is_none(state, fields[_ALIGNMENT]):  # joblib asks for None, not for 0
        end += 1 + state.bytes_at(offset, 1)[0]
    end += size * count
    if end > offset:
        state.stack.append(target)
        state.also_unskipped(offset)
        state.stack.pop()
    return end


def _is_none(state: State, symbol: Symbol) -> bool:
    return isinstance(symbol, int) and state.source.read_at(symbol, 1) == b"N"


def _elements(state: State, shape: Symbol) -> int | None:
    if isinstance(shape, int):
        return 1 if state.source.read_at(shape, 1) == b")" else None
    sides = [_integer(state, side) for side in shape] if isinstance(shape, tuple) else [None]
    return None if any(side is None or side < 0 for side in sides) else math.prod(side or 0 for side in sides)


def _element_size(kind: str) -> int | None:
    """Give the bytes of an element of a numpy type that is written in numpy's short way."""
    match = re.fullmatch(r"[<>|=]?([bBiufcmMSUVa?])([0-9]{1,18})", kind)
    if match is None:
        return None
    return int(match[2]) * (4 if match[1] == "U" else 1)


def note_storage(state: State, identifier: Symbol) -> None:
    """Note how many bytes the storage takes that a persistent id names, where it is PyTorch's."""
    if not isinstance(identifier, tuple) or len(identifier) < 5 or len(state.facts.storages) >= _MOST_STORAGES:
        return
    kind, key, count = identifier[1], state.text(identifier[2]), _integer(state, identifier[4])
    if isinstance(kind, Global) and key is not None and count is not None and kind.name in STORAGES:
        state.facts.storages[key] = STORAGES[kind.name] * count


def _integer(state: State, symbol: Symbol) -> int | None:
    try:
        value = state.literal(symbol)
    except NotALiteralError:
        return None
    return value if isinstance(value, int) else None
