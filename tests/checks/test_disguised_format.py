"""disguised-format: a file is another format than its name says, or two at once."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from safetensors.numpy import save

from tests.checks.content import findings
from tests.formats import EMPTY_GGUF, sample
from tests.formats.test_pickle_archives import zipped
from tests.pickles import EVIL, PLAIN, torch_zip
from verifier.checks import unsafe_pickle
from verifier.checks.disguised_format import CHECK
from verifier.finding import Severity

WEIGHTS = save({"a": np.zeros(4)})


def kind(value: object) -> str:
    """Name a case: archives hold the time, and names of tests may not."""
    return value if isinstance(value, str) else "bytes"


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.safetensors", WEIGHTS),
        ("model.bin", WEIGHTS),
        ("model.bin", torch_zip(PLAIN)),
        ("model.pt", PLAIN),
        ("README.md", b"# A model\n"),
        ("config.json", b"{}"),
        ("picture.png", PNG),
        ("weights.npz", zipped(("a.npy", b"text"))),
        ("notes.txt", b""),
        ("no suffix", PLAIN),
    ],
    ids=kind,
)
def test_a_file_under_its_own_name_passes(name: str, data: bytes) -> None:
    assert findings(CHECK, data, name) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.safetensors", PLAIN),
        ("README.md", torch_zip(EVIL)),
        ("config.json", EVIL),
        ("x.png", gzip.compress(b"x")),
    ],
    ids=kind,
)
def test_a_program_under_a_harmless_name_is_refused(name: str, data: bytes) -> None:
    (finding,) = findings(CHECK, data, name)

    assert finding.severity is Severity.ERROR
    assert "told by its content" in finding.message


def test_a_harmless_file_under_another_name_is_a_warning() -> None:
    (finding,) = findings(CHECK, WEIGHTS, "model.gguf")

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PLAIN + b"something else", "behind the end of its pickle, with text bytes"),
        (PLAIN + torch_zip(EVIL), "behind the end of its pickle, with torch bytes"),
        (WEIGHTS + torch_zip(EVIL), "safetensors and torch at once"),
        (b"text\n" + torch_zip(EVIL), "unknown and torch at once"),
        (PNG + torch_zip(EVIL), "png and torch at once"),
        (torch_zip(PLAIN) + EVIL, "behind the end of its torch, with pickle bytes"),
        (gzip.compress(b"text") + EVIL, "behind the end of its gzip, with pickle bytes"),
    ],
    ids=kind,
)
def test_two_formats_in_one_file_are_refused_and_both_are_followed(data: bytes, why: str) -> None:
    found = findings(CHECK, data)

    assert any(why in item.message for item in found), [item.message for item in found]
    assert findings(unsafe_pickle.CHECK, data) or EVIL not in data


def test_padding_is_no_second_format() -> None:
    assert findings(CHECK, gzip.compress(b"text") + bytes(64)) == []


ELF = b"\x7fELF" + bytes(60)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("train.sh", b"#!/bin/sh\n"),
        ("server", ELF),
        ("lib.so", ELF),
        ("model.gguf", EMPTY_GGUF),
        ("model.keras", sample("plain.keras")),
        ("chat_template.jinja", b"{{ x }}"),
    ],
    ids=kind,
)
def test_programs_and_models_under_their_own_names_pass(name: str, data: bytes) -> None:
    assert findings(CHECK, data, name) == []


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("weights.bin", ELF, "has the name of something else, but is an ELF program"),
        ("model.onnx", ELF, "is no onnx file but executable"),
        ("model.gguf", EMPTY_GGUF + b"hidden" * 20, "belong to no tensor"),
        ("model.gguf", EMPTY_GGUF + torch_zip(EVIL), "gguf and torch at once"),
    ],
    ids=kind,
)
def test_programs_and_hidden_tails_are_refused(name: str, data: bytes, why: str) -> None:
    assert any(why in item.message for item in findings(CHECK, data, name))


def test_a_program_in_an_archive_is_found_with_its_member() -> None:
    (finding,) = findings(CHECK, zipped(("weights.bin", ELF)), "model.zip")

    assert (finding.location.path, finding.location.member) == ("model.zip", "weights.bin")
