"""The list that ships with the package: well formed, and read only when it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

from verifier.publishers import MODELS, PUBLISHERS, Publisher, PublisherIndex
from verifier.reference import ModelReference


def test_the_list_holds_publishers_and_their_models() -> None:
    names = {publisher.name for publisher in PUBLISHERS}

    assert len(names) > 300
    assert {"mistralai", "meta-llama", "Qwen", "google"} <= names
    assert {model.partition("/")[0] for model in MODELS} <= names


def test_every_model_id_is_one() -> None:
    for model in MODELS:
        assert str(ModelReference.parse(model)) == model


def test_no_name_stands_for_two() -> None:
    keys = Counter(publisher.name.lower() for publisher in PUBLISHERS)
    elsewhere = Counter(name.lower() for publisher in PUBLISHERS for _, name in publisher.elsewhere)

    assert max(keys.values()) == 1
    assert not keys.keys() & elsewhere.keys()


def test_tiers_and_families_are_sound() -> None:
    for publisher in PUBLISHERS:
        assert publisher.tier in (1, 2)
        assert not publisher.family or publisher.name in publisher.family


def test_everyone_on_the_list_is_known_and_their_families_are_affiliated() -> None:
    index = PublisherIndex(PUBLISHERS)

    for publisher in PUBLISHERS:
        assert index.lookup(publisher.name).status == "known"
        assert {index.lookup(name).status for name in publisher.family} <= {"known", "affiliated"}


def test_a_publisher_needs_no_more_than_a_name() -> None:
    assert Publisher("acme") == Publisher("acme", (), (), 2)


def test_nothing_is_read_and_no_distance_loaded_before_somebody_unknown_is_looked_up() -> None:
    code = """
import json, sys
from itertools import chain
from pathlib import Path
read = []
Path.read_text = lambda self, *a, _read=Path.read_text, **k: (read.append(self.name), _read(self, *a, **k))[1]
from verifier.publishers import PUBLISHERS, PublisherIndex
index = PublisherIndex(chain(["acme"], PUBLISHERS))
before = [read[:], "rapidfuzz" in sys.modules]
index.lookup("mistralai")
known = [read[:], "rapidfuzz" in sys.modules]
index.lookup("nobody")
print(json.dumps([before, known, [read, "rapidfuzz" in sys.modules]]))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(ended.stdout) == [[[], False], [["known.json"], False], [["known.json"], True]]
