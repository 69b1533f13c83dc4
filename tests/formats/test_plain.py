"""Formats without code: told by a mark or by their shape, and never by wishful thinking."""

from __future__ import annotations

import struct

import pytest

from tests.formats import identified, sample
from tests.formats.wire import field
from verifier.formats.content import Status


def record(data: bytes) -> bytes:
    return struct.pack("<QI", len(data), 0) + data + bytes(4)


EVENTS = record(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2") + record(b"\x09" + bytes(8))


@pytest.mark.parametrize(
    ("format_", "name", "data"),
    [
        ("sentencepiece", "tokenizer.model", sample("plain.model")),
        ("tensorflow-events", "events.out.tfevents.1", EVENTS),
        ("tensorflow-index", "variables.index", bytes(40) + bytes.fromhex("57fb808b247547db")),
        ("tensorflow-variables", "variables/variables.data-00000-of-00001", bytes(100)),
        ("bmp", "x.bmp", b"BM" + struct.pack("<I", 60) + bytes(54)),
        ("font", "x.ttf", b"\0\x01\0\0\0\x0c" + bytes(20)),
        ("fasttext", "lid.bin", b"\xba\x16\x4f\x2f\x0c\0\0\0" + bytes(90)),
        ("mp4", "x.mp4", b"\0\0\0\x20ftypisom" + bytes(20)),
        ("text", "vocab.txt", "[PAD]\n\x1c\x1d\u2581the\n\x7f".encode()),
        ("text", "LICENSE", b"Apache License\r\n\f\tVersion 2.0\n"),
        ("text", "README.md", "Modell f\u00fcr alle\n".encode("latin-1")),
        ("text", "docs/LICENSE", "\u00a9 2026\n".encode("latin-1")),
        ("empty", ".gitkeep", b""),
        ("empty", "config.json", b""),
        ("json", "checkpoint-9/trainer_state.json", b'{"log_history": [' + b'{"loss": NaN},' * 350_000 + b"{}]}"),
        ("webp", "x.webp", b"RIFF" + struct.pack("<I", 24) + b"WEBPVP8 " + bytes(16)),
        ("mp3", "x.mp3", b"ID3\4\0\0\0\0\0\x0a" + bytes(10)),
        ("mp3", "x.mp3", (b"\xff\xfb\x90\0" + bytes(413)) * 2),
    ],
)
def test_a_format_without_code_is_inert(format_: str, name: str, data: bytes) -> None:
    content = identified(data, name)

    assert (content.format, content.status) == (format_, Status.INERT)


@pytest.mark.parametrize(
    "data",
    [
        EVENTS[:-1],
        EVENTS + b"x",
        record(b"\x0a"),
        b"BM" + bytes(60),
        sample("plain.model") + b"\x30\1",
        field(1, field(1, "piece") + field(2, 5)),
        field(1, field(1, "piece")) + field(1, 5),
        field(4, "x"),
        bytes(56),
        b"text and \0",
        b"\xff\xfb\x90\0" + bytes(900),
        b"\xff\xfb\0\0" + bytes(900),
        b"ID3\xff" + bytes(90),
        b"RIFF\xff\xff\xff\xffWEBP" + bytes(40),
        b"\xff\xff\xff\xffftyp" + bytes(40),
        b"text and \xff",
        b"\xff\xfe\0",
    ],
)
def test_what_only_resembles_one_is_unknown(data: bytes) -> None:
    content = identified(data, "weights.bin")

    assert (content.format, content.status) == ("unknown", Status.INCOMPLETE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", "---\nlicense: apache-2.0\n---\n# Model\n```python\nimport os\nos.system('x')\n```\n"),
        (".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"),
        ("merges.txt", "#version: 0.2\n\u0120 t\n\u0120 a\n"),
        ("vocab.txt", "[PAD]\n__init__\n!!python\n{{ x.__class__ }}\n"),
        ("config.json", '{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "target": "os.system"}'),
        ("generation_config.json", '{"eos_token_id": 2}'),
        ("special_tokens_map.json", '{"bos_token": {"content": "<s>", "lstrip": false}}'),
        ("tokenizer.json", '{"version": "1.0", "model": {"type": "BPE"}}'),
        ("preprocessor_config.json", '{"do_resize": true, "image_processor_type": "CLIPImageProcessor"}'),
        (
            "model_index.json",
            '{"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}',
        ),
        ("modules.json", '[{"idx": 0, "type": "sentence_transformers.models.Transformer"}]'),
        ("config.yaml", "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params: {a: 1}\n"),
        ("all_results.json", '{"epoch": 3.0}'),
        ("trainer_state.json", '{"log_history": [{"loss": NaN}]}'),
    ],
)
def test_a_repositorys_ordinary_files_raise_no_question(name: str, text: str) -> None:
    content = identified(text.encode(), name)

    assert content.status is not Status.INCOMPLETE
    assert (content.operations, content.templates, content.code, content.disguises) == ((), (), (), ())


@pytest.mark.parametrize(
    ("name", "data"), [("README.md", b"caf\xe9 \0"), ("README.md", b"\xff\xfe\0"), ("x.pth", b"caf\xe9")]
)
def test_bytes_are_prose_only_without_controls_and_under_its_name(name: str, data: bytes) -> None:
    assert identified(data, name).status is Status.INCOMPLETE


@pytest.mark.parametrize(
    "mark", [b"ID3", b"ID3\x02", b"\xff\xfb", b"\xff\xf3\x10", b"RIFF", b"BM", b"\x00\x00\x00\x10ftyp"]
)
def test_a_mark_without_what_follows_it_is_no_format(mark: bytes) -> None:
    for name in ("README.md", "model.bin"):
        content = identified(mark, name)

        assert "reader failed" not in (content.unfollowed or "")
        assert content.format in ("unknown", "text")
