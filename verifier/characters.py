"""Characters that a person does not see, or that change what is seen around them."""

from __future__ import annotations

import unicodedata

_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Letters and marks without a glyph, which Unicode's categories do not tell (Default_Ignorable_Code_Point)."""


def is_hidden(character: str) -> bool:
    """Tell whether a character is a control, a format, a surrogate, unassigned, or a letter without a glyph."""
    if " " <= character <= "~":
        return False
    return (
        unicodedata.category(character) in _CATEGORIES
        or character in _BLANK_LETTERS
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )
