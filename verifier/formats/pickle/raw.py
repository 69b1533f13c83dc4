"""Bytes that lie inside or behind a pickle's stream and are no opcodes: joblib's arrays, legacy PyTorch's storages.

How long they are is written in the stream. Sources: joblib's `numpy_pickle.py` (`NumpyArrayWrapper.read`), numpy's
`dtype.__reduce__`, PyTorch's `serialization.py` (`_legacy_save`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from verifier.formats.pickle.facts import BrokenError
from verifier.formats.pickle.literals import NotALiteralError
from verifier.formats.pickle.state import State
from verifier.formats.pickle.symbols import Global, Made, Symbol

_WRAPPERS = frozenset(
    Global(module, "NumpyArrayWrapper") for module in ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
)
_DTYPE = Global("numpy", "dtype")
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


def behind_build(state: State, target: Made, given: Symbol, offset: int) -> tuple[Symbol, int]:
    """Give what BUILD leaves on the stack, and the offset from which the opcodes go on."""
    if target.origin == _DTYPE and isinstance(given, tuple) and target.arguments:
        flags = _integer(state, given[7]) if len(given) > 7 else 0
        kind = "O" if flags is None or flags & _HOLDS_OBJECTS else target.arguments[0]
        return Made(_DTYPE, (kind,)), offset
    if target.origin in _WRAPPERS:
        return target, _behind_array(state, given, offset)
    return target, offset


def _behind_array(state: State, given: Symbol, offset: int) -> int:
    if state.frame_end:
        if state.frame_end != offset:
            raise BrokenError("a raw array begins inside a frame", offset)
        state.frame_end = 0
    filled, items = state.filled
    if filled != given or not isinstance(given, int):
        raise BrokenError("the length of a raw array is not written in the stream", offset)
    fields = {state.text(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
    size = _element_size(fields.get("dtype", 0))
    if size is None:
        return state.nested(offset)
    shape = fields.get("shape", 0)
    sides = [_integer(state, side) for side in (shape if isinstance(shape, tuple) else ())]
    if isinstance(shape, int) and state.source.read_at(shape, 1) != b")":
        raise BrokenError("the length of a raw array is not written in the stream", offset)
    if any(side is None or side < 0 for side in sides):
        raise BrokenError("the length of a raw array is not written in the stream", offset)
    if _integer(state, fields.get("numpy_array_alignment_bytes", 0)):
        offset += 1 + state.bytes_at(offset, 1)[0]
    return offset + size * math.prod(side or 0 for side in sides)


def _element_size(dtype: Symbol) -> int | None:
    """Give the bytes of an element; None where the elements are Python objects, which are a pickle of their own."""
    kind = dtype.arguments[0] if isinstance(dtype, Made) and dtype.arguments else "O"
    match = re.fullmatch(r"[<>|=]?([bBiufcmMSUVa?])(\d+)", str(kind))
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
