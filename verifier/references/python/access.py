"""What attributes, items and calls give: fields of classes, entries of dictionaries, results of plain functions."""

from __future__ import annotations

import ast
import itertools
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from verifier.references.python.scopes import Scope, keyword, last_name
from verifier.references.python.values import (
    MAX_VALUES,
    Evaluates,
    Held,
    Known,
    Local,
    Thing,
    Unknown,
    Value,
    has_text,
    text_of,
)
from verifier.references.vocabulary import LOADING_METHODS, names_a_directory

MAX_CHAIN = 36
MAX_RESULTS = 8
_LOCAL_CALLS = frozenset(
    [
        "mkdtemp",
        "TemporaryDirectory",
        "NamedTemporaryFile",
        "getcwd",
        "gettempdir",
        "abspath",
        "dirname",
        "expanduser",
        "realpath",
        "cwd",
        "home",
        "snapshot_download",
        "hf_hub_download",
        "cached_download",
        "get_auto_remove_tmp_dir",
        "mktemp",
        "resolve",
        "absolute",
        "expandvars",
        "get_last_checkpoint",
        "mkstemp",
    ]
)
_CHOICES = frozenset(["choice", "selectbox", "radio", "select", "choices", "sample", "Choice", "next"])
_DEFAULTED = frozenset(["Option", "Argument", "Field", "field", "Form", "Query", "Body", "Parameter", "Param", "Input"])
_PASSED_ON = frozenset(
    [
        "str",
        "Path",
        "PurePath",
        "PosixPath",
        "PurePosixPath",
        "fspath",
        "list",
        "tuple",
        "set",
        "sorted",
        "reversed",
        "frozenset",
        "iter",
    ]
)
_STRING_METHODS: dict[str, Callable[..., object]] = {
    name: getattr(str, name)
    for name in ("strip", "lstrip", "rstrip", "lower", "replace", "removeprefix", "removesuffix", "upper", "casefold")
}
_FIELD = re.compile(r"\{([A-Za-z_]\w*|\d*)(?:![rsa])?(?::[^{}]*)?\}")


# Attributes.


def attribute(evaluator: Evaluates, node: ast.Attribute, scope: Scope, depth: int) -> Iterator[Value]:
    """`receiver.name`: of a module, a class, an instance, or of something unknown that has such a field here."""
    found: list[Value] = []
    for value in evaluator.evaluate(node.value, scope, depth):
        found += _attribute_of(evaluator, value, node, depth)
    solid: list[Value] = [value for value in found if not isinstance(value, Unknown)]
    if not solid:
        for site in (*scope.module.attributes.get(node.attr, ()), *scope.module.fields.get(node.attr, ())):
            solid += evaluator.evaluate(site.node, site.scope, depth)
        solid = [value for value in solid if not (isinstance(value, Known) and value.value is None)]
    if solid:
        yield from solid
    elif names_a_directory(node.attr):
        yield Local()
    else:
        yield Unknown(f"{_short(node)} is set elsewhere", node)


def _attribute_of(evaluator: Evaluates, value: Value, node: ast.Attribute, depth: int) -> list[Value]:
    if isinstance(value, Thing) and isinstance(value.node, ast.ClassDef) and value.scope is not None:
        return _field_of(evaluator, value, node, depth)
    if isinstance(value, Thing) and value.origin:
        if value.scope is not None:
            level = len(value.origin) - len(value.origin.lstrip("."))
            module = evaluator.imported(value.scope.module, value.origin.lstrip("."), level)
            if module is not None and node.attr in module.top.bindings:
                return evaluator.name_in(module, node.attr, node, depth)
        return [Thing(None, value.scope, f"{value.origin}.{node.attr}")]
    if isinstance(value, Known) and node.attr in ("value", "name"):
        return [value] if node.attr == "value" else []
    if isinstance(value, Held) and isinstance(value.node, (ast.Dict, ast.Call)):
        return _entries(evaluator, value, node.attr, depth)
    return [Local()] if isinstance(value, Local) else []


def _field_of(evaluator: Evaluates, value: Thing, node: ast.Attribute, depth: int) -> list[Value]:
    """A field of a class of the project: what its instance was made with, its default, `self.name = …`, its bases'."""
    if depth > MAX_CHAIN:
        return []
    module = value.scope.module
    given = keyword(value.call, node.attr) if value.call is not None else None
    if given is not None:
        return evaluator.evaluate(given, value.scope, depth)
    inner = module.scopes[value.node]
    found: list[Value] = []
    for binding in inner.bindings.get(node.attr, ()):
        if binding.kind == "value":
            found += evaluator.evaluate(binding.node, inner, depth)
        elif binding.kind == "function":
            found += results(evaluator, binding.node, inner, depth)
    for site in module.attributes.get(node.attr, ()):
        if _stands_in(site.scope, inner):
            found += evaluator.evaluate(site.node, site.scope, depth)
    if not found:
        for base in value.node.bases:
            for parent in evaluator.evaluate(base, value.scope, depth):
                if (
                    isinstance(parent, Thing)
                    and isinstance(parent.node, ast.ClassDef)
                    and parent.node is not value.node
                ):
                    found += _field_of(evaluator, parent, node, depth + 1)
    if has_text(found):
        found = [each for each in found if not isinstance(each, Unknown) or each.parameter is None]
    return found


def _stands_in(scope: Scope | None, outer: Scope) -> bool:
    while scope is not None and scope is not outer:
        scope = scope.parent
    return scope is outer


# Items.


def item(evaluator: Evaluates, node: ast.Subscript, scope: Scope, depth: int) -> Iterator[Value]:
    """`receiver[key]`: an entry of a dictionary or a list; of a cut text nothing is said."""
    found: list[Value] = []
    keys: list[Any] = [key.value for key in evaluator.evaluate(node.slice, scope, depth) if isinstance(key, Known)]
    base = _short(node.value)
    for key in keys:
        for site in scope.module.items.get((base, key), ()):
            found += evaluator.evaluate(site.node, site.scope, depth)
    for value in evaluator.evaluate(node.value, scope, depth):
        if isinstance(value, Held):
            for key in keys or [None]:
                found += _entries(evaluator, value, key, depth) or _every_entry(evaluator, value, depth)
        elif isinstance(value, Known) and isinstance(value.value, str) and "/" in value.value:
            found.append(Unknown("a text that is cut", node))
    if has_text(found) or any(isinstance(value, (Held, Thing)) for value in found):
        yield from found
    elif base in ("os.environ", "environ"):
        yield Unknown(f"the environment variable {keys[0]}" if keys else "an environment variable", node)
    else:
        yield from [value for value in found if isinstance(value, Unknown)][:1] or [
            Unknown(f"{_short(node)} is not known", node)
        ]


def _entries(evaluator: Evaluates, held: Held, key: object, depth: int) -> list[Value]:
    """The entries of a container under a known key."""
    node, scope = held.node, held.scope
    if depth > MAX_CHAIN:
        return []
    if isinstance(node, ast.Dict):
        found = []
        for name, value in zip(node.keys, node.values, strict=True):
            if name is None:
                inner = evaluator.evaluate(value, scope, depth)
                containers = [part for part in inner if isinstance(part, Held)]
                found += [each for part in containers for each in _entries(evaluator, part, key, depth + 1)]
            elif any(
                isinstance(known, Known) and known.value == key for known in evaluator.evaluate(name, scope, depth)
            ):
                found += evaluator.evaluate(value, scope, depth)
        return found
    if isinstance(node, ast.Call):
        given = keyword(node, key) if isinstance(key, str) else None
        if given is not None:
            return evaluator.evaluate(given, scope, depth)
        parts = [*node.args, *(word.value for word in node.keywords if word.arg is None)]
        inner = [value for part in parts for value in evaluator.evaluate(part, scope, depth)]
        return [each for part in inner if isinstance(part, Held) for each in _entries(evaluator, part, key, depth + 1)]
    if isinstance(node, (ast.List, ast.Tuple)) and isinstance(key, int) and -len(node.elts) <= key < len(node.elts):
        return evaluator.evaluate(node.elts[key], scope, depth)
    return []


def _every_entry(evaluator: Evaluates, held: Held, depth: int) -> list[Value]:
    node = held.node
    if isinstance(node, ast.Dict):
        parts: list[ast.expr] = node.values
    elif isinstance(node, ast.Call):
        parts = [word.value for word in node.keywords]
    else:
        return elements(evaluator, held, depth)
    return [value for part in parts[:MAX_VALUES] for value in evaluator.evaluate(part, held.scope, depth)]


def elements(evaluator: Evaluates, value: Value, depth: int, node: ast.AST | None = None) -> list[Value]:
    """What iterating over a value gives: a dictionary's keys, a list's elements."""
    if isinstance(value, Held):
        inner = value.node
        if isinstance(inner, ast.Dict):
            parts: list[ast.expr] = [key for key in inner.keys if key is not None]
        elif isinstance(inner, (ast.List, ast.Tuple, ast.Set)):
            parts = inner.elts
        elif isinstance(inner, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            parts = [inner.elt]
        else:
            parts = []
        return [each for part in parts[:MAX_VALUES] for each in evaluator.evaluate(part, value.scope, depth)]
    if isinstance(value, (Unknown, Local)):
        return [value]
    return [Unknown("an element of a value that is not known", node)] if node is not None else []


# Calls.


def call(evaluator: Evaluates, node: ast.Call, scope: Scope, depth: int) -> Iterator[Value]:
    """The result of a call that can be followed: of texts, paths and dictionaries, and of the project's functions."""
    name = last_name(node.func) or ""
    if name in _LOCAL_CALLS:
        yield Local()
        return
    if name in LOADING_METHODS:
        yield Thing(None, None, "a loaded object")
        return
    if isinstance(node.func, ast.Attribute):
        known = _method(evaluator, node.func, node, scope, depth)
        if known is not None:
            yield from known
            return
    if name in ("dict", "SimpleNamespace", "Namespace", "DictConfig", "EasyDict", "AttrDict", "OrderedDict"):
        yield Held(node, scope)
    elif name in _PASSED_ON and node.args:
        yield from evaluator.evaluate(node.args[0], scope, depth)
        if name.endswith("Path") and len(node.args) > 1:
            yield Unknown("a path put together", node)
    elif name == "cast" and len(node.args) == 2:
        yield from evaluator.evaluate(node.args[1], scope, depth)
    elif name == "getenv":
        yield from _defaulted(evaluator, node, scope, depth, "the environment variable")
    elif name == "getattr" and len(node.args) >= 2:
        yield from _getattr(evaluator, node, scope, depth)
    elif name in _CHOICES and node.args:
        for value in evaluator.evaluate(node.args[0], scope, depth):
            yield from elements(evaluator, value, depth, node)
        for argument in node.args[1:]:
            for value in evaluator.evaluate(argument, scope, depth):
                if isinstance(value, Held):
                    yield from elements(evaluator, value, depth, node)
    elif name == "param" and node.args:  # a row of pytest's parametrize
        row = ast.copy_location(ast.Tuple(node.args, ast.Load()), node)
        yield from [Held(row, scope)] if len(node.args) > 1 else evaluator.evaluate(node.args[0], scope, depth)
    elif name in _DEFAULTED:
        yield from _field_default(evaluator, node, scope, depth)
    else:
        yield from _called(evaluator, node, scope, depth)


def _called(evaluator: Evaluates, node: ast.Call, scope: Scope, depth: int) -> Iterator[Value]:
    if evaluator.is_shallow:
        yield _result_of(node)
        return
    for callee in evaluator.evaluate(node.func, scope, depth):
        if isinstance(callee, Thing) and isinstance(callee.node, ast.ClassDef):
            yield Thing(callee.node, callee.scope, "", node)
        elif isinstance(callee, Thing) and callee.node is not None and callee.scope is not None:
            yield from results(evaluator, callee.node, callee.scope, depth) or [_result_of(node)]
        else:
            yield _result_of(node)


def _result_of(node: ast.Call) -> Unknown:
    return Unknown(f"the result of {_short(node.func)}()", node)


def results(evaluator: Evaluates, function: ast.AST, scope: Scope, depth: int) -> list[Value]:
    """What a function of the project returns."""
    module = scope.module
    inner = module.scopes.get(function)
    if inner is None or depth > MAX_CHAIN:
        return []
    if isinstance(function, ast.Lambda):
        return evaluator.evaluate(function.body, inner, depth)
    returned = module.returned.get(function, ())
    return [value for each in returned[:MAX_RESULTS] for value in evaluator.evaluate(each, inner, depth + 1)]


def _getattr(evaluator: Evaluates, node: ast.Call, scope: Scope, depth: int) -> list[Value]:
    name = node.args[1]
    found: list[Value] = []
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        read = ast.copy_location(ast.Attribute(node.args[0], name.value, ast.Load()), node)
        found = evaluator.evaluate(read, scope, depth)
    if not found or all(isinstance(value, Unknown) for value in found):
        default = evaluator.evaluate(node.args[2], scope, depth) if len(node.args) > 2 else []
        found = default if has_text(default) else found or [Unknown("an attribute by a name that is computed", node)]
    return found


def _field_default(evaluator: Evaluates, node: ast.Call, scope: Scope, depth: int) -> list[Value]:
    default = keyword(node, "default") or (node.args[0] if node.args else None)
    if default is not None:
        return evaluator.evaluate(default, scope, depth)
    factory = keyword(node, "default_factory")
    if isinstance(factory, ast.Lambda):
        return evaluator.evaluate(factory.body, scope, depth)
    return [Known(None, node, scope.module)]


def _defaulted(evaluator: Evaluates, node: ast.Call, scope: Scope, depth: int, what: str) -> list[Value]:
    """A look-up with a default: the default is what the source names."""
    default = node.args[1] if len(node.args) > 1 else keyword(node, "default")
    found = evaluator.evaluate(default, scope, depth) if default is not None else []
    if has_text(found) or any(isinstance(value, (Unknown, Held, Local)) for value in found):
        return found
    return [Unknown(f"{what} {_short(node.args[0])}" if node.args else what, node)]


def _method(
    evaluator: Evaluates, function: ast.Attribute, node: ast.Call, scope: Scope, depth: int
) -> list[Value] | None:
    name, receiver = function.attr, function.value
    if name == "join":
        if _short(receiver) in ("os.path", "path", "osp", "posixpath"):
            return _combined(node, scope, _arguments(evaluator, node.args, scope, depth), lambda p: posixpath.join(*p))
        return _joined(evaluator, node, receiver, scope, depth)
    if name == "joinpath":
        parts = _arguments(evaluator, [receiver, *node.args], scope, depth)
        return _combined(node, scope, parts, lambda texts: posixpath.join(*texts))
    if name in ("get", "pop", "setdefault") and node.args:
        return _looked_up(evaluator, node, receiver, scope, depth)
    if name == "values" and not node.args:
        held = [value for value in evaluator.evaluate(receiver, scope, depth) if isinstance(value, Held)]
        return [Held(_listed(node, each.node), each.scope) for each in held if isinstance(each.node, ast.Dict)] or None
    if name in ("keys", "copy", "as_posix", "__str__"):
        return evaluator.evaluate(receiver, scope, depth)
    if name == "format":
        return _formatted(evaluator, node, receiver, scope, depth)
    if name == "decode":
        return _combined(node, scope, [evaluator.evaluate(receiver, scope, depth)], "".join)
    if name in _STRING_METHODS:
        parts = _arguments(evaluator, [receiver, *node.args], scope, depth)
        return _combined(node, scope, parts, lambda texts: str(_STRING_METHODS[name](*texts)))
    if name in ("split", "rsplit", "partition", "rpartition", "join", "hex", "translate", "zfill"):
        return [Unknown("a text that is cut or computed", node)]
    return None


def _listed(node: ast.AST, dictionary: ast.Dict) -> ast.List:
    return ast.copy_location(ast.List(list(dictionary.values), ast.Load()), node)


def _arguments(evaluator: Evaluates, nodes: list[ast.expr], scope: Scope, depth: int) -> list[list[Value]]:
    return [evaluator.evaluate(node, scope, depth) for node in nodes]


def _combined(node: ast.AST, scope: Scope, parts: list[list[Value]], join: Callable[[list[str]], str]) -> list[Value]:
    return list(combined(node, scope, parts, join))


def combined(
    node: ast.AST, scope: Scope, parts: list[list[Value]], join: Callable[[list[str]], str]
) -> Iterator[Value]:
    """Every combination of the parts' texts; a part that is not known spoils its combinations."""
    for combination in itertools.islice(itertools.product(*parts), MAX_VALUES):
        known = [text_of(value.value) for value in combination if isinstance(value, Known)]
        if len(known) == len(combination):
            try:
                yield Known(join(known), node, scope.module)
            except (TypeError, ValueError, IndexError, KeyError):
                yield Unknown("a text that is computed", node)
        elif any(isinstance(value, Local) for value in combination):
            yield Local()
        else:
            lost = next(value for value in combination if not isinstance(value, Known))
            yield lost if isinstance(lost, Unknown) else Unknown("a text put together from other values", node)


def _joined(evaluator: Evaluates, node: ast.Call, receiver: ast.expr, scope: Scope, depth: int) -> list[Value]:
    separators = evaluator.evaluate(receiver, scope, depth)
    found: list[Value] = []
    for value in evaluator.evaluate(node.args[0], scope, depth) if node.args else []:
        if isinstance(value, Held) and isinstance(value.node, (ast.List, ast.Tuple)):
            parts = _arguments(evaluator, value.node.elts, value.scope, depth)
            found += combined(node, scope, [separators, *parts], lambda texts: texts[0].join(texts[1:]))
        else:
            found.append(Unknown("a text put together from a list", node))
    return found or [Unknown("a text put together from a list", node)]


def _formatted(evaluator: Evaluates, node: ast.Call, receiver: ast.expr, scope: Scope, depth: int) -> list[Value]:
    names = [word.arg for word in node.keywords]
    nodes = [receiver, *node.args, *(word.value for word in node.keywords)]

    def filled(texts: list[str]) -> str:
        positional = texts[1 : 1 + len(node.args)]
        named = dict(zip(names, texts[1 + len(node.args) :], strict=True))
        counter = itertools.count()
        return _FIELD.sub(
            lambda m: named[m[1]] if m[1] in named else positional[int(m[1]) if m[1] else next(counter)], texts[0]
        )

    return _combined(node, scope, _arguments(evaluator, nodes, scope, depth), filled)


def _looked_up(evaluator: Evaluates, node: ast.Call, receiver: ast.expr, scope: Scope, depth: int) -> list[Value]:
    read = ast.copy_location(ast.Subscript(receiver, node.args[0], ast.Load()), node)
    found = evaluator.evaluate(read, scope, depth)
    if has_text(found):
        return [*found, *(evaluator.evaluate(node.args[1], scope, depth) if len(node.args) > 1 else [])]
    if len(node.args) > 1 or keyword(node, "default") is not None:
        return _defaulted(evaluator, node, scope, depth, "the entry")
    return found


def _short(node: ast.AST) -> str:
    """An expression as it is written, if it is short enough to show."""
    return ast.unparse(node)[:80] if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Constant)) else "…"
