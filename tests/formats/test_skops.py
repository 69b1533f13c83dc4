"""skops: what its schema imports. The sample is a pipeline that skops wrote."""

from __future__ import annotations

import json

import pytest

from tests.formats import identified, is_clean, operations, sample


def found(module: str, name: str, loader: str = "ObjectNode") -> list[tuple[str, str]]:
    inner = {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1}
    schema = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [inner]}
    return operations(identified(json.dumps(schema).encode(), "schema.json"))


def test_a_pipeline_that_skops_wrote_passes() -> None:
    content = identified(sample("plain.skops"), "model.skops")

    assert is_clean(content)
    assert operations(content) == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "dict"),
        ("numpy", "float64"),
        ("numpy", "ndarray"),
        ("numpy", "log1p"),
        ("numpy.random.mtrand", "RandomState"),
        ("numpy.random._generator", "Generator"),
        ("scipy.sparse._csr", "csr_matrix"),
        ("scipy.special._ufuncs", "expit"),
        ("collections", "OrderedDict"),
        ("sklearn.ensemble._forest", "RandomForestClassifier"),
        ("sklearn.tree._tree", "Tree"),
        ("sklearn._loss._loss", "CyHalfBinomialLoss"),
        ("sklearn.ensemble._hist_gradient_boosting.binning", "_BinMapper"),
    ],
)
def test_what_estimators_are_made_of_is_not_named(module: str, name: str) -> None:
    assert found(module, name) == []


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("os", "system", "FunctionNode"),
        ("builtins", "eval", "FunctionNode"),
        ("builtins.x", "dict", "ObjectNode"),
        ("operator", "methodcaller", "OperatorFuncNode"),
        ("sklearn.linear_model", "x", "MethodNode"),
        ("sklearn.datasets._base", "Bunch", "ObjectNode"),
        ("sklearn.utils.os", "System", "ObjectNode"),
        ("sklearn.utils", "subprocess", "FunctionNode"),
        ("sklearn.utils", "Popen", "TypeNode"),
        ("sklearn.utils.validation", "check_array", "FunctionNode"),
        ("numpy", "load", "FunctionNode"),
        ("numpy.lib.npyio", "ndarray", "FunctionNode"),
        ("scipy.io", "loadmat", "FunctionNode"),
        ("collections", "namedtuple", "FunctionNode"),
        ("xgboost.os", "System", "ObjectNode"),
        ("acme", "Model", "ObjectNode"),
    ],
)
def test_what_skops_itself_would_ask_about_is_code(module: str, name: str, loader: str) -> None:
    """CVE-2025-54412 and CVE-2025-54413: operator and method nodes called what their checks had not seen."""
    assert found(module, name, loader) == [("code", f"{module}.{name}")]


@pytest.mark.parametrize(("module", "name"), [("xgboost.sklearn", "XGBClassifier"), ("functools", "partial")])
def test_what_somebody_must_have_meant_warns(module: str, name: str) -> None:
    assert found(module, name) == [("custom", f"{module}.{name}")]


def test_a_node_without_a_module_is_no_plain_one() -> None:
    schema = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [{"__class__": "x"}]}

    assert operations(identified(json.dumps(schema).encode(), "schema.json")) == [("code", ".x")]
