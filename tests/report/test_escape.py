"""Nothing that is printed can move the cursor, reorder the text, hide in it or begin a line of its own."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from verifier.report.escape import markdown, markdown_prose, sarif_text, terminal, uri, workflow_data, workflow_property

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
NASTY = st.text(
    st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"]) | st.sampled_from("\\x1b[]8;u m\N{SNOWMAN}")
)
PLAIN = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0"), max_size=200
).filter(lambda text: "##" not in text)
MARKUP = st.text(st.sampled_from("`*_[]()<>#@|\\&;!~:%,\n\r a1{}/") | st.characters())
MARKDOWN = MarkdownIt("commonmark").enable("table")


@given(st.text() | NASTY)
def test_no_character_that_acts_or_hides_is_left(text: str) -> None:
    assert HIDDEN.isdisjoint(map(unicodedata.category, terminal(text)))


@given(st.binary())
def test_no_byte_of_a_file_name_does_harm(raw: bytes) -> None:
    shown = terminal(raw.decode("utf-8", "surrogateescape"))

    assert HIDDEN.isdisjoint(map(unicodedata.category, shown))
    shown.encode("utf-8")


@given(PLAIN)
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert terminal(text) == text


@given(st.text(max_size=150) | NASTY.map(lambda text: text[:150]))
def test_what_was_escaped_stays_as_it_is(text: str) -> None:
    assert terminal(terminal(text)) == terminal(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\x1b]8;;https://evil.example\x07", r"\x1b]8;;https://evil.example\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\r\nb\tc\0\x7f", r"a\x0d\x0ab\x09c\x00\x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\u200bb\ufeff\u00ad", r"a\u200bb\ufeff\xad"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\udcff\ud800", r"\udcff\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\ue000", r"\ue000"),
        ("naïve 模型 🤗", "naïve 模型 🤗"),
        ("", ""),
    ],
)
def test_known_tricks(text: str, shown: str) -> None:
    assert terminal(text) == shown


@pytest.mark.parametrize("character", ["\u3164", "\u115f", "\uffa0", "\u034f", "\u17b5", "\ufe0f", "\U000e0100"])
def test_letters_and_marks_that_are_invisible_are_shown(character: str) -> None:
    """Unicode's Default_Ignorable_Code_Point holds some that are letters or marks by category: `mo<U+3164>del.bin`."""
    assert character not in terminal(f"mo{character}del.bin")


def test_what_is_long_is_cut_and_says_so() -> None:
    assert terminal("a" * 2_000) == "a" * 2_000
    assert terminal("a" * 3_456) == f"{'a' * 2_000}… (3,456 characters)"
    assert terminal("abcdef", limit=3) == "abc… (6 characters)"


@pytest.mark.parametrize(
    "text", ["##[set-env name=PATH]x", "a ##vso[task.setvariable variable=a]b", "###[x]", "####[y]"]
)
def test_no_runner_takes_a_line_for_a_command(text: str) -> None:
    """GitHub's and Azure's runners look for these anywhere in a line, of a log as of a report."""
    assert not re.search(r"##[A-Za-z]*\[", terminal(text))
    assert terminal(terminal(text)) == terminal(text)


@given(MARKUP)
def test_a_workflow_command_ends_where_we_end_it(text: str) -> None:
    """As the runner reads it: the line, properties up to `::`, each up to a comma, then percent signs."""
    line = f"::error file={workflow_property(text)},line=1::{workflow_data(text)}"

    assert len(line.splitlines()) == 1
    properties, _, data = line.removeprefix("::error ").partition("::")
    file, number = properties.split(",")
    assert number == "line=1"
    assert file.removeprefix("file=").replace("%3A", ":").replace("%2C", ",").replace("%25", "%") == terminal(text)
    assert data.replace("%25", "%") == terminal(text)


@given(MARKUP)
def test_a_code_span_holds_all_of_a_text(text: str) -> None:
    (inline,) = [token for token in MARKDOWN.parse(f"- x {markdown(text)} y") if token.type == "inline"]
    assert inline.children is not None

    assert [token.type for token in inline.children] == ["text", "code_inline", "text"]
    assert inline.children[1].content.strip() == terminal(text).strip()


@given(MARKUP)
def test_our_prose_shows_as_it_stands(text: str) -> None:
    line = " ".join(terminal(text).split())
    tokens = [token for token in MARKDOWN.parseInline(f"x{markdown_prose(line)}")[0].children or []]

    assert {token.type for token in tokens} <= {"text"}
    assert "".join(token.content for token in tokens) == f"x{line}"


@given(MARKUP)
def test_a_sarif_message_has_no_link_and_no_placeholder(text: str) -> None:
    shown = sarif_text(text)

    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", shown)
    assert "{" not in shown.replace("{{", "")
    assert re.sub(r"\\([\\\[\]])", r"\1", shown.replace("{{", "{").replace("}}", "}")) == terminal(text)


@given(st.text() | NASTY)
def test_a_uri_holds_nothing_but_what_a_uri_may(path: str) -> None:
    assert re.fullmatch(r"(?:file:///)?[A-Za-z0-9._~%/-]+|file:///", uri(path))
