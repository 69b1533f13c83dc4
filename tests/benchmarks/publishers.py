"""How well imitated publishers are found, and how fast: `make bench-publishers`.

Prints recall, false alarms and times on the development data, on publishers and ordinary names that the
thresholds were not chosen with, on permutations as dnstwist makes them, on attacks known from other ecosystems and
on attacks made here; exits 1 where a promise is not kept, 2 where the data is missing.

A threshold on the score is the lowest at which at most 1 % (or .1 %) of the ordinary names are flagged.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT))

from tests.publishers.attacks import INCIDENTS, attacked, dnstwist  # noqa: E402
from verifier.publishers import PUBLISHERS, Publisher, PublisherIndex  # noqa: E402

DATA: Final = CHECKOUT.parent / "shared" / "data" / "typosquat"
SYLLABLES: Final = "ka mo ri ten sol vex dra lin qua zo per nim tal gre sto wi lo ba cu fen hy jo ex or un sha"
MISSING: Final = """The development data is not at {}.
It came with the project's brief and is no part of the repository: publishers.json, names_dev.jsonl and
ids_dev.jsonl. Name the directory that holds them: python tests/benchmarks/publishers.py DIRECTORY"""


@dataclass(frozen=True)
class Target:
    """One promised figure: it is met where `value` reaches `bound` from the right side."""

    what: str
    value: float
    bound: float
    at_least: bool = True
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        relation = ">=" if self.at_least else "<="
        return (
            f"{'met   ' if self.met else 'MISSED'} {self.what}: {self.value:.4g} {relation} {self.bound:g} {self.unit}"
        )


def threshold(index: PublisherIndex, ordinary: Iterable[str], share: float) -> float:
    """Give the lowest score that at most `share` of the ordinary names reach; never 0, which is no suspicion."""
    scores = sorted((index.lookup(name).score for name in ordinary), reverse=True)
    return max(scores[int(len(scores) * share)], 0.0) + 1e-9


def recall(index: PublisherIndex, names: Iterable[str], least: float) -> float:
    scores = [index.lookup(name).score for name in names]
    return sum(score >= least for score in scores) / len(scores) if scores else 1.0


def flagged(index: PublisherIndex, names: Sequence[str], levels: Sequence[str]) -> float:
    return sum(index.lookup(name).level in levels for name in names) / len(names)


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def on_development_data(index: PublisherIndex, bare: PublisherIndex, rows: list[dict[str, Any]]) -> Iterator[Target]:
    """Recall by technique at both thresholds, and false alarms by level."""
    by_stratum: defaultdict[str, list[str]] = defaultdict(list)
    by_technique: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_stratum["squat" if row["label"] else row["stratum"]].append(row["name"])
        if row["label"]:
            by_technique[row["technique"]].append(row["name"])
    ordinary = by_stratum["ordinary_gen"] + by_stratum["ordinary_real"]
    one, tenth = threshold(index, ordinary, 0.01), threshold(index, ordinary, 0.001)
    print(f"\n{'technique':<28}{'n':>6}{'<= 1 %':>9}{'<= .1 %':>9}{'medium':>9}{'high':>9}")
    for technique, names in [*sorted(by_technique.items()), ("all", by_stratum["squat"])]:
        levels = (flagged(index, names, ("medium", "high")), flagged(index, names, ("high",)))
        figures = (recall(index, names, one), recall(index, names, tenth), *levels)
        print(f"{technique:<28}{len(names):>6}" + "".join(f"{figure:>9.3f}" for figure in figures))
    real, near, squats = by_stratum["ordinary_real"], by_stratum["benign_near"], by_stratum["squat"]
    print(f"near neighbours flagged without families: {flagged(bare, near, ('medium', 'high')):.3f} of {len(near)}")
    yield Target("recall at 1 % false alarms", recall(index, squats, one), 0.98)
    yield Target("recall at .1 % false alarms", recall(index, squats, tenth), 0.96)
    yield Target("real ordinary names flagged", flagged(index, real, ("medium", "high")), 0.005, at_least=False)
    yield Target("real ordinary names flagged high", flagged(index, real, ("high",)), 0.001, at_least=False)
    yield Target("near neighbours flagged", flagged(index, near, ("medium", "high")), 0.1, at_least=False)


def on_model_ids(index: PublisherIndex, rows: list[dict[str, Any]]) -> None:
    """What is flagged of each kind of model id, and how often the model that is meant is named."""
    by_stratum: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_stratum[row["stratum"]].append(row)
    print(f"\n{'model ids':<28}{'n':>6}{'medium':>9}{'high':>9}{'right':>9}")
    for stratum, items in by_stratum.items():
        matches = [(index.lookup_model(item["id"]), item["target"]) for item in items]
        shares = [sum(match.level == level for match, _ in matches) / len(matches) for level in ("medium", "high")]
        right = sum(match.nearest == target for match, target in matches) / len(matches)
        named = f"{right:>9.3f}" if items[0]["label"] else ""
        print(f"{stratum:<28}{len(items):>6}{shares[0]:>9.3f}{shares[1]:>9.3f}{named}")


def by_halves(publishers: list[Publisher], rows: list[dict[str, Any]], dice: random.Random) -> None:
    """Choose thresholds with one half of the publishers and of the ordinary names, and use them on the other half."""
    ordinary = [row["name"] for row in rows if row["stratum"].startswith("ordinary")]
    dice.shuffle(ordinary)
    shuffled = dice.sample(publishers, len(publishers))
    half, middle = len(shuffled) // 2, len(ordinary) // 2
    print(f"\n{'split by publishers':<28}{'n':>6}{'<= 1 %':>9}{'alarms':>9}{'<= .1 %':>9}{'alarms':>9}")
    for ours, theirs, name in (
        (slice(None, half), slice(half, None), "first half"),
        (slice(half, None), slice(None, half), "second half"),
    ):
        chosen, held = PublisherIndex(shuffled[ours]), PublisherIndex(shuffled[theirs])
        names = {publisher.name for publisher in shuffled[theirs]}
        squats = [row["name"] for row in rows if row["label"] and row["target"] in names]
        figures = []
        for share in (0.01, 0.001):
            least = threshold(chosen, ordinary[:middle], share)
            figures += [recall(held, squats, least), recall(held, ordinary[middle:], least)]
        print(f"held back: {name:<17}{len(squats):>6}" + "".join(f"{figure:>9.4f}" for figure in figures))


def on_made_attacks(index: PublisherIndex, publishers: Sequence[str], ordinary: list[str], dice: random.Random) -> None:
    """Recall on attacks that were made here, on publishers that the development data has no attacks on."""
    known = {publisher.name.lower() for publisher in PUBLISHERS} | {name.lower() for name in publishers}
    one, tenth = threshold(index, ordinary, 0.01), threshold(index, ordinary, 0.001)
    print(f"\n{'made here, other publishers':<28}{'n':>6}{'<= 1 %':>9}{'<= .1 %':>9}{'nearest':>9}")
    for kind, pairs in attacked(publishers, known, dice).items():
        names = [name for name, _ in pairs]
        found = [match.nearest == meant for name, meant in pairs if (match := index.lookup(name)).nearest]
        figures = (recall(index, names, one), recall(index, names, tenth), sum(found) / len(found))
        print(f"{kind:<28}{len(names):>6}" + "".join(f"{figure:>9.3f}" for figure in figures))


def on_permutations(
    index: PublisherIndex, publishers: Sequence[str], ordinary: list[str], dice: random.Random
) -> Target:
    """Recall on up to 60 permutations of each publisher, each fuzzer as often as it makes one."""
    one = threshold(index, ordinary, 0.01)
    names: list[str] = []
    for name in publishers:
        made = sorted({item for items in dnstwist(name.lower()).values() for item in items})
        kept = [item for item in made if index.lookup(item).status not in ("known", "affiliated")]
        names += dice.sample(kept, min(60, len(kept)))
    return Target("permutations as dnstwist makes them", recall(index, names, one), 0.99)


def on_incidents(publishers: list[Publisher], ordinary: list[str]) -> Target:
    """Recall on attacks that were reported in other ecosystems, their packages being known beside the publishers."""
    index = PublisherIndex([*publishers, *{meant for _, meant in INCIDENTS}])
    one = threshold(index, ordinary, 0.01)
    overlooked = [f"{attack} for {meant}" for attack, meant in INCIDENTS if index.lookup(attack).score < one]
    print(f"\nattacks of other ecosystems: {len(INCIDENTS)}; overlooked: {', '.join(overlooked) or 'none'}")
    return Target("attacks of other ecosystems", 1 - len(overlooked) / len(INCIDENTS), 0.97)


def on_the_clock(publishers: list[Publisher], names: list[str], dice: random.Random) -> Iterator[Target]:
    """Build with 10,000 known publishers, look names up, and look the longest id up that the Hub allows."""
    endings = ["", "AI", "-ai", "-labs", "lab", "-research", "-org", "nlp", "42"]
    known = {publisher.name.lower() for publisher in publishers}
    while len(known) < 10_000:
        known.add("".join(dice.choices(SYLLABLES.split(), k=dice.randint(2, 4))) + dice.choice(endings))
    built, index = [], PublisherIndex([])
    for _ in range(3):
        begin = time.perf_counter()
        index = PublisherIndex([*publishers, *sorted(known)])
        index.lookup("nobody-in-particular")
        built.append(time.perf_counter() - begin)
    asked = dice.sample(names, min(2_000, len(names)))
    longest = [f"{name}/{name}"[: 2 * 96 + 1] for name in ("a" * 96, "ai-" * 32, "rn" * 48, "openai" * 16)]
    for text in asked[:200]:
        index.lookup(text)
    medians = [statistics.median(timed(index.lookup, asked)) for _ in range(5)]
    yield Target("index build with 10,000 known", min(built), 1.0, at_least=False, unit="s")
    yield Target("median look-up with 10,000 known", min(medians) * 1e6, 50.0, at_least=False, unit="us")
    yield Target("longest id", max(timed(index.lookup_model, longest * 5)) * 1e3, 5.0, at_least=False, unit="ms")


def timed(look: Callable[[str], object], names: Iterable[str]) -> list[float]:
    seconds = []
    for name in names:
        begin = time.perf_counter()
        look(name)
        seconds.append(time.perf_counter() - begin)
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help=f"where the data lies ({DATA})")
    parser.add_argument("--seed", type=int, default=2026, help="of the attacks that are made here")
    options = parser.parse_args()
    if not (options.data / "names_dev.jsonl").is_file():
        print(MISSING.format(options.data), file=sys.stderr)
        return 2
    dice = random.Random(options.seed)
    entries = json.loads((options.data / "publishers.json").read_text(encoding="utf-8"))
    publishers = [Publisher(entry["name"], tuple(entry["family"]), tier=entry["tier"]) for entry in entries]
    rows = load(options.data / "names_dev.jsonl")
    ordinary = [row["name"] for row in rows if row["stratum"].startswith("ordinary")]
    targeted = {row["target"] for row in rows if row["label"]}
    others = [publisher.name for publisher in publishers if publisher.name not in targeted]
    index = PublisherIndex(publishers)
    targets = list(on_development_data(index, PublisherIndex([entry["name"] for entry in entries]), rows))
    on_model_ids(index, load(options.data / "ids_dev.jsonl"))
    by_halves(publishers, rows, dice)
    on_made_attacks(index, others, ordinary, dice)
    targets.append(on_permutations(index, [publisher.name for publisher in publishers], ordinary, dice))
    targets.append(on_incidents(publishers, ordinary))
    targets += on_the_clock(publishers, [row["name"] for row in rows], dice)
    print()
    print(*targets, sep="\n")
    return 0 if all(target.met for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
