"""Letters that are taken for each other: by their looks, by their sound, by their place on the keyboard.

The pairs inside ASCII are those that dnstwist, typomania and the Unicode consortium's confusables.txt (UTS 39)
agree on, and those on a QWERTY keyboard. Outside ASCII, Unicode's own compatibility forms (NFKD) come first; the
table below, after confusables.txt, gives the code points of letters that no such form leads to.
"""

from __future__ import annotations

import unicodedata
from itertools import product
from typing import Final

_LOOKALIKES = """
    0:o 1:l 1:i l:i i:j 2:z 3:e 3:8 4:a 5:s 6:b 6:g 6:9 7:t 8:b 8:g 9:g 9:q g:q b:d c:e h:n i:y m:n n:r u:v v:w v:y
    m:rn m:nn w:vv d:cl u:ii n:ri
"""
_SOUNDS = "c:k s:z i:y f:v f:ph k:ck x:ks i:ee u:oo"
_VOWELS = "aeiou"
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")

FOLDED_PAIRS: Final = (
    ("rn", "m"), ("nn", "m"), ("vv", "w"), ("cl", "d"), ("lc", "k"), ("dl", "d"), ("lb", "b"), ("lh", "h"),
)  # fmt: skip
"""Two letters that look like one."""
_FOLDED = str.maketrans("01ljy3c45678d9qvmrh", "oiiiieeasbtbbggunnn")

_FOREIGN_LETTERS = {
    "a": "0430 03b1 0251 1d00",
    "b": "0432 044c 03b2 0185 0299",
    "c": "0441 03f2 1d04",
    "d": "0501 0257 0111 00f0",
    "e": "0435 04bd 03b5 0454 0259 025b",
    "f": "0192",
    "g": "0261 0581 0262",
    "h": "04bb 0570 043d 03b7 0127 029c",
    "i": "0456 03b9 0131 0269 026a",
    "j": "0458 0575 029d",
    "k": "043a 03ba 0138 1d0b",
    "l": "04cf 0142 056c 01c0",
    "m": "043c 1d0d",
    "n": "0578 03b7 043f 0274 014b",
    "o": "043e 03bf 0585 03c3 00f8 1d0f",
    "p": "0440 03c1 01bf 00fe",
    "q": "051b 0566",
    "r": "0433 0280 027e",
    "s": "0455 0282 a731 017f",
    "t": "0442 03c4 0167 1d1b",
    "u": "057d 03c5 0446 1d1c 0289",
    "v": "0475 03bd 1d20",
    "w": "051d 03c9 0561 1d21",
    "x": "0445 03c7",
    "y": "0443 04af 03b3 028f",
    "z": "1d22 01b6",
    "3": "0437 0292",
    "-": "2010 2011 2012 2013 2014 2015 2212",
}
_FOREIGN = {int(point, 16): plain for plain, points in _FOREIGN_LETTERS.items() for point in points.split()}
_NAMED_POINTS = 1
_LISTED_POINTS = 5


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    pairs = [(pair.split(":")[0], pair.split(":")[1]) for pair in text.split()]
    return frozenset([*pairs, *((other, one) for one, other in pairs)])


def _neighbours() -> frozenset[tuple[str, str]]:
    places = {key: (row, at + row / 2) for row, keys in enumerate(_ROWS) for at, key in enumerate(keys)}
    return frozenset(
        (one, other)
        for (one, (row, at)), (other, (below, there)) in product(places.items(), repeat=2)
        if one != other and abs(row - below) <= 1 and abs(at - there) <= 1
    )


LOOKALIKES: Final = _pairs(_LOOKALIKES) | frozenset(FOLDED_PAIRS)
SOUNDS: Final = _pairs(_SOUNDS) | frozenset((a, b) for a, b in product(_VOWELS, repeat=2) if a != b)
KEYBOARD: Final = _neighbours()


def folded(text: str) -> str:
    """Give one text for all that look like `text` (lower-case ASCII): rnistra1 and mistral fold to the same."""
    for pair, letter in FOLDED_PAIRS:
        text = text.replace(pair, letter)
    return text.translate(_FOLDED)


def unmasked(name: str) -> str:
    """Replace what is not ASCII by the plain letters that it looks like; drop what can't be seen."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_FOREIGN))
    lowered = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()
    return "".join(letter for letter in lowered.translate(_FOREIGN) if letter.isascii() and letter.isprintable())


def code_points(letters: str) -> str:
    """Name what stands in a name and is not what it looks like: "U+0430 CYRILLIC SMALL LETTER A, U+200B"."""
    points: list[str] = []
    for letter in dict.fromkeys(letters):
        title = f" {unicodedata.name(letter, 'without a name')}" if len(points) < _NAMED_POINTS else ""
        points.append(f"U+{ord(letter):04X}{title}")
    return ", ".join(points[:_LISTED_POINTS]) + (", …" if len(points) > _LISTED_POINTS else "")
