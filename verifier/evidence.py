"""What the checks are given: the reference, the registry's or the lock's word, the files, the policy's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from verifier._hub import RemoteModel
from verifier.formats.content import Content
from verifier.manifest import Manifest
from verifier.publishers import PublisherIndex
from verifier.reference import ModelReference
from verifier.registry.standing import Refusal, Standing
from verifier.snapshot import Reading, Snapshot

Readings = Mapping[str, Reading[Content]]


@dataclass(frozen=True)
class Evidence:
    """Everything that a verdict can rest on, fixed at `now`.

    `asked` is what the person typed, `reference` the same at the commit that is judged. `standing` is None
    where the lock alone decides; `refusal` says why the model is neither approved nor locked. `manifest` lists
    every file that may be there, `chosen` those of the chosen set, which must be. `snapshot` and `readings` are
    None as long as, or where, they were not taken; `unread` says why. `locked_at` is set where the lock pins
    the model, `remote` where the Hub was asked, `fetched` where the files came from the endpoint just now.
    """

    asked: ModelReference
    reference: ModelReference
    now: datetime
    publishers: PublisherIndex
    known_models: frozenset[str]
    refusal: Refusal | None
    standing: Standing | None = None
    manifest: Manifest | None = None
    chosen: frozenset[str] = frozenset()
    set_name: str = "default"
    snapshot: Snapshot | None = None
    readings: Readings | None = None
    unread: str = ""
    locked_at: datetime | None = None
    remote: RemoteModel | None = None
    fetched: bool = False
