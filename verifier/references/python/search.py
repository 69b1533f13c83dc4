"""What a Python module says about models: its calls, then its names, then the texts that are left."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from verifier.references.command import Source
from verifier.references.draft import Collection
from verifier.references.mention import Project
from verifier.references.python.calls import Calls
from verifier.references.python.commands import Commands
from verifier.references.python.evaluate import Evaluator
from verifier.references.python.names import Names
from verifier.references.python.record import Place, Record
from verifier.references.python.scopes import Module, last_name
from verifier.references.python.values import Known
from verifier.references.vocabulary import names_an_output


def search(module: Module, project: Project, collection: Collection, place: Place, source: Source) -> None:
    """Collect everything that a module says.

    `place` tells where in the file a node stands; `source` reads a text of another language inside the module.
    """
    record = Record(module, project, collection, place)
    names = Names(record, Commands(record, source))
    calls = Calls(record, names)
    record.written = frozenset(_written(module, record.evaluator))
    for site in module.calls:
        if not collection.is_full:
            calls.look_at(site.node, site.scope)
    for site in module.others:
        if not collection.is_full:
            names.look_at(site.node, site.scope)
    for site in module.others:
        if isinstance(site.node, ast.Constant) and site.node not in record.used and not collection.is_full:
            names.alone(site.node)


def _written(module: Module, evaluator: Evaluator) -> Iterator[str]:
    """Names that the module writes to: directories it saves in, repositories that it pushes to."""
    for site in module.calls:
        call = site.node
        nodes = [word.value for word in call.keywords if word.arg is not None and names_an_output(word.arg)]
        if last_name(call.func) in ("save_pretrained", "push_to_hub", "save_model", "create_repo", "save"):
            nodes += call.args[:1] + [w.value for w in call.keywords if w.arg in ("repo_id", "save_directory")]
        for node in nodes:
            for value in evaluator.values(node, site.scope):
                if isinstance(value, Known) and isinstance(value.value, str):
                    yield value.value.rstrip("/")
