"""What a Python module says about models: what its calls load, and what its names hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from verifier.references.draft import Collection
from verifier.references.mention import Kind, Project
from verifier.references.naming import Reading, at_loader, beside_key, hub_urls, read_name, sentence_transformer
from verifier.references.python.evaluate import Evaluator
from verifier.references.python.loaders import AS_ENTRY, Callee, callee_of, model_arguments, unpacked_values
from verifier.references.python.scopes import Module, Scope, default_of, keyword, last_name, parameters
from verifier.references.python.values import Held, Known, Thing, Unknown, Value
from verifier.references.vocabulary import (
    CUSTOM_CODE_KEYS,
    LITERAL_METHODS,
    LOADING_METHODS,
    MODEL_REVISION_KEYS,
    OTHER_HUB_VARIABLES,
    PREFIXED_ONLY,
    TAKES_A_MODEL,
    TAKES_NO_MODEL,
    UNSAFE_LOAD_VARIABLES,
    is_remote_code_key,
    names_a_model,
    names_an_output,
    names_another_hub,
    names_data,
    says_yes,
    spelled,
)

MAX_LINES = 20
"""How far a pragma may stand from a call's first line, inside the call."""
_WITH_DEFAULT = ("getenv", "add_argument", "field", "Field", "Option")
_READ_BESIDE_A_NAME = (
    ast.Constant, ast.JoinedStr, ast.BinOp, ast.Name, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.IfExp, ast.BoolOp,
    ast.Call,
)  # fmt: skip
_BLANK = re.compile(r"\s")
_FETCH = re.compile(r"\b(?:wget|curl|git|aria2c|pip3?)\s[^\n]*$")
"""A command that fetches; an address in other prose is read, not loaded."""
_FETCHING = re.compile(r"get|head|post|request|stream|open|urlopen|ls|glob|copy|load_state_dict_from_url|download_url")
_RUNNING = re.compile(
    r"system|popen|Popen|run|call|check_call|check_output|getoutput|getstatusoutput|create_subprocess_shell|split"
)
_COMMAND = re.compile(
    r"(?:vllm|hf|huggingface-cli|trtllm|tune|litgpt|lmdeploy|transformers|mlc_llm|ramalama|--\w+)[\w-]*\s"
)
Place = Callable[[ast.AST], tuple[int, int]]


class Search:
    """One pass over a module's calls, one over its names, one over the texts that are left."""

    def __init__(self, module: Module, project: Project, collection: Collection, place: Place) -> None:
        """Search a module; `place` tells where in the file a node stands."""
        self.module, self.project, self.collection, self.place = module, project, collection, place
        self.evaluator = Evaluator(project)
        self.used: set[ast.AST] = set(module.ignored_texts)
        """Texts that were read already, as a model's name or as something else."""
        self.wrappers: set[tuple[ast.AST, str]] = set()
        """Functions and their parameters that reach a loader."""
        self.written: frozenset[str] = frozenset()
        self.other_hub = any(
            spelled(key) in OTHER_HUB_VARIABLES and self._is_on(site.node, site.scope)
            for (owner, key), sites in module.items.items()
            if owner.endswith("environ")
            for site in sites
        )

    def run(self) -> None:
        """Collect everything that the module says."""
        self.written = frozenset(self._written())
        for site in self.module.calls:
            self._call(site.node, site.scope)
        for site in self.module.others:
            self._other(site.node, site.scope)
        for site in self.module.others:
            if isinstance(site.node, ast.Constant) and site.node not in self.used:
                self._alone(site.node)

    def loads_only(self) -> None:
        """Look at the loaders alone, for the parameters that reach one."""
        for site in self.module.calls:
            callee = callee_of(site.node.func, site.scope, self.evaluator)
            if callee is not None and callee.loads:
                self._load(callee, site.node, site.scope)

    # Calls.

    def _call(self, call: ast.Call, scope: Scope) -> None:
        callee = callee_of(call.func, scope, self.evaluator) or Callee("", None)
        kind_of_repository = keyword(call, "repo_type")
        if isinstance(kind_of_repository, ast.Constant) and kind_of_repository.value in ("dataset", "space"):
            self._reject(call)
            return
        is_elsewhere = callee.is_elsewhere or (self.other_hub and (callee.root or "").startswith("vllm"))
        is_written = bool(TAKES_NO_MODEL.search(callee.name)) and callee.name not in _WITH_DEFAULT
        if is_elsewhere or (is_written and not callee.loads):
            self._reject(call)
        elif callee.loads:
            self._load(callee, call, scope)
        else:
            self._pass_on(callee, call, scope)
        self._given(call)
        self._function_among_arguments(call, scope)
        self._option(callee, call, scope)
        for word in call.keywords:
            if word.arg is None or (is_elsewhere and names_a_model(word.arg)):
                continue
            if not (is_written and not callee.loads and spelled(word.arg).startswith("repo")):
                self._keyed(word.arg, word.value, scope, call)

    def _given(self, call: ast.Call) -> None:
        """Read an address that a call fetches, and a text that a shell runs."""
        name = last_name(call.func) or ""
        given = [*call.args, *(word.value for word in call.keywords)]
        if isinstance(call.func, ast.Attribute) and name == "split":
            given.append(call.func.value)
        given += [part for each in given if isinstance(each, (ast.List, ast.Tuple)) for part in each.elts]
        for node in given:
            text = _written_out(node)
            if text is not None and _RUNNING.fullmatch(name) and _COMMAND.search(text):
                self._shell(text, node)
            elif isinstance(node, ast.Constant) and text is not None and _FETCHING.fullmatch(name):
                known = Known(text, node, self.module)
                for _, found, inside in hub_urls(text):
                    if inside:
                        self._read(Reading("model", found), known, node)
                found_name = read_name(text)[0] if text.lower().startswith("hf://") else None
                if found_name is not None and found_name.model.partition("/")[0] not in ("datasets", "spaces"):
                    self._read(Reading("model", found_name), known, node)

    def _shell(self, text: str, node: ast.AST) -> None:
        from verifier.references.command import Reader

        place = self.place(node)
        Reader(self.module.path, self.project, self.collection, lambda _: place, lambda *_: None, {}).script(text)

    def _reject(self, call: ast.Call) -> None:
        for argument in (*call.args, *(word.value for word in call.keywords)):
            if isinstance(argument, (ast.Constant, ast.JoinedStr)):
                self.used.add(argument)
            elif isinstance(argument, ast.Name):
                self.collection.rejected.update(
                    str(value.value) for value in self.evaluator.texts(argument, self.module.top)
                )

    def _load(self, callee: Callee, call: ast.Call, scope: Scope) -> None:
        arguments, hidden = model_arguments(callee, call)
        revision = self._revision(call, callee, scope)
        values = [value for argument in arguments for value in self.evaluator.values(argument, scope)]
        self.used.update(arguments)
        if not arguments:
            values += unpacked_values(call, scope, self.evaluator, AS_ENTRY)
            if not values and hidden:
                values.append(Unknown("the model is among unpacked arguments", call))
            if not values and callee.name == "pipeline" and call.args:
                reason = "no model is named: the library chooses the task's default model"
                self.collection.unresolved("reference", self.place(call), self._text(call), reason, self._text(call))
        if callee.name not in LITERAL_METHODS:
            self.wrappers.update(value.parameter for value in values if isinstance(value, Unknown) and value.parameter)
        for value in _one_unknown(values):
            self._loaded(callee, value, call, revision)

    def _loaded(self, callee: Callee, value: Value, call: ast.Call, revision: str | None) -> None:
        if isinstance(value, Known):
            if isinstance(value.value, str):
                reading = self._at_loader(callee, value.value)
                self._read(reading, value, call, revision=revision)
        elif isinstance(value, Unknown) and callee.name not in LITERAL_METHODS:
            if value.parameter is not None:
                self.wrappers.add(value.parameter)
                if _is_loaders_own(value):
                    return  # its callers are loaders by name, and are looked at themselves
            if callee.name in ("pipeline", "LLM", "Engine") and isinstance(value.origin, ast.Call):
                return  # an object that was made elsewhere
            self._unresolved("reference", value, call)

    def _at_loader(self, callee: Callee, text: str) -> Reading:
        if callee.name in PREFIXED_ONLY and not read_name(text)[1]:
            return Reading("none")
        if callee.name in ("SentenceTransformer", "CrossEncoder") or callee.name.startswith("HuggingFace"):
            whole = sentence_transformer(text)
            if whole is not None:
                return Reading("model", whole, "sentence-transformers completes the name")
        return at_loader(text, self.project, self.written, self.module.path)

    def _revision(self, call: ast.Call, callee: Callee, scope: Scope) -> str | None:
        for key in MODEL_REVISION_KEYS:
            node = keyword(call, key) or next((w.value for w in callee.keywords if w.arg == key), None)
            if node is not None:
                self.used.add(node)
                texts = [v.value for v in self.evaluator.values(node, scope) if isinstance(v, Known)]
                return next((text for text in texts if isinstance(text, str)), None)
        for known in unpacked_values(call, scope, self.evaluator, ("revision",)):
            return known.value if isinstance(known.value, str) else None
        return None

    def _pass_on(self, callee: Callee, call: ast.Call, scope: Scope) -> None:
        """A call that is no loader: perhaps of a function of the project that is one, or of one by its name."""
        self._call_of_project(call, scope)
        if not TAKES_A_MODEL.search(callee.name):
            return
        for argument in call.args[:1]:
            if isinstance(argument, (ast.Constant, ast.JoinedStr, ast.Name)):
                self._texts(argument, scope, call, is_model_key=True)

    def _call_of_project(self, call: ast.Call, scope: Scope) -> None:
        """A call of another module's function: one that hands a parameter on to a loader is a loader itself."""
        origin = self._origin(call.func, scope)
        if origin is None or not self.evaluator.may_load(scope.module, *origin[1:]):
            return
        given = [*call.args, *(word.value for word in call.keywords)]
        if not any(self._may_be_an_id(each, scope) for each in given):
            return
        thing = self._imported_function(scope.module, *origin)
        for parameter, number in wrapped_parameters(thing, self.project) if thing else ():
            argument = keyword(call, parameter) or (call.args[number] if 0 <= number < len(call.args) else None)
            if argument is not None:
                self.used.add(argument)
                for value in self.evaluator.values(argument, scope):
                    self._loaded(
                        Callee("from_pretrained", ""), value, call, self._revision(call, Callee("", ""), scope)
                    )

    def _may_be_an_id(self, node: ast.expr, scope: Scope) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str) and read_name(node.value)[0] is not None
        is_text = isinstance(node, (ast.JoinedStr, ast.BinOp)) or (
            isinstance(node, ast.Name) and not any(each.kind == "import" for each in scope.look_up(node.id))
        )
        return is_text and any(read_name(str(v.value))[0] for v in self.evaluator.texts(node, scope))

    def _origin(self, function: ast.expr, scope: Scope) -> tuple[str, str, int] | None:
        """The name of an imported function in its module, that module's name, and how many packages up that counts."""
        if isinstance(function, ast.Name):
            for binding in self.evaluator.look_up(function.id, scope)[:1]:
                if binding.kind == "import" and isinstance(binding.extra, tuple) and binding.extra[1]:
                    dotted, name, level = binding.extra
                    return name, dotted, level
        elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            for binding in scope.look_up(function.value.id)[:1]:
                if binding.kind == "import" and isinstance(binding.extra, tuple):
                    dotted, part, level = binding.extra
                    return function.attr, ".".join(each for each in (dotted, part) if each), level
        return None

    def _imported_function(self, importer: Module, name: str, dotted: str, level: int) -> Thing | None:
        module = self.evaluator.imported(importer, dotted, level)
        found = module.top.bindings.get(name, ()) if module is not None and module is not self.module else ()
        return next((Thing(each.node, each.scope) for each in found if each.kind in ("function", "class")), None)

    def _function_among_arguments(self, call: ast.Call, scope: Scope) -> None:
        """`map(AutoModel.from_pretrained, ids)`, `executor.submit(load, "org/name")`."""
        for number, argument in enumerate(call.args[:-1]):
            if not isinstance(argument, (ast.Attribute, ast.Name)) or last_name(call.func) == "partial":
                continue
            if isinstance(argument, ast.Name) and argument.id in self.module.top.bindings:
                callee = callee_of(argument, scope, self.evaluator)
            else:
                callee = Callee(last_name(argument) or "", None) if last_name(argument) in LOADING_METHODS else None
            if callee is None or not callee.loads or not isinstance(call.args[number + 1], ast.expr):
                continue
            for value in self.evaluator.values(call.args[number + 1], scope):
                held = isinstance(value, Held)
                parts = (
                    self.evaluator.values(ast.Starred(call.args[number + 1], ast.Load()), scope) if held else [value]
                )
                for part in parts:
                    self._loaded(callee, part, call, None)

    def _option(self, callee: Callee, call: ast.Call, scope: Scope) -> None:
        """`add_argument("--model", default="org/name")`, `getenv("MODEL", "org/name")`, `parametrize("model", …)`."""
        names = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if callee.name in ("add_argument", "option", "argument", "add_option", "parametrize") and names:
            key = next((name for name in names if name.startswith("--")), names[0])
            for node in (keyword(call, "default"), *call.args[1:2]):
                if node is not None and not (isinstance(node, ast.Constant) and node.value in names):
                    self._keyed(key, node, scope, call)
        elif callee.name in ("getenv", "get", "setdefault", "DEFINE_string", "pop") and names and len(call.args) > 1:
            self._keyed(names[0], call.args[1], scope, call)

    # Names.

    def _other(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._keyed(_target_name(target), node.value, scope, node)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            self._keyed(_target_name(node.target), node.value, scope, node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if _is_another_hubs(key):
                    self.used.add(value)
                if isinstance(key, ast.Constant):
                    self.used.add(key)
                    if isinstance(key.value, str):
                        self._keyed(key.value, value, scope, value, revision=_entry(node, MODEL_REVISION_KEYS))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for argument in parameters(node):
                default = default_of(node, argument)
                if default is not None:
                    self._keyed(argument.arg, default, scope, default)
        elif isinstance(node, (ast.List, ast.Tuple)):
            self._command(node, scope)

    def _keyed(
        self, key: str, node: ast.AST, scope: Scope, around: ast.AST, *, revision: ast.expr | None = None
    ) -> None:
        """Read a value by the name that it stands beside."""
        if key == "":
            return
        word = spelled(key)
        if is_remote_code_key(word):
            self._switch("remote-code", node, scope, around)
        elif word == "weights_only":
            if isinstance(node, ast.Constant) and node.value is False:
                self._add_switch("unsafe-load", node, around)
        elif word in UNSAFE_LOAD_VARIABLES:
            self._switch("unsafe-load", node, scope, around)
        elif word in CUSTOM_CODE_KEYS:
            self._custom_code(node, scope, around)
        elif word == "auto_map":
            self._auto_map(node, scope, around)
        elif names_an_output(word) or names_data(word):
            self.used.update(each for each in ast.walk(node) if isinstance(each, ast.Constant))
        elif names_a_model(word) or word == "attn_implementation":
            beside = revision or _sibling_revision(around, scope, word)
            self._texts(node, scope, around, is_model_key=True, revision=beside)

    def _texts(
        self, node: ast.AST, scope: Scope, around: ast.AST, *, is_model_key: bool, revision: ast.expr | None = None
    ) -> None:
        """Read the texts that a node may be, or that the container which it is holds."""
        if not isinstance(node, _READ_BESIDE_A_NAME) or (isinstance(node, ast.Call) and not _gives_a_default(node)):
            return
        parts: list[ast.expr | None] = [node] if isinstance(node, ast.expr) else []
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            parts = list(node.elts)
        elif isinstance(node, ast.Dict):
            parts = [value for key, value in zip(node.keys, node.values, strict=True) if not _is_another_hubs(key)]
        pinned = self._first_text(revision, scope) if revision is not None else None
        for part in parts:
            if part is None or isinstance(part, ast.Dict):
                continue
            for value in self.evaluator.texts(part, scope):
                text = str(value.value)
                reading = beside_key(text, self.project, self.written, self.module.path, is_model_key=is_model_key)
                self.used.add(part)
                self._read(reading, value, around, revision=pinned, certain=False)

    def _first_text(self, node: ast.expr, scope: Scope) -> str | None:
        return next((str(value.value) for value in self.evaluator.texts(node, scope)), None)

    def _alone(self, node: ast.Constant) -> None:
        """A text beside no telling name: an address of a file on the Hub, or what only a model is called."""
        if not isinstance(node.value, str) or "/" not in node.value:
            return
        known = Known(node.value, node, self.module)
        if "." in node.value and (not _BLANK.search(node.value) or _FETCH.search(node.value)):
            for _, name, inside in hub_urls(node.value):
                if inside:
                    self._read(Reading("model", name), known, node, certain=False)
        if len(node.value) < 300 and read_name(node.value)[0] is not None:
            reading = beside_key(node.value, self.project, self.written, self.module.path, is_model_key=False)
            self._read(reading, known, node, certain=False)

    def _command(self, node: ast.List | ast.Tuple, scope: Scope) -> None:
        """`["vllm", "serve", "org/name", "--trust-remote-code"]`."""
        flags = [
            (n, each)
            for n, each in enumerate(node.elts)
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        for number, element in flags:
            text = str(element.value)
            if not text.startswith("--") and text not in ("-hf", "-hfr", "-m"):
                continue
            flag, equals, inline = text.partition("=")
            self.used.add(element)
            following = node.elts[number + 1] if number + 1 < len(node.elts) else None
            if is_remote_code_key(flag) and (not equals or says_yes(inline)):
                self._add_switch("remote-code", element, node)
            elif equals:
                self._keyed(flag, ast.copy_location(ast.Constant(inline), element), scope, node)
            elif following is not None:
                self._keyed("model" if flag.startswith("-hf") else flag, following, scope, node)

    # Switches.

    def _is_on(self, node: ast.AST, scope: Scope) -> bool:
        return any(isinstance(v, Known) and _truth(v.value) for v in self.evaluator.values(node, scope))

    def _switch(self, kind: Kind, node: ast.AST, scope: Scope, around: ast.AST) -> None:
        if isinstance(node, ast.Call) and last_name(node.func) == "BooleanOptionalAction":
            return
        for value in self.evaluator.values(node, scope):
            if isinstance(value, Known) and _truth(value.value):
                self._add_switch(kind, self._here(value, around), around)
            elif isinstance(value, Unknown):
                self._unresolved(kind, value, around)

    def _add_switch(self, kind: Kind, node: ast.AST, around: ast.AST) -> None:
        self.collection.switch(kind, self.place(node), self._text(around), lines=self._lines(around))

    def _custom_code(self, node: ast.AST, scope: Scope, around: ast.AST) -> None:
        for value in self.evaluator.values(node, scope):
            if isinstance(value, Known) and isinstance(value.value, str):
                name, _ = read_name(value.value)
                self.used.add(value.node)
                place = self.place(self._here(value, around))
                self.collection.switch("custom-code", place, self._text(around), name, self._lines(around))
            elif isinstance(value, Unknown):
                self._unresolved("custom-code", value, around)

    def _auto_map(self, node: ast.AST, scope: Scope, around: ast.AST) -> None:
        """`{"AutoModel": "org/repo--module.Class"}`: code of another repository."""
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and "--" in each.value:
                name, _ = read_name(each.value.partition("--")[0])
                if name is not None:
                    self.used.add(each)
                    self.collection.switch("custom-code", self.place(each), self._text(around), name)

    # What is read goes into the collection.

    def _read(
        self, reading: Reading, value: Known, around: ast.AST, *, revision: str | None = None, certain: bool = True
    ) -> None:
        self.used.add(value.node)
        here = self._here(value, around)
        self.collection.read(
            reading, self.place(here), self._text(around), revision=revision, certain=certain, lines=self._lines(around)
        )

    def _unresolved(self, kind: Kind, value: Unknown, around: ast.AST) -> None:
        if value.parameter is not None:
            origin = f"{getattr(value.parameter[0], 'name', '')}({value.parameter[1]})"
        else:
            origin = self._text(value.origin)
        self.collection.unresolved(kind, self.place(around), self._text(around), value.why, origin, self._lines(around))

    def _here(self, value: Known, around: ast.AST) -> ast.AST:
        """The text's own place; where that is in another file, the place that uses it."""
        return value.node if value.module is self.module and hasattr(value.node, "lineno") else around

    def _lines(self, node: ast.AST) -> tuple[int, ...]:
        if not isinstance(node, (ast.expr, ast.stmt)):
            return ()
        first = self.place(node)[0]
        return tuple(range(first, first + min((node.end_lineno or node.lineno) - node.lineno, MAX_LINES) + 1))

    def _text(self, node: ast.AST) -> str:
        try:
            return ast.unparse(node)[:400] if hasattr(node, "lineno") and _is_small(node) else type(node).__name__
        except (RecursionError, ValueError):
            return type(node).__name__

    def _written(self) -> Iterator[str]:
        """Names that the module writes to: directories it saves in, repositories that it pushes to."""
        for site in self.module.calls:
            call = site.node
            nodes = [word.value for word in call.keywords if word.arg is not None and names_an_output(word.arg)]
            if last_name(call.func) in ("save_pretrained", "push_to_hub", "save_model", "create_repo", "save"):
                nodes += call.args[:1] + [w.value for w in call.keywords if w.arg in ("repo_id", "save_directory")]
            for node in nodes:
                for value in self.evaluator.values(node, site.scope):
                    if isinstance(value, Known) and isinstance(value.value, str):
                        yield value.value.rstrip("/")


def wrapped_parameters(thing: Thing, project: Project) -> list[tuple[str, int]]:
    """The parameters of another module's function or class that reach a loader, with their positions."""
    module = thing.scope.module
    if module.wrappers is None:
        search = Search(module, project, Collection(""), lambda node: (1, 1))
        module.wrappers = search.wrappers
        search.loads_only()
    found = []
    for function, parameter in sorted(module.wrappers, key=lambda each: each[1]):
        owner = module.owners.get(function)
        is_it = function is thing.node or (
            owner is not None and owner.node is thing.node and getattr(function, "name", "") == "__init__"
        )
        if is_it and isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = [argument.arg for argument in parameters(function)]
            found.append((parameter, names.index(parameter) - (owner is not None)))
    return found


def _one_unknown(values: list[Value]) -> list[Value]:
    """Leave one unknown value: a call is unresolved once. Where it may be given an object, calls make objects.

    A parameter of a function that is called like a loader is its callers' affair, so another is preferred to it.
    """
    is_object = any(isinstance(value, Thing) for value in values)
    unknown = [v for v in values if isinstance(v, Unknown) and not (is_object and isinstance(v.origin, ast.Call))]
    unknown.sort(key=_is_loaders_own)
    return [value for value in values if not isinstance(value, Unknown) or value in unknown[:1]]


def _is_loaders_own(value: Unknown) -> bool:
    return value.parameter is not None and getattr(value.parameter[0], "name", "") in LOADING_METHODS


def _is_another_hubs(key: ast.expr | None) -> bool:
    """`{"modelscope": …}`, `{Source.MODELSCOPE: …}`."""
    return key is not None and names_another_hub(str(getattr(key, "value", "")), last_name(key) or "")


def _written_out(node: ast.AST) -> str | None:
    """A text as it is written, with a variable where something is put in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "${VALUE}" for part in node.values)


def _truth(value: object) -> bool:
    return says_yes(value) if isinstance(value, str) else bool(value)


def _target_name(target: ast.AST) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return last_name(target) or ""


def _entry(node: ast.Dict, keys: tuple[str, ...]) -> ast.expr | None:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and key.value in keys:
            return value
    return None


def _sibling_revision(around: ast.AST, scope: Scope, word: str) -> ast.expr | None:
    """`MODEL_REVISION` beside `MODEL`, `revision=` beside `model=`."""
    if isinstance(around, ast.Call):
        names = [f"{word}_revision", *(MODEL_REVISION_KEYS if word != "tokenizer" else ())]
        return next((node for name in names if (node := keyword(around, name)) is not None), None)
    stem = word.removesuffix("_id").removesuffix("_name").removesuffix("_name_or_path")
    wanted = {f"{stem}_revision", f"{word}_revision", f"{stem}_commit", f"{stem}_sha", "revision", "model_revision"}
    for name, bindings in scope.bindings.items():
        if spelled(name) in wanted and bindings and bindings[0].kind == "value":
            node = bindings[0].node
            return node if isinstance(node, ast.expr) else None
    return None


def _gives_a_default(node: ast.Call) -> bool:
    """Tell whether a call is one whose default is worth reading beside a key."""
    return last_name(node.func) in (
        "getenv", "get", "Option", "Argument", "Field", "field", "join", "format", "str", "cast", "setdefault", "Path",
        "choice",
    )  # fmt: skip


def _is_small(node: ast.AST) -> bool:
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) < 40
