"""Verify a model as the command line does, and print how many bytes were hashed in how many seconds, as JSON.

python timed_verify.py REFERENCE DIRECTORY REGISTRY TRUST_DIGEST
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from verifier.policy import Policy
from verifier.verdict import Result
from verifier.verify import verify


class Clock:
    """Takes the time between the beginning and the end of the reading."""

    def __init__(self) -> None:
        self.total = 0
        self.began = self.ended = 0.0

    def begin(self, total: int) -> None:
        self.total = total
        self.began = time.perf_counter()

    def advance(self, count: int) -> None:
        pass

    def end(self) -> None:
        self.ended = time.perf_counter()


def main() -> int:
    reference, directory, registry, trust_digest = sys.argv[1:]
    policy = Policy.load("default").override(registry=registry, trust_digest=trust_digest)
    clock = Clock()
    verdict = verify(reference, path=Path(directory), policy=policy, watch=clock)
    print(json.dumps({"bytes": clock.total, "seconds": clock.ended - clock.began}))
    return 0 if verdict.result is Result.PASSED else 1


if __name__ == "__main__":
    sys.exit(main())
