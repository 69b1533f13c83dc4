"""template-injection: a chat template reaches for more than a conversation."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from tests.checks import evidence_of
from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from tests.formats import sample
from verifier import limits
from verifier.checks import template_injection
from verifier.finding import Finding
from verifier.verdict import Result

WALK = "{{ messages }}\n{{ ''.__class__.__base__.__subclasses__() }}"
PLAIN = "{% for m in messages %}<|{{ m['role'] }}|>{{ m.content | trim }}{{ eos_token }}{% endfor %}"


def findings(data: bytes, name: str) -> list[Finding]:
    return list(template_injection.run(evidence_of({name: data})))


def gguf(template: str) -> bytes:
    key, text = b"tokenizer.chat_template", template.encode()
    head = struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, len(key)) + key
    return head + struct.pack("<IQ", 8, len(text)) + text


def test_an_ordinary_template_passes(registry: FakeRegistry, model: Path) -> None:
    (model / "tokenizer_config.json").write_text(json.dumps({"chat_template": PLAIN}))
    (model / "chat_template.jinja").write_text(PLAIN)
    (model / "model.gguf").write_bytes(gguf(PLAIN))
    registry.approve(MODEL, model)
    registry.publish()

    assert registry.verify(MODEL, model).result is Result.PASSED


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tokenizer_config.json", json.dumps({"chat_template": WALK}).encode()),
        ("tokenizer_config.json", json.dumps({"chat_template": [{"name": "x", "template": WALK}]}).encode()),
        ("chat_template.json", json.dumps({"chat_template": WALK}).encode()),
        ("chat_template.jinja", WALK.encode()),
        ("model.gguf", gguf(WALK)),
        ("config.yaml", f"chat_template: {json.dumps(WALK)}".encode()),
    ],
)
def test_a_walk_is_refused_wherever_the_template_stands(
    registry: FakeRegistry, model: Path, name: str, data: bytes
) -> None:
    """CVE-2024-34359: such a template ran commands in llama-cpp-python."""
    (model / name).write_bytes(data)
    registry.approve(MODEL, model)
    registry.publish()
    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"template-injection"}
    (first, *_) = verdict.findings()
    assert (first.finding.location.path, first.finding.location.line) == (name, 2)


def test_the_findings_name_what_is_reached_for() -> None:
    messages = [finding.message for finding in findings(WALK.encode(), "chat_template.jinja")]

    assert "chat_template.jinja: the template walks to Python's own attribute '__class__'" in messages
    assert len(messages) == 3


def test_the_offset_in_a_gguf_file_is_told() -> None:
    assert findings(gguf(WALK), "model.gguf")[0].location.offset == 59


def test_what_is_no_template_can_not_be_judged_and_is_refused() -> None:
    (finding,) = findings(b"{% unknown %}", "chat_template.jinja")

    assert "can't be judged" in finding.message


def test_one_template_gives_so_many_findings_at_most() -> None:
    data = "".join(f"{{{{ a._b{number} }}}}" for number in range(100)).encode()

    assert len(findings(data, "chat_template.jinja")) == 20
    assert len(data) < limits.MAX_TEMPLATE


def test_a_template_that_the_library_wrote_passes() -> None:
    assert findings(sample("plain.gguf"), "model.gguf") == []


@pytest.mark.parametrize(
    "template",
    [
        "{{ lipsum[dict(__globals__=0)|first]['os'].popen('true').read() }}",
        "{% set ns = namespace(__globals__=0) %}",
        "{% macro m(__globals__) %}{% endmacro %}{{ lipsum[m.arguments|first] }}",
        "{% macro __globals__() %}{% endmacro %}{{ lipsum[__globals__.name] }}",
        "{% macro m() %}{{ lipsum[kwargs|first] }}{% endmacro %}{{ m(__globals__=0) }}",
        "{% call(gi_frame) m() %}{% endcall %}",
        "{% for gi_frame in x %}{% endfor %}",
        "{% with __globals__ = 0 %}{% endwith %}",
        "{% block __globals__ %}{% endblock %}",
        "{{ lipsum['x__globals__'.split('x')|last] }}",
        "{{ lipsum['__glo<b>bals__'|striptags] }}",
        "{{ lipsum[('&#95;_globals_&#95;'|safe).unescape()] }}",
        "{% set t = 'x__globals__' %}{{ lipsum[t[1:]] }}",
    ],
)
def test_a_name_that_becomes_a_text_is_judged_as_one(template: str) -> None:
    assert findings(template.encode(), "chat_template.jinja")


@pytest.mark.parametrize(
    "template",
    [
        "{% set _ = messages.pop() %}{% for _ in messages %}{% endfor %}",
        "{% macro render(_, content) %}{{ content }}{% endmacro %}{{ render(1, content=2) }}",
        "{% set content = message.content.split('</think>')[-1].lstrip() %}{{ content }}",
    ],
)
def test_ordinary_names_pass(template: str) -> None:
    assert findings(template.encode(), "chat_template.jinja") == []
