"""Everything printed is hostile: one escaping function a sink."""

from __future__ import annotations

from verifier.characters import is_hidden


def terminal(text: str, limit: int = 2_000) -> str:
    r"""Make text fit to be shown on a terminal, on one line.

    Control characters, escapes, bidirectional and invisible characters and surrogates become `\xNN` or `\uNNNN`;
    what is longer than `limit` characters is cut, and says so.
    """
    shown = text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
    return "".join(_visible(character) for character in shown)


def _visible(character: str) -> str:
    if not is_hidden(character):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def prometheus(text: str) -> str:
    """Make text fit to stand between the quotes of a label's value in Prometheus' text format."""
    return terminal(text, 200).replace("\\", "\\\\").replace('"', '\\"')
