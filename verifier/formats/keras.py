"""Keras configurations (`config.json` of a `.keras` file, attributes of an h5 file, a SavedModel's metadata).

Every object in one is `{"class_name": …, "config": …}`, since Keras 3 with the `module` that it is imported from.
Source: keras `src/saving/serialization_lib.py` (3.15) and tf-keras `src/saving/legacy/serialization.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from verifier import limits
from verifier.formats.content import Reach
from verifier.formats.operations import Operations
from verifier.words import words

_ROOTS = frozenset({"keras", "tf_keras"})
_FAMILIES = words(
    """activations constraints dtype_policies engine initializers layers losses metrics mixed_precision models ops
    optimizers quantizers random regularizers"""
)
"""Keras's subpackages that hold what models are made of; the others download, unpack, save and configure."""
_TOP_LEVEL = words(
    "DTypePolicy FloatDTypePolicy Functional Initializer KerasTensor Layer Loss Metric Model Optimizer Quantizer "
    "Regularizer Sequential StatelessScope SymbolicScope Variable"
)
_LOADERS = words("load_model load_weights model_from_config model_from_json model_from_yaml save_model save_weights")
_COMPANIONS = frozenset({"keras_cv", "keras_hub", "keras_nlp", "keras_tuner", "tensorflow_addons"})
_PLAIN_TYPES = words("NoneType bool bytes complex dict float function int list range set slice str tuple")
_BUILTIN_CALLS = words(
    """__build_class__ __import__ breakpoint compile delattr dir eval exec exit format getattr globals hasattr help
    input locals memoryview object open print quit setattr super type vars"""
)
_FILES = ("TFSMLayer",)
_LOOKUPS = frozenset({"IndexLookup", "IntegerLookup", "StringLookup", "TextVectorization"})
_TF_SYSTEM = ("io.", "raw_ops.", "py_function", "numpy_function", "compat.", "data.", "saved_model.", "debugging.",
              "print", "summary.", "train.", "experimental.", "distribute.", "config.", "keras.")  # fmt: skip
"""TensorFlow's functions that reach beyond a graph, by which a TFOpLambda could name them."""


def is_configuration(value: object) -> bool:
    """Tell whether a JSON document is the configuration of a Keras object."""
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def add_json(operations: Operations, text: str) -> str | None:
    """Add what a configuration names, given as JSON; say why it can't be followed, if so."""
    if len(text) > limits.MAX_CONFIG:
        return f"a Keras configuration of {len(text):,} characters is longer than is read here"
    try:
        value = json.loads(text)
    except RecursionError:
        return "a Keras configuration is nested too deeply"
    except ValueError:
        return "a Keras configuration is not JSON"
    add(operations, value)
    return None


def add(operations: Operations, value: object) -> None:
    """Add every object that a configuration names and that is not Keras's own plain one."""
    for item in _objects(value):
        name, config = str(item["class_name"]), item.get("config")
        settings = config if isinstance(config, dict) else {}
        where = str(settings.get("name", "")) or str(item.get("name", ""))
        if name in ("Lambda", "__lambda__"):
            operations.add(Reach.CODE, "Lambda", "runs Python code from the file when the model is loaded", where)
        elif name == "TorchModuleWrapper":
            operations.add(Reach.CODE, name, "unpickles a PyTorch module from its configuration", where)
        elif name in _FILES:
            operations.add(Reach.SYSTEM, name, f"loads another model from {_short(settings.get('filepath'))}", where)
        elif name in _LOOKUPS and isinstance(settings.get("vocabulary"), str):
            what = f"reads its vocabulary from {_short(settings['vocabulary'])}, whichever file or URL that is"
            operations.add(Reach.SYSTEM, name, what, where)
        elif name in ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "TensorFlowOpLayer"):
            _function(operations, name, str(settings.get("function", settings.get("node_def", ""))), where)
        _origin(operations, item, name, where)


def _objects(value: object) -> Iterator[dict[str, object]]:
    """Give every dictionary with a class's name, at any depth, in no recursion; outer ones first."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get("class_name"), str):
                yield item
            waiting += reversed(item.values())
        elif isinstance(item, list):
            waiting += reversed(item)


def _origin(operations: Operations, item: dict[str, object], name: str, where: str) -> None:
    """Look at the module that an object is imported from, and at the name under which it was registered."""
    module, registered = item.get("module"), item.get("registered_name")
    parts = module.split(".") if isinstance(module, str) else []
    inner = [part for part in parts[1:] if part not in ("src", "api", "_v2", "_v1", "keras")]
    called = str(item.get("config")) if name == "function" else name
    full = f"{module}.{called}" if parts else name
    if module == "builtins":
        if name not in _PLAIN_TYPES or (name == "function" and called in _BUILTIN_CALLS):
            operations.add(Reach.CODE, f"builtins.{called}", "is one of Python's own functions", where)
    elif parts and parts[0] in _COMPANIONS:
        operations.add(Reach.CUSTOM, full, f"is a class of {parts[0]}", where)
    elif parts and parts[0] not in _ROOTS:
        if isinstance(registered, str) and ">" in registered:
            operations.add(Reach.CUSTOM, full, f"is a class of its author's own ({registered[:100]})", where)
        else:
            operations.add(Reach.CODE, full, "is imported from outside Keras when the model is loaded", where)
    elif parts and (called in _LOADERS or (inner[0] not in _FAMILIES if inner else called not in _TOP_LEVEL)):
        operations.add(Reach.CODE, full, "is a function of Keras that no model is made of", where)
    elif any(isinstance(each, str) and ">" in each and not each.startswith("keras") for each in (registered, name)):
        operations.add(Reach.CUSTOM, full, "is a class of its author's own", where)


def _function(operations: Operations, name: str, function: str, where: str) -> None:
    if function.removeprefix("tf.").startswith(_TF_SYSTEM):
        operations.add(Reach.SYSTEM, f"{name} {function}", "calls a function of TensorFlow's by its name", where)


def _short(value: object) -> str:
    return repr(str(value)[:100])
