"""What each rarer opcode does to the symbolic stack: imports, calls, states, marks, keys of the memo.

A handler is given the state and its opcode's offset, and gives the offset behind its argument. `IndexError` means
that the stack, its marks or the memo have not what the opcode takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from verifier.formats.content import Argument, Role
from verifier.formats.pickle import raw
from verifier.formats.pickle.facts import BrokenError
from verifier.formats.pickle.literals import NotALiteralError
from verifier.formats.pickle.state import NAMES, State
from verifier.formats.pickle.symbols import BUFFER, COMPUTED, NUMBERED, PERSISTENT, Global, Made, Symbol, flat

_HIGHEST_PROTOCOL = 5
_GETTERS = frozenset({Global("builtins", "getattr"), Global("__builtin__", "getattr")})
_MAKERS = frozenset(
    Global(module, name)
    for module in ("copyreg", "copy_reg")
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
"""Functions that make an instance of their first argument."""
_SHOWN = 200
_MOST_SHOWN = 4


def _stop(state: State, offset: int) -> int:
    state.stack.pop()
    if state.stack or state.marked:
        state.facts.problem("values are left on the stack at the end", offset)
    if state.memo.is_far:
        state.facts.problem("keys of the memo are far from all others", offset)
    if state.frame_end > offset + 1:
        state.facts.problem("the frame goes on behind the end", offset)
    state.stopped = True
    return offset + 1


def _proto(state: State, offset: int) -> int:
    protocol = state.bytes_at(offset + 1, 1)[0]
    if protocol > _HIGHEST_PROTOCOL:
        raise BrokenError(f"there is no protocol {protocol}", offset)
    if offset != state.start:
        state.facts.problem("PROTO is not the first opcode", offset)
    state.facts.protocol = max(state.facts.protocol or 0, protocol)
    return offset + 2


def _frame(state: State, offset: int) -> int:
    length = int.from_bytes(state.bytes_at(offset + 1, 8), "little")
    if offset + 9 + length > state.source.size:
        state.facts.problem("the frame is longer than the stream", offset)
    if state.frame_end:
        state.facts.problem("a frame begins inside a frame", offset)
    state.frame_end = min(offset + 9 + length, state.source.size)
    return offset + 9


def _name(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


def _global(state: State, offset: int) -> int:
    module, behind = state.line(offset + 1)
    name, behind = state.line(behind)
    state.stack.append(_imported(state, Global(_name(module), _name(name)), "GLOBAL", offset))
    return behind


def _stack_global(state: State, offset: int) -> int:
    name, module = state.text(state.stack.pop()), state.text(state.stack.pop())
    if name is None or module is None:
        state.facts.oddity("the name of a global is computed, not written", "STACK_GLOBAL", offset)
        state.stack.append(COMPUTED)
    else:
        state.stack.append(_imported(state, Global(module, name), "STACK_GLOBAL", offset))
    return offset + 1


def _imported(state: State, found: Global, opcode: str, offset: int) -> Global:
    state.facts.use(found, Role.IMPORT, opcode, offset)
    return found


def _extension(width: int) -> Handler:
    def handler(state: State, offset: int) -> int:
        code = int.from_bytes(state.bytes_at(offset + 1, width), "little", signed=width == 4)
        state.facts.oddity(f"the extension code {code} stands for a global that is not named", f"EXT{width}", offset)
        state.stack.append(NUMBERED)
        return offset + 1 + width

    return handler


def _reduce(state: State, offset: int) -> int:
    arguments, callee = state.stack.pop(), state.stack.pop()
    state.stack.append(_called(state, callee, arguments, Role.CALL, offset))
    return offset + 1


def _newobj(state: State, offset: int) -> int:
    arguments, callee = state.stack.pop(), state.stack.pop()
    state.stack.append(_called(state, callee, arguments, Role.NEW, offset))
    return offset + 1


def _newobj_ex(state: State, offset: int) -> int:
    _keywords, arguments, callee = state.stack.pop(), state.stack.pop(), state.stack.pop()
    state.stack.append(_called(state, callee, arguments, Role.NEW, offset))
    return offset + 1


def _obj(state: State, offset: int) -> int:
    items = state.pop_mark()
    callee, arguments = items[0], items[1:]
    state.stack.append(_called(state, callee, flat(tuple(arguments)), Role.CALL, offset))
    return offset + 1


def _inst(state: State, offset: int) -> int:
    module, behind = state.line(offset + 1)
    name, behind = state.line(behind)
    callee = _imported(state, Global(_name(module), _name(name)), "INST", offset)
    arguments = flat(tuple(state.pop_mark()))
    state.stack.append(_called(state, callee, arguments, Role.CALL, offset))
    return behind


def _called(state: State, callee: Symbol, arguments: Symbol, role: Role, offset: int) -> Symbol:
    """Note a call; give what it makes."""
    opcode = NAMES[state.source.read_at(offset, 1)[0]]
    if isinstance(callee, int | tuple):
        raise BrokenError(f"{opcode} calls what can't be called", offset)
    if not isinstance(callee, Global):
        state.facts.oddity("a value that was computed is called", opcode, offset)
        return COMPUTED
    given = arguments if isinstance(arguments, tuple) else ()
    apart = callee in _GETTERS
    shown = _shown(state, given) if apart or state.facts.is_new(callee, role) else ()
    state.facts.use(callee, role, opcode, offset, shown, apart=apart)
    if callee in _MAKERS:
        return _made_by(state, given, opcode, offset)
    raw.note_wrapper(state, callee, role, offset)
    return Made(callee, raw.kept(state, callee, given))


def _made_by(state: State, given: Sequence[Symbol], opcode: str, offset: int) -> Symbol:
    """Note whose instance `copyreg` makes; what is done with it afterwards is done with that class's."""
    made = given[0] if given else COMPUTED
    if not isinstance(made, Global):
        state.facts.oddity("an instance of a computed class is made", opcode, offset)
        return COMPUTED
    state.facts.use(made, Role.NEW, opcode, offset)
    return Made(made)


def _shown(state: State, given: Sequence[Symbol]) -> tuple[Argument, ...]:
    """Give a call's arguments as far as they are written in the stream."""
    shown: list[Argument] = []
    for symbol in given[:_MOST_SHOWN]:
        if isinstance(symbol, Global):
            shown.append((symbol.module, symbol.name))
        else:
            try:
                value = state.literal(symbol)
            except NotALiteralError:
                shown.append(None)
            else:
                shown.append(value[:_SHOWN] if isinstance(value, str) else None)
    return tuple(shown)


def _build(state: State, offset: int) -> int:
    given, target = state.stack.pop(), state.stack.pop()
    if isinstance(target, Global):
        state.facts.use(target, Role.PATCH, "BUILD", offset)
    elif isinstance(target, Made):
        state.facts.use(target.origin, Role.STATE, "BUILD", offset)
        target, behind = raw.behind_build(state, target, given, offset + 1)
        state.stack.append(target)
        return behind
    elif not isinstance(target, int):
        state.facts.oddity("the state of a value that was computed is set", "BUILD", offset)
    state.stack.append(target)
    return offset + 1


def _pop(state: State, offset: int) -> int:
    if state.stack:
        state.stack.pop()
    else:
        state.pop_mark()
    return offset + 1


def _pop_mark(state: State, offset: int) -> int:
    state.pop_mark()
    return offset + 1


def _dup(state: State, offset: int) -> int:
    state.stack.append(state.stack[-1])
    return offset + 1


def _collect(state: State, offset: int) -> int:
    """LIST, DICT, FROZENSET: whatever is above the mark becomes one container."""
    items = state.pop_mark()
    if len(items) % 2 and state.source.read_at(offset, 1) == b"d":
        raise BrokenError("DICT finds a key without a value", offset)
    state.stack.append(offset)
    return offset + 1


def _get(state: State, offset: int) -> int:
    key, behind = state.key(offset + 1)
    state.stack.append(state.memo.get(key))
    return behind


def _put(state: State, offset: int) -> int:
    key, behind = state.key(offset + 1)
    state.memo.put(key, state.memo.encode(state.stack[-1]))
    return behind


def _persid(state: State, offset: int) -> int:
    _, behind = state.line(offset + 1)
    state.stack.append(PERSISTENT)
    return behind


def _binpersid(state: State, offset: int) -> int:
    raw.note_storage(state, state.stack.pop())
    state.stack.append(PERSISTENT)
    return offset + 1


def _next_buffer(state: State, offset: int) -> int:
    state.stack.append(BUFFER)
    return offset + 1


def _readonly_buffer(state: State, offset: int) -> int:
    state.stack[-1]
    return offset + 1


def _long_line(state: State, offset: int) -> int:
    state.stack.append(offset)
    return state.line_end(offset) + 1


def _sized(width: int, *, signed: bool = False) -> Handler:
    def handler(state: State, offset: int) -> int:
        state.stack.append(offset)
        return state.skip(offset + 1, width, signed=signed)

    return handler


Handler = Callable[[State, int], int]
HANDLERS: Mapping[int, Handler] = {
    ord("."): _stop,
    0x80: _proto,
    0x95: _frame,
    ord("c"): _global,
    0x93: _stack_global,
    0x82: _extension(1),
    0x83: _extension(2),
    0x84: _extension(4),
    ord("R"): _reduce,
    0x81: _newobj,
    0x92: _newobj_ex,
    ord("o"): _obj,
    ord("i"): _inst,
    ord("b"): _build,
    ord("0"): _pop,
    ord("1"): _pop_mark,
    ord("2"): _dup,
    ord("l"): _collect,
    ord("d"): _collect,
    0x91: _collect,
    ord("g"): _get,
    ord("p"): _put,
    ord("P"): _persid,
    ord("Q"): _binpersid,
    0x97: _next_buffer,
    0x98: _readonly_buffer,
    **{opcode: _long_line for opcode in b"ILFSV"},
    ord("T"): _sized(4, signed=True),
    0x8B: _sized(4, signed=True),
    0x8D: _sized(8),
    0x8E: _sized(8),
    0x96: _sized(8),
}
"""By opcode; what is not here the walker's own loop deals with."""
