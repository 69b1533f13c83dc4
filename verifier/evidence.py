"""What the checks are given: the files and what was read of them; for a model, what its owners say of it, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verifier._hub import RemoteModel
from verifier.formats.content import Content
from verifier.manifest import Manifest
from verifier.publishers import PublisherIndex
from verifier.reference import ModelReference
from verifier.registry.standing import Refusal, Standing
from verifier.snapshot import Reading, Snapshot

Readings = Mapping[str, Reading[Content]]


class Pickles(StrEnum):
    """What is made of a pickle-bearing file: refused as such, judged by what it does, or described."""

    REJECT = "reject"
    SCAN = "scan"
    DESCRIBE = "describe"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a verdict on files can rest on, fixed at `now`.

    `manifest` lists every file that may be there, as `listed_by` says it; `chosen` are those that must be. `snapshot`
    and `readings` are None as long as, or where, they were not taken; `unread` says why. `remote` is set where the
    Hub was asked, `fetched` where the files came from the endpoint just now; `again` is the command that brings the
    files anew. `pickles` and `frameworks` are the policy's: the tiers of the allowlist that it adds to the base.
    """

    now: datetime
    manifest: Manifest | None = None
    chosen: frozenset[str] = frozenset()
    set_name: str = "default"
    listed_by: str = ""
    snapshot: Snapshot | None = None
    readings: Readings | None = None
    unread: str = ""
    remote: RemoteModel | None = None
    fetched: bool = False
    again: str = ""
    pickles: Pickles = Pickles.REJECT
    frameworks: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ModelEvidence(Evidence):
    """The same for a model that was named.

    `asked` is what the person typed, `reference` the same at the commit that is judged. `standing` is None
    where the lock alone decides; `refusal` says why the model is neither approved nor locked. `locked_at` is set
    where the lock pins the model.
    """

    asked: ModelReference
    reference: ModelReference
    publishers: PublisherIndex
    known_models: frozenset[str]
    refusal: Refusal | None
    standing: Standing | None = None
    locked_at: datetime | None = None
