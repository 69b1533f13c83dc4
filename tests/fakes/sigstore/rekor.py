"""The transparency log: a Merkle tree whose head is signed as a checkpoint.

Rekor v1 signs with P-256 and adds an inclusion promise with a time; v2 signs with Ed25519 and knows no time.
Checkpoints: the C2SP `tlog-checkpoint` and `signed-note` specifications.
"""

import hashlib
import secrets
import threading
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import rfc8785
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.sigstore.encoding import b64
from tests.fakes.sigstore.entries import EntryBody
from tests.fakes.sigstore.faults import Fault
from tests.fakes.sigstore.keys import ED25519, P256, ecdsa, new_key, spki
from tests.fakes.sigstore.merkle import Tree, leaf_hash

RekorVersion = Literal[1, 2]
_ED25519_NOTE = b"\x01"
_EARLIER_ENTRIES = 5
_LATENESS = timedelta(hours=1)


@dataclass(frozen=True)
class Promise:
    """Rekor v1's signed word that an entry was integrated at a time, in Unix seconds."""

    integrated_time: int
    signature: bytes


@dataclass(frozen=True)
class LogEntry:
    """An entry with the proof that it is in the tree of `size` leaves."""

    log_id: bytes
    body: EntryBody
    index: int
    size: int
    root: bytes
    path: tuple[bytes, ...]
    checkpoint: str
    promise: Promise | None

    def to_bundle(self) -> dict[str, Any]:
        """The entry as bundles have it, and as Rekor v2 answers: protobuf's JSON form."""
        entry: dict[str, Any] = {
            "logIndex": str(self.index),
            "logId": {"keyId": b64(self.log_id)},
            "kindVersion": {"kind": self.body.kind, "version": self.body.version},
            "inclusionProof": {
                "logIndex": str(self.index),
                "rootHash": b64(self.root),
                "treeSize": str(self.size),
                "hashes": [b64(node) for node in self.path],
                "checkpoint": {"envelope": self.checkpoint},
            },
            "canonicalizedBody": b64(self.body.canonical),
        }
        if self.promise is not None:
            entry["integratedTime"] = str(self.promise.integrated_time)
            entry["inclusionPromise"] = {"signedEntryTimestamp": b64(self.promise.signature)}
        return entry

    def to_v1_answer(self) -> dict[str, Any]:
        """The entry as Rekor v1's API gives it; it must have a promise."""
        if self.promise is None:
            raise ValueError("not an entry of a Rekor v1 log")
        verification = {
            "inclusionProof": {
                "checkpoint": self.checkpoint,
                "hashes": [node.hex() for node in self.path],
                "logIndex": self.index,
                "rootHash": self.root.hex(),
                "treeSize": self.size,
            },
            "signedEntryTimestamp": b64(self.promise.signature),
        }
        promised = _promised(self.body, self.promise.integrated_time, self.log_id, self.index)
        return promised | {"verification": verification}


class Log:
    """One log of one version; `host` is the name in its checkpoints' origin."""

    def __init__(self, version: RekorVersion, host: str, faults: Set[Fault]) -> None:
        self.version = version
        self._faults = faults
        self._host = host
        self._lock = threading.Lock()
        self._tree = Tree()
        for n in range(_EARLIER_ENTRIES):
            self._tree.append(leaf_hash(b"an earlier entry, number %d" % n))
        self._key = new_key() if version == 1 else ed25519.Ed25519PrivateKey.generate()
        self.public_key = spki(self._key.public_key())
        self.key_details = P256 if version == 1 else ED25519
        self.tree_id = secrets.randbits(62)
        self.log_id = self._log_id()

    def append(self, body: EntryBody, at: datetime) -> LogEntry:
        """Add an entry, integrated at `at`."""
        with self._lock:
            index = self._tree.append(leaf_hash(body.canonical))
            size = len(self._tree)
            root = self._tree.root(size)
            path = self._tree.inclusion_proof(index, size)
            earlier_root = self._tree.root(size - 1)
        checkpoint = self._checkpoint(size, root)
        if Fault.STALE_CHECKPOINT in self._faults:
            checkpoint = self._checkpoint(size - 1, earlier_root)
        if Fault.WRONG_CHECKPOINT_SIZE in self._faults:
            checkpoint = self._checkpoint(size + 1, root)
        if Fault.WRONG_INCLUSION_PROOF in self._faults:
            path[0] = bytes([path[0][0] ^ 1]) + path[0][1:]
        promise = self._promise(body, at, index) if self.version == 1 else None
        return LogEntry(self.log_id, body, index, size, root, tuple(path), checkpoint, promise)

    def _promise(self, body: EntryBody, at: datetime, index: int) -> Promise:
        time = int((at + _LATENESS if Fault.LATE_INTEGRATION in self._faults else at).timestamp())
        signed_time = time + 1 if Fault.BAD_SET in self._faults else time
        signed = rfc8785.dumps(_promised(body, signed_time, self.log_id, index))
        return Promise(time, self._sign(signed))

    def _checkpoint(self, size: int, root: bytes) -> str:
        origin = f"{self._host} - {self.tree_id}" if self.version == 1 else self._host
        note = f"{origin}\n{size}\n{b64(root)}\n"
        signature = b64(self.log_id[:4] + self._sign(note.encode()))
        return f"{note}\n\N{EM DASH} {self._host} {signature}\n"

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return ecdsa(self._key, data)

    def _log_id(self) -> bytes:
        """v1 hashes the key; v2 hashes name, algorithm and key, as `signed-note` makes key identifiers."""
        if self.version == 1:
            return hashlib.sha256(self.public_key).digest()
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return hashlib.sha256(self._host.encode() + b"\n" + _ED25519_NOTE + raw).digest()


def _promised(body: EntryBody, integrated_time: int, log_id: bytes, index: int) -> dict[str, Any]:
    """The part of a v1 entry that its signed entry timestamp covers."""
    return {
        "body": b64(body.canonical),
        "integratedTime": integrated_time,
        "logID": log_id.hex(),
        "logIndex": index,
    }
