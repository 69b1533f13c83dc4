"""Where chat templates stand: in files of their own and in configurations, one or several."""

from __future__ import annotations

import json

import pytest

from tests.formats import identified
from verifier import limits


def templates(data: bytes, name: str) -> dict[str, str]:
    return {each.where: each.text for each in identified(data, name).templates}


@pytest.mark.parametrize("name", ["chat_template.jinja", "additional_chat_templates/tool.JINJA2", "x.j2"])
def test_a_file_is_one_template(name: str) -> None:
    assert templates(b"\xef\xbb\xbf{{ x }}", name) == {"the template": "{{ x }}"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("{{ x }}", {"chat_template": "{{ x }}"}),
        ([{"name": "rag", "template": "{{ x }}"}], {"chat_template.rag": "{{ x }}"}),
        ({"rag": "{{ x }}", "n": 1}, {"chat_template.rag": "{{ x }}"}),
        (["{{ x }}", 3], {"chat_template": "{{ x }}"}),
        (None, {}),
    ],
)
def test_a_configuration_holds_one_or_several(value: object, found: dict[str, str]) -> None:
    assert templates(json.dumps({"a": {"chat_template": value}}).encode(), "tokenizer_config.json") == found


def test_of_two_keys_both_are_looked_at() -> None:
    content = identified(b'{"chat_template": "a", "chat_template": "b", "x_chat_template": "c"}', "x.json")

    assert [each.text for each in content.templates] == ["a", "b", "c"]


def test_more_templates_than_are_followed() -> None:
    data = json.dumps(
        {"chat_template": [{"name": str(n), "template": str(n)} for n in range(limits.MAX_TEMPLATES + 1)]}
    )

    assert "more chat templates" in (identified(data.encode(), "x.json").unfollowed or "")


@pytest.mark.parametrize(
    ("data", "why"), [(b"\xff", "not UTF-8"), (b"x" * (limits.MAX_TEMPLATE + 1), "a template is read up to")]
)
def test_a_file_that_is_no_template_says_why(data: bytes, why: str) -> None:
    assert why in (identified(data, "chat_template.jinja").unfollowed or "")
