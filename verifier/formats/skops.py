"""skops files: the classes and functions that `schema.json` has its loader import.

Source: github.com/skops-dev/skops, `skops/io/_general.py`, `_sklearn.py`, `_trusted_types.py`. skops itself takes what
lies outside its trusted list only from a caller who names it; callers often name whatever a file asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from verifier.formats import targets
from verifier.formats.content import Reach
from verifier.formats.operations import Operations
from verifier.words import words

_BUILTINS = words(
    "NoneType bool bytearray bytes complex dict float frozenset int list map range set slice str tuple type"
)
_NUMPY = re.compile(
    r"ndarray|dtype|ma|MaskedArray|masked_array|RandomState|Generator|SeedSequence|PCG64(DXSM)?|MT19937|Philox|SFC64|"
    r"generic|number|(u?int|float|complex|clong|long|half|single|double|bool|str|bytes|datetime|timedelta|object|void)\w*"
)
_UFUNCS = words(
    """abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil conj conjugate copysign cos cosh
    deg2rad degrees divide divmod equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod gcd greater
    greater_equal heaviside hypot invert isfinite isinf isnan isnat lcm ldexp left_shift less less_equal log log10 log1p
    log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul maximum minimum mod modf multiply
    negative nextafter not_equal positive pow power rad2deg radians reciprocal remainder right_shift rint sign signbit
    sin sinh spacing sqrt square subtract tan tanh true_divide trunc"""
)
_COLLECTIONS = words("Counter OrderedDict defaultdict deque")
_CALLING = words("MethodNode OperatorFuncNode PartialNode ReduceNode")
_COMPANIONS = words("catboost imblearn lightgbm quantile_forest xgboost")


def is_schema(value: object) -> bool:
    """Tell whether a JSON document is a skops schema."""
    return isinstance(value, dict) and {"__class__", "__module__", "__loader__"} <= value.keys()


def add(operations: Operations, schema: object) -> None:
    """Add every type and function that is not of the plain kinds."""
    for node in _nodes(schema):
        module, name, loader = (str(node.get(key, "")) for key in ("__module__", "__class__", "__loader__"))
        full, where = f"{module}.{name}", f"a {loader}"[:60]
        if module == "functools" and name == "partial":
            operations.add(Reach.CUSTOM, full, "is a call that is made ready to be made", where)
        elif loader in _CALLING or module.partition(".")[0] in ("operator", "_operator"):
            operations.add(Reach.CODE, full, "is called when the file is loaded or used", where)
        elif _is_plain(module, name):
            continue
        elif module.partition(".")[0] in _COMPANIONS and targets.is_own(full):
            operations.add(Reach.CUSTOM, full, f"is a class of {module.partition('.')[0]}", where)
        else:
            operations.add(
                Reach.CODE, full, "is imported when the file is loaded, and is not on skops's own list", where
            )


def _nodes(schema: object) -> Iterator[dict[str, object]]:
    waiting = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "__class__" in item or "__module__" in item:
                yield item
            waiting += reversed(item.values())
        elif isinstance(item, list):
            waiting += reversed(item)


def _is_plain(module: str, name: str) -> bool:
    package, _, rest = module.partition(".")
    if package == "builtins":
        return not rest and name in _BUILTINS
    if package == "numpy":
        own = rest in ("", "ma", "ma.core", "_core.multiarray") or rest.startswith(("random.", "dtypes"))
        return own and (_NUMPY.fullmatch(name) is not None or (not rest and name in _UFUNCS))
    if package == "scipy":
        return (
            rest.startswith(("sparse._", "special._")) and targets.is_own(f"{rest}.{name}") and not name.startswith("_")
        )
    if package == "collections":
        return not rest and name in _COLLECTIONS
    if package == "sklearn":
        own = targets.is_own(f"{rest}.{name}") and not rest.startswith(("datasets", "externals"))
        return own and re.fullmatch(r"_*[A-Z]\w*", name) is not None
    return False
