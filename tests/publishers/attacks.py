"""Imitations of publishers' names: made here, made as dnstwist makes them, and reported in other ecosystems."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from verifier.publishers.letters import KEYBOARD
from verifier.publishers.techniques import split

VOWELS: Final = "aeiou"
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
GLYPHS: Final = {
    "0": ["o"], "1": ["l", "i"], "3": ["8"], "6": ["9"], "8": ["3"], "9": ["6"], "b": ["d", "lb"], "c": ["e"],
    "d": ["b", "cl", "dl"], "e": ["c"], "g": ["q"], "h": ["lh"], "i": ["1", "l"], "k": ["lc"], "l": ["1", "i"],
    "m": ["n", "nn", "rn"], "n": ["m", "r"], "o": ["0"], "q": ["g"], "u": ["v"], "v": ["u"], "w": ["vv"],
}  # fmt: skip
"""What dnstwist draws for a letter, in ASCII; outside ASCII every name is flagged for its code points alone."""
LEET: Final = {"o": "0", "l": "1", "i": "1", "e": "3", "a": "4", "s": "5", "t": "7", "b": "8", "m": "rn", "w": "vv"}
_ADDED = "official ai hf team labs models the real cloud verified global foundation io gguf mirror 2 v2"
ADDED: Final = _ADDED.split()
_INCIDENTS = """
    crossenv:cross-env babelcli:babel-cli gruntcli:grunt-cli ffmepg:ffmpeg mongose:mongoose jquery.js:jquery
    mssql-node:mssql nodesass:node-sass nodemailer-js:nodemailer noderequest:request shadowsock:shadowsocks
    node-opensl:openssl loadsh:lodash electorn:electron momnet:moment discord.js-user:discord.js twilio-npm:twilio
    expresss:express axois:axios react-router-dom.js:react-router-dom 1odash:lodash uglify.js:uglify-js
    colourama:colorama jeIlyfish:jellyfish python3-dateutil:python-dateutil djanga:django diango:django
    urlib3:urllib3 setup-tools:setuptools acqusition:acquisition django-server:django reqeusts:requests
    requesys:requests requessts:requests beautifulsup4:beautifulsoup4 crypt0graphy:cryptography
    tenserflow:tensorflow tensorfow:tensorflow selemium:selenium pyhton-dateutil:python-dateutil
    matplatlib:matplotlib numppy:numpy pandsa:pandas flaks:flask pilllow:pillow botocre:botocore
    rustdecimal:rust_decimal atlas-client:atlas_client bitcoin-ruby:ruby-bitcoin rest-clients:rest-client
    circelci:circleci action:actions azure-core-official:azure-core
"""
INCIDENTS: Final = tuple((attack, meant) for attack, _, meant in (pair.partition(":") for pair in _INCIDENTS.split()))
"""Attacks on npm, PyPI, crates.io, RubyGems and GitHub Actions as they were reported, and what was meant."""


def dnstwist(name: str) -> dict[str, set[str]]:
    """Permute a name as dnstwist's fuzzers do, but for those that leave ASCII; written anew after its descriptions."""
    places = range(len(name))
    keys = {letter: {other for one, other in KEYBOARD if one == letter} for letter in ALPHABET}

    def drawn(text: str) -> set[str]:
        return {text[:at] + glyph + text[at + 1 :] for at in range(len(text)) for glyph in GLYPHS.get(text[at], ())}

    once = drawn(name)
    flips = [(at, chr(ord(name[at]) ^ 1 << bit)) for at in places for bit in range(8)]
    return {
        "addition": {name + letter for letter in ALPHABET},
        "bitsquatting": {name[:at] + to + name[at + 1 :] for at, to in flips if to in f"{ALPHABET}-"},
        "homoglyph": once.union(*map(drawn, once)),
        "hyphenation": {name[:at] + "-" + name[at:] for at in places[1:]},
        "insertion": {
            name[:i] + key + name[i:] for at in places for key in keys.get(name[at], ()) for i in (at, at + 1)
        },
        "omission": {name[:at] + name[at + 1 :] for at in places},
        "plural": {name[: at + 1] + "s" + name[at + 1 :] for at in places[2:-2]},
        "repetition": {name[:at] + name[at] + name[at:] for at in places},
        "replacement": {name[:at] + key + name[at + 1 :] for at in places for key in keys.get(name[at], ())},
        "subdomain": {name[:at] + "." + name[at:] for at in places[1:-1] if "-" not in name[at - 1 : at + 1]},
        "transposition": {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in places[:-1]},
        "vowel-swap": {
            name[:at] + vowel + name[at + 1 :] for at in places if name[at] in VOWELS for vowel in VOWELS
        },
    }  # fmt: skip


def typo(name: str, dice: random.Random) -> str:
    """Change a letter as typing, reading and bits do."""
    at = dice.randrange(len(name))
    letter = name[at]
    near = sorted(other for one, other in KEYBOARD if one == letter.lower()) or ["x"]
    other = {
        "omitted": "",
        "doubled": letter * 2,
        "inserted": letter + dice.choice(near),
        "exchanged": dice.choice(near),
        "drawn": LEET.get(letter.lower(), letter * 2),
        "sounding": dice.choice(VOWELS) if letter.lower() in VOWELS else "",
        "any": dice.choice(ALPHABET),
    }
    if dice.random() < 0.15 and at + 1 < len(name):
        return name[:at] + name[at + 1] + letter + name[at + 2 :]
    return name[:at] + other[dice.choice(sorted(other))] + name[at + 1 :]


def affixed(name: str, dice: random.Random) -> str:
    word = dice.choice(ADDED)
    first = word in ("the", "real", "official", "ai", "hf") and dice.random() < 0.5
    separator = dice.choice(["-", "-", ""])
    return f"{word}{separator}{name}" if first else f"{name}{separator}{word}"


def with_words(change: Callable[[list[str], random.Random], list[str]]) -> Callable[[str, random.Random], str]:
    """Make an attack of a change of the words; a name of one word stays as it is, and does not count."""

    def attack(name: str, dice: random.Random) -> str:
        words = split(name)
        return dice.choice(["-", ""]).join(change(words, dice)) if len(words) > 1 else name

    return attack


ATTACKS: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "a typo": typo,
    "two typos": lambda name, dice: typo(typo(name, dice), dice),
    "an affix": affixed,
    "two affixes": lambda name, dice: affixed(affixed(name, dice), dice),
    "an affix and a typo": lambda name, dice: affixed(typo(name, dice), dice),
    "a plural and an affix": lambda name, dice: affixed(f"{name}s", dice),
    "digits": lambda name, dice: f"{name}{dice.choice(['-', ''])}{dice.choice(['2', '01', '99', '123', '2025'])}",
    "another word": lambda name, dice: f"{name}-{dice.choice(['nebraska', 'finance', 'robots', 'quebec'])}",
    "separators": lambda name, dice: f"{name[:2]}{dice.choice('-_.')}{name[2:]}",
    "words in another order": with_words(lambda words, dice: dice.sample(words, len(words))),
    "a word dropped": with_words(lambda words, dice: dice.choice([words[:-1], words[1:]])),
    "a word exchanged": with_words(lambda words, dice: [*words[:-1], dice.choice(ADDED)]),
}


def attacked(publishers: Sequence[str], known: set[str], dice: random.Random) -> dict[str, list[tuple[str, str]]]:
    """Make attacks of every kind on every publisher: pairs of imitations, not `known` themselves, and what is meant."""
    made: dict[str, list[tuple[str, str]]] = {kind: [] for kind in ATTACKS}
    for kind, attack in ATTACKS.items():
        for name in publishers:
            for _ in range(4):
                imitation = attack(name, dice)
                if imitation.lower() not in known and len(imitation) > 2:
                    made[kind].append((imitation, name))
    return made
