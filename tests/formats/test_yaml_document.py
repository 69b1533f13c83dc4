"""YAML: tags that construct, classes named to be called, templates. Told by events; nothing is built."""

from __future__ import annotations

import time

import pytest

from tests.formats import identified, operations, reasons
from verifier import limits
from verifier.formats.content import Content


def read(text: str) -> Content:
    content = identified(text.encode(), "config.yaml")
    assert content.format == "yaml"
    return content


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']",
        "a: !!python/object/new:os.system ['true']",
        "a: !!python/object:os.x {}",
        "a: !!python/name:os.system",
        "a: !!python/module:os",
        "a: !<tag:yaml.org,2002:python/name:os.system> x",
        "a: !!py%74hon/name:os.system ''",
        "%TAG !y! tag:yaml.org,2002:python/\n---\na: !y!object/apply:os.system [x]",
        "%TAG !y! tag:yaml.org,2002:\n---\n- !y!python/name:os.system x",
        "a: !python/object:x.Y {}",
        "? !!python/name:os.system x\n: y",
        "- &a !!python/name:os.system x\n- *a",
        "a: 1\n---\nb: !!python/name:os.system x",
    ],
)
def test_a_tag_that_constructs_anything_is_code(text: str) -> None:
    ((reach, name),) = operations(read(text))

    assert reach == "code"
    assert "python/" in name


@pytest.mark.parametrize(
    "text",
    [
        "a: !!str 1\nb: !!int '2'\nc: !!binary eA==\nd: !!set {x}",
        "a: '!!python/name:os.system'\nb: \"!!python/name:os.system\"",
        "# !!python/name:os.system\na: b  # !!python/name:os.system",
        "a: |\n  !!python/name:os.system\n  _target_: os.system\n",
        "a: what a day! !!python is no tag here",
        "flavors:\n  python_function:\n    loader_module: mlflow.sklearn",
        "target: ldm.models.diffusion.ddpm.LatentDiffusion",
        "_target_: nemo.collections.asr.models.EncDecCTCModel\noptim:\n  _target_: torch.optim.AdamW",
        "_target_: nemo.collections.tts.torch.tts_tokenizers.EnglishPhonemesTokenizer",
        "x: !new:speechbrain.nnet.CNN.Conv1d\ny: !ref <x>\nz: !apply:torch.manual_seed [1]\nw: !copy <x>",
    ],
)
def test_ordinary_configurations_name_nothing(text: str) -> None:
    assert (operations(read(text)), reasons(read(text))) == ([], "")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("_target_: os.system", "os.system"),
        ("a: {b: {_target_: subprocess.Popen, args: [x]}}", "subprocess.Popen"),
        ('"\\x5ftarget_": os.system', "os.system"),
        ("_target_: [os.system]", "_target_"),
        ("_target_: *x", "_target_"),
        ("_target_: ${oc.env:X}", "${oc.env:X}"),
        ("_target_: nemo.collections.asr.models.os.system", "nemo.collections.asr.models.os.system"),
        ("target: os.system", "os.system"),
        ("x: !new:subprocess.Popen\n  args: [x]", "subprocess.Popen"),
        ("x: !apply:os.system ['true']", "os.system"),
        ("x: !name:builtins.eval", "builtins.eval"),
        ("backend: tensorflow\nclass_name: Sequential\nlayers:\n- class_name: Lambda", "Lambda"),
        ("flavors: {python_function: {loader_module: acme.loader}}", "acme.loader"),
    ],
)
def test_a_class_that_no_such_model_is_made_of_is_code(text: str, name: str) -> None:
    """CVE-2025-23304: NeMo called what a model's configuration named."""
    if "*x" in text:
        text = "x: &x os.system\n" + text

    assert ("code", name) in operations(read(text))


def test_a_function_of_a_known_library_is_somebodys_own_choice() -> None:
    text = "_target_: nemo.collections.asr.parts.utils.make_things"

    assert operations(read(text)) == [("custom", "nemo.collections.asr.parts.utils.make_things")]


def test_mlflows_description_is_yaml_without_a_suffix() -> None:
    assert operations(identified(b"loader_module: os", "model/MLmodel")) == [("code", "os")]


def test_other_tags_are_their_authors_own() -> None:
    assert operations(read("a: !Own {}\nb: !!python/tuple [1]")) == [
        ("custom", "!Own"),
        ("library", "!!python/tuple"),
    ]


def test_templates_in_a_configuration_are_told() -> None:
    (template,) = read("model:\n  chat_template: '{{ x }}'\n").templates

    assert (template.text, template.where) == ("{{ x }}", "chat_template (line 2)")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a: b: c", "not YAML: mapping values are not allowed here at line 1"),
        (b"a: \xff", "not UTF-8"),
        (b"a: !x!y z", "undefined tag handle"),
        (b"? [a]\n: b", "a key at line 1 is no plain text"),
        (b"a: &a x\n*a : y", "a key at line 2 is no plain text"),
        (b"[" * 100_000, "levels deep"),
        (b"- " * 100_000, "levels deep"),
        (b"x" * (limits.MAX_YAML + 1), "YAML is read up to"),
        (b"a: " + b'"\\' * 10, "not YAML"),
        (b"a: b\0", "a character that is not allowed"),
        (b'a: "\\UFFFFFFFF"', "not YAML that can be read"),
        (b"chat_template: x\n" * (limits.MAX_TEMPLATES + 1), "more chat templates"),
    ],
)
def test_what_can_not_be_followed_says_so(data: bytes, why: str) -> None:
    assert why in reasons(identified(data, "config.yml"))


def test_more_parts_than_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_YAML_EVENTS", 10)

    assert "more parts" in reasons(read("- a\n" * 10))


def test_the_largest_file_takes_seconds() -> None:
    piece = "- !a {b: &c d}\n"

    start = time.process_time()
    read(piece * (limits.MAX_YAML // len(piece)))
    assert time.process_time() - start < 30
