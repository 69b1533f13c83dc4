"""What the tests against Sigstore's Go clients share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.peers import require
from tests.interop.readers import Readers


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    """Ourselves and both clients, which must not write anything down."""
    place = tmp_path / "readers"
    place.mkdir()
    readers = Readers(place, require("cosign"), require("sigstore-go"))
    yield readers
    assert readers.left_behind() == set()
