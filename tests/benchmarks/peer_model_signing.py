"""OpenSSF's reference implementation, timed from inside; run by the Python of `make peers`.

    python peer_model_signing.py sign DIRECTORY SIGNATURE PRIVATE_KEY
    python peer_model_signing.py verify DIRECTORY SIGNATURE PUBLIC_KEY

Each prints its seconds, without the imports, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from model_signing import signing, verifying  # type: ignore[import-not-found]


def main() -> None:
    verb, *paths = sys.argv[1:]
    directory, signature, key = map(Path, paths)
    began = time.perf_counter()
    if verb == "sign":
        signing.Config().use_elliptic_key_signer(private_key=key).sign(directory, signature)
    else:
        verifying.Config().use_elliptic_key_verifier(public_key=key).verify(directory, signature)
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
