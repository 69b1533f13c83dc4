"""Which calls load a model, and which of their arguments says which."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from verifier.references.python.evaluate import Evaluator
from verifier.references.python.scopes import Binding, Scope, last_name
from verifier.references.python.values import Held, Known, Thing
from verifier.references.vocabulary import (
    ANY_ORIGIN,
    LITERAL_METHODS,
    LOADING_FUNCTIONS,
    LOADING_METHODS,
    MODEL_HUBS_OF_OTHERS,
    OTHER_ROOTS,
    names_a_model,
)


@dataclass(frozen=True, slots=True)
class Callee:
    """A callable by its own name, the package that it comes from if that is seen, and arguments bound before."""

    name: str
    root: str | None
    arguments: tuple[ast.expr, ...] = ()
    keywords: tuple[ast.keyword, ...] = ()
    owner: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether it speaks of something else than the Hub."""
        return _is_elsewhere(self.root or "")

    @property
    def loads(self) -> bool:
        """Tell whether it loads the model that it is given."""
        if self.is_elsewhere or self.owner in ("Embedding", "EmbeddingBag"):  # of torch: given a tensor
            return False
        if self.name in LOADING_METHODS or self.name in LITERAL_METHODS:
            return True
        roots = LOADING_FUNCTIONS.get(self.name)
        if roots is None:
            return False
        if self.root is None:
            return roots == () or self.name in ANY_ORIGIN
        return roots == () or self.root.split(".")[0] in roots


def callee_of(function: ast.expr, scope: Scope, evaluator: Evaluator, depth: int = 0) -> Callee | None:
    """Follow a called expression through aliases, `functools.partial` and `getattr`."""
    if depth > 5:
        return None
    if isinstance(function, ast.Attribute):
        return _attribute(function, scope, evaluator, depth)
    if isinstance(function, ast.Name):
        return _name(function, scope, evaluator, depth)
    if isinstance(function, ast.Subscript):
        return _held(function, scope, evaluator)
    if isinstance(function, ast.Call):
        name = last_name(function.func)
        if name == "partial" and function.args:
            inner = callee_of(function.args[0], scope, evaluator, depth + 1)
            if inner is not None:
                bound = (*inner.arguments, *function.args[1:])
                return replace(inner, arguments=bound, keywords=(*inner.keywords, *function.keywords))
        if name == "getattr" and len(function.args) > 1:
            for key in evaluator.texts(function.args[1], scope):
                return Callee(str(key.value), _root(function.args[0], scope))
        if name == "get" and isinstance(function.func, ast.Attribute):
            return _held(function, scope, evaluator)
        if name in ("remote", "options", "delayed", "wraps") and isinstance(function.func, ast.Attribute):
            return callee_of(function.func.value, scope, evaluator, depth + 1)
    return None


def _held(function: ast.expr, scope: Scope, evaluator: Evaluator) -> Callee | None:
    """What a dictionary or a list holds: `LOADERS[kind]("org/name")`; one loader among several is enough."""
    things = [value.origin for value in evaluator.values(function, scope) if isinstance(value, Thing) and value.origin]
    found = [Callee(name, root) for root, _, name in (origin.rpartition(".") for origin in things)]
    return next((callee for callee in found if callee.loads), None)


def _attribute(function: ast.Attribute, scope: Scope, evaluator: Evaluator, depth: int) -> Callee | None:
    if function.attr == "remote" and isinstance(function.value, (ast.Name, ast.Attribute, ast.Call)):
        return callee_of(function.value, scope, evaluator, depth + 1)
    if function.attr not in LOADING_METHODS:
        for site in scope.module.attributes.get(function.attr, ())[:4]:
            if last_name(site.node) in LOADING_METHODS:
                return callee_of(site.node, site.scope, evaluator, depth + 1)
    return Callee(function.attr, _root(function.value, scope), owner=last_name(function.value) or "")


def _name(function: ast.Name, scope: Scope, evaluator: Evaluator, depth: int) -> Callee | None:
    bindings = evaluator.look_up(function.id, scope)
    imported = [Callee(each.extra[1] or each.extra[0], _dotted(each)) for each in bindings if each.kind == "import"]
    if imported:
        return min(imported, key=lambda callee: callee.is_elsewhere)  # one import of several is enough
    for binding in bindings:
        node = binding.node
        is_alias = isinstance(node, (ast.Attribute, ast.Name, ast.Subscript)) or (
            isinstance(node, ast.Call) and last_name(node.func) in ("partial", "getattr", "options", "get")
        )
        if binding.kind in ("value", "entered") and is_alias:
            found = callee_of(node, binding.scope, evaluator, depth + 1)
            if found is not None:
                return found
        return Callee(function.id, "")
    return Callee(function.id, None)


def _root(receiver: ast.expr, scope: Scope) -> str | None:
    """The package at the beginning of `package.module.Class`, if that is an import."""
    names: list[str] = []
    while isinstance(receiver, ast.Attribute):
        names.append(receiver.attr)
        receiver = receiver.value
    if isinstance(receiver, ast.Call):
        return _root(receiver.func, scope)
    if not isinstance(receiver, ast.Name):
        return None
    roots = []
    for binding in scope.look_up(receiver.id):
        if binding.kind == "import":
            parts = [_dotted(binding), binding.extra[1] or "", *reversed(names)]
            roots.append(".".join(part for part in parts if part))
    return min(roots, key=_is_elsewhere, default=None)


def _dotted(binding: Binding) -> str:
    dotted, _, level = binding.extra
    return f"{'.' * level}{dotted}"


def _is_elsewhere(root: str) -> bool:
    """Tell whether what comes from a package speaks of something else than the Hub."""
    return root.split(".")[0] in (*MODEL_HUBS_OF_OTHERS, *OTHER_ROOTS) or root.startswith("torch.hub")


def model_arguments(callee: Callee, call: ast.Call) -> tuple[list[ast.expr], bool]:
    """Give the arguments that say which model is loaded, and whether `**` may hide one."""
    positional = [*callee.arguments, *call.args]
    words = [*callee.keywords, *call.keywords]
    is_adapter = _is_adapter(call.func)
    place = 1 if callee.name == "pipeline" or is_adapter else 0
    main = [word.value for word in words if word.arg in _MAIN and not (is_adapter and word.arg == "model")]
    if place < len(positional) and not any(isinstance(each, ast.Starred) for each in positional[: place + 1]):
        main.insert(0, positional[place])  # a keyword beside it may be one that the loader passes over
    if not main and callee.name in LOADING_METHODS:
        main = [word.value for word in words if word.arg not in (None, "tokenizer") and names_a_model(word.arg or "")]
        main = main[:1]
    if main:
        return main, False
    starred: list[ast.expr] = [each for each in positional[: place + 1] if isinstance(each, ast.Starred)]
    unpacked = [word.value for word in words if word.arg is None]
    return starred, bool(unpacked)


_MAIN = (
    "pretrained_model_name_or_path",
    "model",
    "repo_id",
    "model_name_or_path",
    "model_name",
    "model_id",
    "model_path",
)
_ADAPTED = re.compile(r"Peft(?!Config)|LoraModel|AdaLora")


def _is_adapter(function: ast.expr) -> bool:
    """`PeftModel.from_pretrained(model, "org/adapter")`: the model itself comes first."""
    return isinstance(function, ast.Attribute) and bool(_ADAPTED.match(last_name(function.value) or ""))


AS_ENTRY = (*_MAIN, "pretrained_model_link_or_path", "preset", "name", "repo")


def unpacked_values(call: ast.Call, scope: Scope, evaluator: Evaluator, keys: tuple[str, ...]) -> list[Known]:
    """The texts that `**kwargs` gives under some keys: entries of a dictionary, and `kwargs["model"] = …`."""
    found: list[Known] = []
    for word in call.keywords:
        for key in keys if word.arg is None else ():
            name = ast.copy_location(ast.Constant(key), call)
            read = ast.copy_location(ast.Subscript(word.value, name, ast.Load()), call)
            held = any(_has_key(value, key) for value in evaluator.values(word.value, scope) if isinstance(value, Held))
            if held or (ast.unparse(word.value), key) in scope.module.items:
                found += [value for value in evaluator.values(read, scope) if isinstance(value, Known)]
    return found


def _has_key(held: Held, key: str) -> bool:
    if isinstance(held.node, ast.Dict):
        return any(isinstance(name, ast.Constant) and name.value == key for name in held.node.keys)
    return isinstance(held.node, ast.Call) and any(word.arg == key for word in held.node.keywords)
