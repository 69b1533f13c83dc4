"""How long a search takes: `python tests/benchmarks/references.py DIRECTORY`, beside `git grep` over the same files."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from verifier.references.find import find, is_source


class Tree:
    """A directory, its paths listed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = {str(path.relative_to(root)) for path in root.rglob("*")}

    def exists(self, path: str) -> bool:
        return path in self.paths

    def read(self, path: str) -> bytes | None:
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return None


def search(root: Path, paths: list[str]) -> tuple[int, int]:
    """Search some files; give how many mentions and notes there are."""
    tree = Tree(root)
    found = [find(path, (root / path).read_bytes(), tree) for path in paths]
    return sum(len(each.mentions) for each in found), sum(len(each.notes) for each in found)


def main(root: Path, workers: int = 2) -> None:
    """Print the figures."""
    tree = Tree(root)
    paths = sorted(path for path in tree.paths if is_source(path) and (root / path).is_file())
    began = time.perf_counter()
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(search, [root] * workers, [paths[number::workers] for number in range(workers)]))
    took = time.perf_counter() - began
    mentions, notes = (sum(numbers) for numbers in zip(*parts, strict=True))
    began = time.perf_counter()
    subprocess.run(
        ["git", "grep", "--no-index", "-cE", "from_pretrained|[A-Za-z0-9]+/[A-Za-z0-9]+", "."],
        cwd=root, capture_output=True, check=False,
    )  # fmt: skip
    beside = time.perf_counter() - began
    print(f"{len(paths):,} files, {mentions:,} mentions, {notes} notes: {took:.1f} s on {workers} processes")
    print(f"git grep over the same directory: {beside:.1f} s; ratio {took / beside:.1f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
