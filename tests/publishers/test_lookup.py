"""Looking names up as a reviewer meets them: every technique by a whole name, ordinary names, bad input, speed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.publishers.attacks import attacked, dnstwist
from verifier.publishers import PUBLISHERS, Publisher, PublisherIndex
from verifier.publishers.index import HIGH, MEDIUM
from verifier.publishers.techniques import OFTEN_HONEST
from verifier.reference import MAX_PART

INDEX = PublisherIndex(PUBLISHERS)

IMITATIONS = [
    ("mistra1ai", "mistralai", "1 for l"),
    ("rnistralai", "mistralai", "rn for m"),
    ("mistrali", "mistralai", "one letter missing"),
    ("mistralaai", "mistralai", "a twice"),
    ("mistralqai", "mistralai", "one letter too many"),
    ("mistarlai", "mistralai", "two letters swapped"),
    ("mistralao", "mistralai", "o for i, a neighbouring key"),
    ("mistrelai", "mistralai", "e for a"),
    ("mistral_ai", "mistralai", "the same letters with other separators"),
    ("black-forrest-labz", "black-forest-labs", "r twice, z for s, a neighbouring key"),
    ("llama-meta", "meta-llama", "words in another order"),
    ("labsforestblack", "black-forest-labs", "words in another order"),
    ("black-forest", "black-forest-labs", "a word missing: labs"),
    ("deepseek-official", "deepseek-ai", "an affix: -official, a word missing: ai"),
    ("openai-official", "openai", "an affix: -official"),
    ("the-real-nvidia", "nvidia", "an affix: the-, an affix: real-"),
    ("nvidiahub", "nvidia", "an affix: -hub"),
    ("nvidia2", "nvidia", "an affix: -2"),
    ("nvidai-models", "nvidia", "an affix: -models, two letters swapped"),
    ("nvidias", "nvidia", "a plural"),
    ("latent-consistencies", "latent-consistency", "a plural"),
    ("nvidia-robots-nebraska", "nvidia", "a word added: robots nebraska"),
    ("nvidia-finance", "nvidia", "a word added: finance"),
    ("stabilityai-ukraine", "stabilityai", "a word added: ukraine"),
    ("databricksleaks", "databricks", "letters added: leaks"),
    ("mistral-ai", "mistralai", "its name on GitHub Models"),
    ("x-ai", "xai-org", "its name on OpenRouter"),
    ("mixtral-8x7b", "mistralai", "a model's name, not its publisher's"),
    ("m\u0456stralai", "mistralai", "it holds U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I"),
]

ORDINARY = """
    adelaide-nlp ahmed-lab alpha-wolf annika blue-whale bob cactus42 carlos-ai chemist-tools coffeeturtle crimson
    dataforge deepriver dmitri777 dreamcoder echo-labs emma-watts entropybadger fastnote figtree foxglove graphworks
    greenhouse hana-young harborlight lisbon-data hiroshi indigo-team ivan-petrov jazzhands juniper-research kmason
    kraken-community lakehouse-io lambda-community liam-ai lunarpepper maple-syrup marble-ml mateo1995 minnow
    moonlight-labs mudlark nebraska neural-fish night-owl nora99 oakwood-project olive-tree omega-pirate opal-datasets
    otter-ai parisnlp pepperland petra-k photon-lab plum-pudding polaris-org quietroom quokka raven-speech redwood7
    river-bend rosebud sandra-s sapling-ai silentwave sparrow-inc speechworks stefan-b sunflower-models tea-party
    thermos tidepool-research tinkerbox translator tuxedo ultramarine umbrella-team vectorcat vivid-dreams wanda
    weatherman wildflower willow-tree wintermute xenolith yamada-lab yellowstone zebra-crossing zoe-gray
""".split()  # noqa: SIM905


@pytest.mark.parametrize(("name", "nearest", "technique"), IMITATIONS, ids=[name for name, _, _ in IMITATIONS])
def test_an_imitation_is_called_one_and_explained(name: str, nearest: str, technique: str) -> None:
    match = INDEX.lookup(name)

    assert (match.status, match.nearest, match.technique) == ("lookalike", nearest, technique)
    assert match.level in ("high", "medium")


def test_ordinary_names_raise_no_alarm() -> None:
    alarms = {name: match for name in ORDINARY if (match := INDEX.lookup(name)).status != "unknown"}

    assert alarms == {}


@pytest.mark.parametrize(
    "name",
    [
        "amber-community",
        "vocab-transformers",
        "maple-research",
        "river-lab",
        "open-meadow",
        "internal-tests",
        "jun-ai",
        "liam-young",
        "albatross",
    ],
)
def test_common_words_that_a_publisher_has_too_are_nobodys(name: str) -> None:
    assert INDEX.lookup(name).status == "unknown"


def test_levels_are_two_thresholds_on_the_score() -> None:
    matches = [INDEX.lookup(name) for name, _, _ in IMITATIONS] + [INDEX.lookup(name) for name in ORDINARY]
    scores = {level: [match.score for match in matches if match.level == level] for level in (None, "medium", "high")}

    assert MEDIUM < OFTEN_HONEST < HIGH
    assert max(scores[None]) < min(scores["medium"])
    assert max(scores["medium"]) < min(scores["high"])


def test_what_honest_people_do_is_no_more_than_a_warning() -> None:
    for name in ("deepseek-labs", "black-forest", "nvidia-finance", "databricksleaks", "mistral-ai", "mixtral-8x7b"):
        assert INDEX.lookup(name).level == "medium"


class TestFamilies:
    FAMILY = (("acme-labs", "acme-research", "AcmeDeutschland"),)

    def test_without_the_family_a_relative_is_an_imitation(self) -> None:
        assert PublisherIndex(["acme-labs"]).lookup("acme-research").status == "lookalike"

    @pytest.mark.parametrize("name", ["acme-research", "acmedeutschland"])
    def test_with_the_family_it_is_affiliated(self, name: str) -> None:
        match = PublisherIndex(["acme-labs"], self.FAMILY).lookup(name)

        assert (match.status, match.nearest, match.score) == ("affiliated", "acme-labs", 0.0)

    def test_a_publisher_may_bring_its_family(self) -> None:
        index = PublisherIndex([Publisher("acme-labs", family=self.FAMILY[0])])

        assert index.lookup("acme-research").status == "affiliated"

    def test_a_known_relative_is_known(self) -> None:
        assert PublisherIndex(["acme-labs", "acme-research"], self.FAMILY).lookup("acme-research").status == "known"

    def test_a_relatives_imitation_names_the_relative(self) -> None:
        match = PublisherIndex(["acme-labs"], self.FAMILY).lookup("acmedeutshcland")

        assert (match.status, match.nearest) == ("lookalike", "AcmeDeutschland")


def test_a_name_elsewhere_is_a_note_unless_it_is_known_here_too() -> None:
    acme = Publisher("acme-org", elsewhere=(("Replicate", "acme-video"),))

    assert PublisherIndex([acme]).lookup("Acme-Video").technique == "its name on Replicate"
    assert PublisherIndex([acme, "acme-video"]).lookup("acme-video").status == "known"


def test_a_famous_publisher_is_the_likelier_one() -> None:
    famous = PublisherIndex([Publisher("akme", tier=1), "abme"]).lookup("aqme")
    unknown = PublisherIndex(["akme", Publisher("abme", tier=1)]).lookup("aqme")

    assert (famous.nearest, unknown.nearest) == ("akme", "abme")


def test_a_publisher_given_twice_keeps_what_is_known_of_it() -> None:
    shipped = Publisher("Acme-Labs", family=("Acme-Labs", "acme-video"))
    for other in ("acme-labs", "ACME-Labs"):
        index = PublisherIndex([other, shipped, other])

        assert index.lookup("acme-labs").nearest == "Acme-Labs"
        assert index.lookup("acme-video").status == "affiliated"


def test_nothing_given_is_iterated_over_before_a_look_up_and_then_once() -> None:
    asked = []

    def known() -> Iterator[str]:
        asked.append(1)
        yield "acme-labs"

    index = PublisherIndex(known())
    assert asked == []
    assert [index.lookup(name).status for name in ("acme-labs", "acme-labz", "x")] == ["known", "lookalike", "unknown"]
    assert asked == [1]


ODD = [
    "",
    "-",
    "..",
    "\x00",
    "\x1b[2J",
    "\ud800",
    "\u202eialartsim",
    "m\u0336i\u0336s\u0336t\u0336ral",
    "\u200b",
    "\U0001f917",
    "\uff4d\uff49\uff53\uff54\uff52\uff41\uff4c\uff41\uff49",
    "a" * 10_000,
    "-" * 10_000,
    "rn" * 5_000,
    "\u0301" * 10_000,
    "\u0430" * 10_000,
    "\ufdfa" * 10_000,
    "ai-" * 32,
    "A1" * 48,
    "m" * MAX_PART,
    "openai" * 16,
]


@pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
def test_odd_names_are_judged_quickly(name: str) -> None:
    INDEX.lookup("warm")
    seconds = min(timed(name) for _ in range(3))

    assert seconds < 0.02
    match = INDEX.lookup(name)
    if all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in name):
        assert match.status == "unknown"
    else:
        assert (match.status, match.level, match.score) == ("lookalike", "high", 1.0)
        assert "U+" in (match.technique or "")
        assert (match.technique or "").replace("…", "").isascii()
        assert len(match.technique or "") < 120


def timed(name: str) -> float:
    begin = time.process_time()
    INDEX.lookup_model(f"{name}/{name}")
    return time.process_time() - begin


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=200) | st.text("aeilmnor01-_.", max_size=200))
@example("lmstudio-community" * 11)
def test_no_name_raises_or_takes_long(name: str) -> None:
    match = INDEX.lookup(name)

    assert min(timed(name) for _ in range(3)) < 0.005
    assert 0 <= match.score <= 1
    assert (match.status == "lookalike") == (match.technique is not None) == (match.level is not None)


@settings(deadline=None)
@given(st.sampled_from([publisher.name for publisher in PUBLISHERS]), st.data())
def test_a_known_name_is_known_in_any_case(name: str, data: st.DataObject) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    written = "".join(letter.upper() if big else letter.lower() for letter, big in zip(name, upper, strict=True))
    match = INDEX.lookup(written)

    assert (match.status, match.nearest, match.score) == ("known", name, 0.0)


SHARES = {
    "a typo": 0.97,
    "two typos": 0.75,
    "an affix": 0.97,
    "two affixes": 0.95,
    "an affix and a typo": 0.9,
    "a plural and an affix": 0.95,
    "digits": 0.97,
    "another word": 0.95,
    "separators": 1.0,
    "words in another order": 0.95,
    "a word dropped": 0.5,
    "a word exchanged": 0.45,
}
"""How many of each kind of attack must be called a look-alike, whatever the dice say."""


@pytest.mark.parametrize("seed", [1, 2])
def test_attacks_of_every_kind_are_found(seed: int) -> None:
    names = [publisher.name for publisher in PUBLISHERS]
    made = attacked(names, {name.lower() for name in names}, random.Random(seed))

    found = {
        kind: sum(INDEX.lookup(name).status != "unknown" for name, _ in pairs) / len(pairs)
        for kind, pairs in made.items()
    }

    assert found.keys() == SHARES.keys()
    assert {kind: share for kind, share in found.items() if share < SHARES[kind]} == {}


@pytest.mark.parametrize("name", ["mistralai", "black-forest-labs", "google", "stabilityai"])
def test_permutations_as_dnstwist_makes_them_are_found(name: str) -> None:
    made = {item for items in dnstwist(name).values() for item in items} - {name}
    found = [item for item in made if INDEX.lookup(item).status != "unknown"]

    assert len(made) > 200
    assert len(found) > 0.98 * len(made)
