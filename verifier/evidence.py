"""What the checks are given: files and what was read of them; a model, with its owners' word; a change to source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from verifier._hub import RemoteModel, RemotePublisher
from verifier.checkpoints.beside import Stranger, Unproven
from verifier.checkpoints.claims import Lacking
from verifier.digest import Digest
from verifier.formats.content import Content
from verifier.manifest import Manifest
from verifier.publishers import PublisherIndex
from verifier.reference import ModelReference
from verifier.references import Mention, Pragma
from verifier.registry.standing import Refusal, Standing
from verifier.signature import Signature
from verifier.snapshot import Reading, Snapshot
from verifier.terms import Terms
from verifier.writers import Writers

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
    files anew. `writers` is set where the files are handed on to a command. `pickles` and `frameworks` are the
    policy's: the tiers of the allowlist that it adds to the base.
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
    writers: Writers | None = None
    pickles: Pickles = Pickles.REJECT
    frameworks: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ModelEvidence(Evidence):
    """The same for a model that was named.

    `asked` is what the person typed, `reference` the same at the commit that is judged. `standing` is None
    where the lock alone decides; `refusal` says why the model is neither approved nor locked. `locked_at` is set
    where the lock pins the model. `remote_publisher` is set where the Hub was asked about the publisher,
    `commit_lost` where it knows the model and not the commit, `cached_as` where the files lie in a Hub cache, under
    that id.
    """

    asked: ModelReference
    reference: ModelReference
    publishers: PublisherIndex
    known_models: frozenset[str]
    refusal: Refusal | None
    standing: Standing | None = None
    locked_at: datetime | None = None
    remote_publisher: RemotePublisher | None = None
    commit_lost: bool = False
    cached_as: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A mention of a model, or of a switch beside one, in a file of the change."""

    path: str
    mention: Mention


@dataclass(frozen=True, slots=True)
class Named:
    """A model that the change names, and what is known of it; a `refusal` where it is no id that can be looked up."""

    place: Place
    model: ModelEvidence | None
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeEvidence(Evidence):
    """What a change to source adds: models by name, places that can't be followed, switches, suppressions.

    `unseen` holds the files that were not read, with the reason.
    """

    named: tuple[Named, ...] = ()
    unresolved: tuple[Place, ...] = ()
    switches: tuple[Place, ...] = ()
    pragmas: tuple[tuple[str, Pragma], ...] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CheckpointEvidence(Evidence):
    """The same for a checkpoint that was signed where it was trained.

    `signed_by` is the one of the policy's signers who signed, or why none did; `names` are those that this signer
    gives the checkpoint. `digest` is what `pinned` (`--digest`) is compared with: the manifest's, or the tarball's as
    it was signed; `tarball_digest` is the tarball's as it was read. `lacking` are required claims that are not there,
    `claims` the digests of those that counted, `bases` how the models stand in the registry that it was trained from:
    None where the policy does not ask, a reason where nobody says which they are.
    """

    terms: Terms
    signed_by: Signature | Stranger | Unproven
    names: tuple[str, ...] = ()
    digest: Digest | None = None
    pinned: Digest | None = None
    tarball_digest: Digest | None = None
    lacking: tuple[Lacking, ...] = ()
    claims: tuple[Digest, ...] = ()
    bases: Mapping[str, Standing] | str | None = None
