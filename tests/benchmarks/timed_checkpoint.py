"""Verify or sign a checkpoint as the command line does, and print how many seconds its reading took, as JSON.

python timed_checkpoint.py verify PATH POLICY
python timed_checkpoint.py sign PATH KEY BUNDLE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.timed_verify import Clock
from verifier.identity import open_own_signer
from verifier.sign import sign
from verifier.verdict import Result
from verifier.verify import verify


def main() -> int:
    verb, path, *files = sys.argv[1:]
    clock = Clock()
    passed = True
    if verb == "sign":
        key, bundle = map(Path, files)
        sign(Path(path), lambda: open_own_signer(key, None, None), bundle=bundle, watch=clock)
    else:
        passed = verify(Path(path), policy=Path(files[0]), watch=clock).result is Result.PASSED
    print(json.dumps({"bytes": clock.total, "seconds": clock.ended - clock.began}))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
