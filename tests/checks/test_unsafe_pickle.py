"""unsafe-pickle: what a pickle names and does is on the reviewed list, or refused."""

from __future__ import annotations

import collections
import datetime
import gzip
import pickle

import numpy as np
import pytest

from tests.checks.content import findings
from tests.pickles import CALL, EVIL, PLAIN, called, named, pickled, stacked, text, torch_zip
from verifier.checks.unsafe_pickle import CHECK
from verifier.evidence import Pickles
from verifier.finding import Severity

ENUM = ("transformers.trainer_utils", "IntervalStrategy")


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, b"bytes", "text", (1,), {1}, frozenset({2})]},
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.Counter("abca"),
        datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        bytearray(b"x"),
        complex(1, 2),
        np.arange(3),
        np.float32(1),
        np.zeros(2, [("a", "f4")]),
        np.ma.array([1, 2], mask=[False, True]),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_passes(value: object, protocol: int) -> None:
    assert findings(CHECK, pickle.dumps(value, protocol)) == []


def test_a_call_is_refused_with_its_place_and_its_arguments() -> None:
    (finding,) = findings(CHECK, torch_zip(EVIL))

    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "model.bin calls posix.system('true') (REDUCE): a global that runs a program or a shell command"
    )
    assert (finding.location.member, finding.location.global_name) == ("archive/data.pkl", "posix.system")
    assert finding.location.offset == EVIL.index(b"R")
    assert "torch.load('model.bin', weights_only=True)" in finding.remedy.replace("'\"'\"'", "'")


def test_each_global_is_reported_once_and_every_one_is() -> None:
    found = findings(CHECK, pickled(b"(" + CALL * 3 + named("nt", "system") + b"l"))

    assert [(item.location.global_name, "3 times" in item.message) for item in found] == [
        ("posix.system", True),
        ("nt.system", False),
    ]


@pytest.mark.parametrize(
    ("body", "global_", "does"),
    [
        pytest.param(named("os", "getcwd"), "os.getcwd", "imports", id="import"),
        pytest.param(stacked("evil", "f"), "evil.f", "imports", id="unknown"),
        pytest.param(named("evil", "F") + b")\x81", "evil.F", "makes an instance of", id="NEWOBJ"),
        pytest.param(named("evil", "F") + b")}\x92", "evil.F", "makes an instance of", id="NEWOBJ_EX"),
        pytest.param(b"(" + named("evil", "f") + text("a") + b"o", "evil.f", "calls", id="OBJ"),
        pytest.param(b"(" + text("a") + b"ievil\nf\n", "evil.f", "calls", id="INST"),
        pytest.param(
            named("copyreg", "_reconstructor") + b"(" + named("evil", "F") + named("builtins", "object") + b"NtR",
            "evil.F",
            "makes an instance of",
            id="copyreg",
        ),
        pytest.param(named("numpy", "dtype") + b"}b", "numpy.dtype", "changes", id="BUILD on a global"),
        pytest.param(
            named("collections", "OrderedDict") + b"(" + text("a") + b"Nu",
            "collections.OrderedDict",
            "changes",
            id="fill",
        ),
        pytest.param(named("torch", "FloatStorage") + b")R", "torch.FloatStorage", "calls", id="another use"),
        pytest.param(named("collections", "OrderedDict.fromkeys"), "collections.OrderedDict.fromkeys", "", id="dotted"),
        pytest.param(
            named("torch._utils_x", "_rebuild_tensor_v2"), "torch._utils_x._rebuild_tensor_v2", "", id="prefix"
        ),
        pytest.param(
            named("torch.storage", "_load_from_bytes"), "torch.storage._load_from_bytes", "", id="nested load"
        ),
    ],
)
def test_what_is_not_on_the_list_in_that_use_is_refused(body: bytes, global_: str, does: str) -> None:
    found = {item.location.global_name: item for item in findings(CHECK, pickled(body))}

    assert does in found[global_].message
    assert found[global_].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x82\x01", "extension code 1"),
        (b"\x83\x01\x02", "extension code 513"),
        (b"\x84\x01\x00\x00\x00", "extension code 1"),
        (text("os") + called("codecs", "encode", "x") + b"\x93", "the name of a global is computed"),
        (CALL + b")R", "a value that was computed is called"),
        (CALL + b")R}b", "the state of a value that was computed"),
        (b"\x82\x01]e"[:2] + b"(Ne", "items are put into a value that was computed"),
        (named("copyreg", "_reconstructor") + b"(" + CALL + b"NNtR", "an instance of a computed class"),
    ],
)
def test_what_hides_a_global_is_refused(body: bytes, why: str) -> None:
    assert [item for item in findings(CHECK, pickled(body)) if why in item.message]


def test_a_call_inside_a_state_is_found() -> None:
    body = named("collections", "OrderedDict") + b")R}(" + text("hook") + CALL + b"ub"

    assert [item.location.global_name for item in findings(CHECK, pickled(body))] == ["posix.system"]


class TestGetattr:
    def refused(self, body: bytes) -> bool:
        return any(item.severity is Severity.ERROR for item in findings(CHECK, pickled(body)))

    def getattr(self, owner: bytes, name: bytes) -> bytes:
        return named("builtins", "getattr") + owner + name + b"\x86R"

    def test_a_member_of_an_allowed_enumeration_passes(self) -> None:
        assert not self.refused(self.getattr(named(*ENUM), text("STEPS")))

    @pytest.mark.parametrize(
        ("owner", "name"),
        [
            (named(*ENUM), text("__class__")),
            (named(*ENUM), text("_x")),
            (named(*ENUM), text("a.b")),
            (named(*ENUM), called("collections", "OrderedDict")),
            (named("collections", "OrderedDict"), text("fromkeys")),
            (text("text"), text("format")),
            (named("os", "path"), text("join")),
        ],
    )
    def test_nothing_else_does(self, owner: bytes, name: bytes) -> None:
        assert self.refused(self.getattr(owner, name))

    def test_each_call_is_judged_by_its_own_arguments(self) -> None:
        good = self.getattr(named(*ENUM), text("STEPS"))

        assert self.refused(good + b"0" + self.getattr(named(*ENUM), text("__init__")))


class TestFrameworks:
    BODY = named("xgboost.core", "Booster") + b")\x81}b"

    def test_a_frameworks_class_is_a_note_where_files_are_described(self) -> None:
        (finding,) = findings(CHECK, pickled(self.BODY))

        assert finding.severity is Severity.NOTE
        assert "needs xgboost" in finding.message

    @pytest.mark.parametrize("pickles", [Pickles.REJECT, Pickles.SCAN])
    def test_it_is_refused_where_it_would_be_loaded_and_the_policy_does_not_allow_it(self, pickles: Pickles) -> None:
        (finding,) = findings(CHECK, pickled(self.BODY), pickles=pickles, frameworks=("sklearn",))

        assert finding.severity is Severity.ERROR
        assert 'frameworks = ["xgboost"]' in finding.remedy

    def test_the_policy_allows_it_by_name(self) -> None:
        assert findings(CHECK, pickled(self.BODY), pickles=Pickles.SCAN, frameworks=("xgboost",)) == []

    def test_several_classes_of_one_framework_are_one_finding(self) -> None:
        (finding,) = findings(CHECK, pickled(self.BODY + b"0" + named("xgboost.sklearn", "XGBClassifier")))

        assert "xgboost.core.Booster and 1 more" in finding.message


def test_a_state_dict_passes_in_every_wrapping() -> None:
    for data in (PLAIN, torch_zip(PLAIN), gzip.compress(PLAIN), PLAIN + PLAIN):
        assert findings(CHECK, data) == []
