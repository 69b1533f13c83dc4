"""YAML beside the weights and in NeMo's archives: tags that construct objects, classes named to be called, templates.

Source: yaml.org, YAML 1.1, "Tags"; PyYAML `constructor.py`; Hydra, "Instantiating objects"; HyperPyYAML's README.
"""

from __future__ import annotations

from verifier import limits
from verifier.formats import targets
from verifier.formats.content import Content, Follow, Reach, Template
from verifier.formats.operations import Operations
from verifier.source import ByteSource
from verifier.words import words

_CORE = "tag:yaml.org,2002:"
_PLAIN = words("binary bool float int map merge null omap pairs seq set str timestamp value")
_PLAIN_PYTHON = words("bool bytes complex dict float int list long none str tuple unicode")
_NAMING = ("!new:", "!name:", "!apply:", "!module:")


def matches(name: str, _source: ByteSource) -> bool:
    """Tell by the name: YAML has no mark of its own. MLflow's description of a model has a name without a suffix."""
    return name.lower().endswith((".yaml", ".yml")) or name.rpartition("/")[2] == "MLmodel"


def read(_name: str, source: ByteSource, _follow: Follow) -> Content:
    """Read the events of the whole text. Raises `OSError` only."""
    if source.size > limits.MAX_YAML:
        return Content("yaml", unfollowed=f"it has {source.size:,} bytes; YAML is read up to {limits.MAX_YAML:,}")
    try:
        text = source.read_at(0, source.size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Content("yaml", unfollowed=f"it is not UTF-8 (byte {error.start})")
    from verifier import _yaml  # late: PyYAML is needed here only

    events, operations = _yaml.read(text), Operations()
    for tag, line in events.tags:
        _tag(operations, tag, line)
    templates = []
    for pair in events.pairs:
        if pair.key == "_target_":
            targets.add(operations, pair.value, "_target_", pair.line)
        elif pair.key == "target" and pair.value and targets.is_hostile(pair.value):
            targets.add(operations, pair.value, "target", pair.line)
        elif pair.key == "class_name" and pair.value in ("Lambda", "__lambda__"):
            operations.add(Reach.CODE, "Lambda", "runs Python code from a Keras configuration", f"line {pair.line}")
        elif pair.key == "loader_module" and not (pair.value or "").startswith("mlflow."):
            what = "is the module that MLflow imports to load the model"
            operations.add(Reach.CODE, pair.value or "loader_module", what, f"line {pair.line}")
        elif pair.key.endswith("chat_template") and pair.value:
            templates.append(Template(pair.value, f"{pair.key[:100]} (line {pair.line})"))
    return Content(
        "yaml",
        operations=operations.all(),
        templates=tuple(templates[: limits.MAX_TEMPLATES]),
        unfollowed=events.unfollowed
        or operations.unfollowed
        or ("it holds more chat templates than are followed" if len(templates) > limits.MAX_TEMPLATES else None),
    )


def _tag(operations: Operations, tag: str, line: int) -> None:
    where, short = f"line {line}", tag.replace(_CORE, "!!")
    python = tag.partition("python/")[2].partition(":")[0]
    naming = next((prefix for prefix in _NAMING if tag.startswith(prefix)), None)
    if tag == "!" or (tag.startswith(_CORE) and tag.removeprefix(_CORE) in _PLAIN):
        return
    if tag.startswith(_CORE + "python/") and python in _PLAIN_PYTHON:
        operations.add(Reach.LIBRARY, short, "is a plain value that PyYAML's safe loader does not take", where)
    elif "python/" in tag:
        operations.add(Reach.CODE, short, "has a YAML loader construct any object of Python's", where)
    elif naming is not None:
        targets.add(operations, tag.removeprefix(naming), naming, line)
    elif tag not in ("!ref", "!copy", "!tuple", "!list", "!PLACEHOLDER", "!applyref"):
        operations.add(Reach.CUSTOM, short, "is a tag whose meaning the loader's author decides", where)
