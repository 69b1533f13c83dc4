"""TorchScript's source in a PyTorch archive: always a program, seldom one that reaches the machine."""

from __future__ import annotations

import io
import warnings
import zipfile

import pytest

from tests.formats import identified, operations
from verifier import limits
from verifier.formats import torchscript
from verifier.source import Memory

PLAIN = """class Linear(Module):
  __parameters__ = ["weight", ]
  weight : Tensor
  training : bool
  def forward(self: __torch__.torch.nn.modules.linear.Linear,
    input: Tensor) -> Tensor:
    weight = self.weight
    _0 = ops.prim.NumToTensor(torch.size(input, 0))
    _1 = ops.quantized.linear(torch.linear(input, weight), _0, 1., 0)
    return torch.cat([_1, ops.torchvision.nms(input, weight, 0.5)])
"""
NOTE = ("library", "TorchScript")


def found(source: str) -> list[tuple[str, str]]:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/code/__torch__/model.py", source)
    return operations(identified(file.getvalue(), "model.pt"))


def test_an_ordinary_program_is_a_note() -> None:
    assert found(PLAIN) == [NOTE]


@pytest.mark.parametrize(
    "line",
    [
        "torch.from_file('/etc/passwd', True, 10)",
        "torch . from_file ('x')",
        "torch.\\\n    from_file('x')",
        "ops.aten.from_file('x')",
        "ops.aten.save(x, 'y')",
        "_0 = t\n    _0.from_file('x')",
    ],
)
def test_a_program_that_opens_files(line: str) -> None:
    ((_, note), (reach, name)) = found(PLAIN + f"    {line}\n")

    assert (note, reach) == ("TorchScript", "system")
    assert name in ("from_file", "save")


@pytest.mark.parametrize(
    ("line", "reach"),
    [
        ("ops.c10d.allreduce_(x)", "system"),
        ("ops.rpc.rpc_async(x)", "system"),
        ("x : __torch__.torch.classes.dist_c10d.ProcessGroup", "system"),
        ("ops.acme.magic(x)", "custom"),
        ("x : __torch__.torch.classes.acme.Own", "custom"),
    ],
)
def test_operators_that_pytorch_does_not_have_or_that_talk(line: str, reach: str) -> None:
    assert [each for each, _ in found(PLAIN + line)] == ["library", reach]


@pytest.mark.parametrize(
    "line", ["x : __torch__.torch.classes.quantized.LinearPackedParamsBase", "torch.classes", "ops.aten.add(x)"]
)
def test_pytorchs_own_classes_are_nothing(line: str) -> None:
    assert found(PLAIN + line) == [NOTE]


def test_very_long_source_is_not_followed() -> None:
    source = Memory(b"x" * (limits.MAX_TORCHSCRIPT + 1))

    assert "source is read up to" in (torchscript.read("code/__torch__.py", source, None).unfollowed or "")  # type: ignore[arg-type]


SOURCE = "archive/code/__torch__/acme.py"
MODEL = b"\x80\x02c__torch__.acme\nModel\n)\x81}b."


def named(*members: tuple[str, bytes]) -> list[str]:
    """Give the globals that are left for judging as Python's in the pickles of an archive."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(name, data)
    programs = [content.program for _, content in identified(file.getvalue(), "model.pt").walk()]
    return sorted({use.dotted for program in programs if program for use in program.uses})


ORDINARY = (("archive/data.pkl", MODEL), ("archive/constants.pkl", b"\x80\x02)."), (SOURCE, b"class Model(Module):\n"))


def test_a_class_of_the_archives_own_source_is_no_python() -> None:
    assert named(*ORDINARY) == []


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(ORDINARY[:2], id="no source"),
        pytest.param((ORDINARY[0], ORDINARY[2]), id="torch.load would take it, for it has no constants.pkl"),
        pytest.param((*ORDINARY[::2], ("other/constants.pkl", b"\x80\x02).")), id="constants.pkl of another root"),
        pytest.param((*ORDINARY[::2], ("archive/CONSTANTS.PKL", b"\x80\x02).")), id="constants.pkl in capitals"),
        pytest.param((*ORDINARY, ("archive/data.pkl", MODEL)), id="two members of one name"),
        pytest.param((*ORDINARY, ("archive/../x", b"x")), id="a path that leads out"),
        pytest.param((*ORDINARY, ("archive/other.pkl", MODEL)), id="a pickle that torch.jit.load does not read"),
    ],
)
def test_where_pythons_unpickler_could_meet_the_name_it_stays(members: tuple[tuple[str, bytes], ...]) -> None:
    assert named(*members) == ["__torch__.acme.Model"]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("__torch__.acme", "Model.forward"),
        ("__torch__", "acme.Model"),
        ("__torch__/acme", "Model"),
        ("posix", "system"),
    ],
)
def test_other_names_stay_in_a_torchscript_archive(module: str, name: str) -> None:
    pickle = b"\x80\x02c%s\n%s\n)\x81." % (module.encode(), name.encode())

    assert named(("archive/data.pkl", pickle), *ORDINARY[1:], ("archive/code/__torch__.py", b"")) == [
        f"{module}.{name}"
    ]


@pytest.mark.parametrize(
    ("space", "reach"), [("acme", ["custom"]), ("dist_c10d", ["system"]), ("quantized", []), ("rnn", [])]
)
def test_native_classes_that_a_pickle_names(space: str, reach: list[str]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", f"c__torch__.torch.classes.{space}\nOwn\n)\x81.".encode("latin-1"))
        archive.writestr("archive/constants.pkl", b"\x80\x02).")
        archive.writestr(f"archive/code/__torch__/torch/classes/{space}.py", b"class Own:\n  pass\n")

    assert [each for each, _ in operations(identified(file.getvalue(), "model.pt")) if each != "library"] == reach


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("archive/code/__torch__.py", True),
        ("archive/code/__torch__/torch/nn/modules/linear.py", True),
        ("code/__torch__/m.py", True),
        ("code/__TORCH__/m.PY", True),  # PyTorch's reader of zips does not tell capitals
        ("code/modeling.py", False),
        ("archive/code/__torch__/m.py.debug_pkl", False),
        ("mycode/__torch__.py", False),
    ],
)
def test_it_is_told_by_its_place(name: str, answer: bool) -> None:
    assert torchscript.matches(name, Memory(b"")) is answer
