"""A registry in a directory, signed by a fake Sigstore: the world that tests break in one place at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.sigstore import Instance
from verifier.digest import Digest
from verifier.document import Document, parse, to_bytes
from verifier.governance.head import head_of
from verifier.policy import Policy
from verifier.registry.documents import Approval, FileEntry, Head, Revocation, RoleRule, Signer, Trust, TrustRules
from verifier.registry.records import record_path
from verifier.registry.registry import Registry
from verifier.registry.standing import Revoked
from verifier.registry.store import DirectoryStore
from verifier.verdict import Verdict
from verifier.verify import verify

PEOPLE = ("alice", "bob", "carol")
CI = "https://forge.test/acme/models/.forge/workflows/publish.yml@refs/heads/main"
NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


def commit_of(seed: str) -> str:
    """Make up a commit."""
    return hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()


class FakeRegistry:
    """Three people of whom two approve, one may revoke, and CI publishes; every part can be changed or forged.

    `put` writes any bytes and any signatures; the other methods make what an honest registry would hold.
    """

    def __init__(
        self,
        root: Path,
        *,
        name: str = "acme",
        now: datetime = NOW,
        sigstore: Instance | None = None,
        trusted_root: bytes | None = None,
        rules: TrustRules | None = None,
        domain: str = "acme.test",
        **trust: Any,
    ) -> None:
        self.root, self.name, self.now, self.domain = root, name, now, domain
        self.sigstore = sigstore or Instance(
            clock=lambda: self.now, start=now - timedelta(days=4_000), lifetime=timedelta(days=12_000)
        )
        self.trusted_root = trusted_root or self.sigstore.trusted_root()
        self.root_digest = hashlib.sha256(self.trusted_root).hexdigest()
        self.trust = Trust.model_validate(
            {
                "schema": "model-verifier/trust/v1",
                "registry": name,
                "version": 1,
                "expires": now + timedelta(days=365),
                "trusted_roots": (self.root_digest,),
                "principals": {person: (self.signer(person),) for person in (*PEOPLE, "ci")},
                "roles": {
                    "trust": RoleRule(threshold=2, principals=PEOPLE),
                    "approve": RoleRule(threshold=2, principals=PEOPLE),
                    "revoke": RoleRule(threshold=1, principals=PEOPLE),
                    "publish": RoleRule(threshold=1, principals=("ci",)),
                },
                "rules": rules or TrustRules(),
            }
            | trust
        )
        self.put(f"roots/{self.root_digest}.json", self.trusted_root)
        self.trust_digest = Digest.of(self.put("trust/1.json", self.trust))
        self.version = 0

    def identity(self, principal: str) -> str:
        """Give the identity in a principal's certificate."""
        return CI if principal == "ci" else f"{principal}@{self.domain}"

    def signer(self, principal: str, **changes: Any) -> Signer:
        """Give a principal's signer, as the trust file holds it."""
        values = {"root": self.root_digest, "issuer": self.sigstore.url, "identity": self.identity(principal)}
        return Signer.model_validate(values | changes)

    def sign(self, data: bytes, principal: str, **how: Any) -> bytes:
        """Make a principal's bundle over `data`; `how` goes to the fake Sigstore (at, issuer, claims)."""
        return self.sigstore.sign(data, self.identity(principal), **how)

    def put(self, path: str, content: bytes | Document, signers: Iterable[str] = (), **how: Any) -> bytes:
        """Write a file, sign it by principals, and give its bytes."""
        data = content if isinstance(content, bytes) else to_bytes(content)
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        for principal in signers:
            self.put_bundle(path, principal, self.sign(data, principal, **how))
        return data

    def put_bundle(self, path: str, principal: str, bundle: bytes) -> None:
        """Lay any bundle where a principal's signature of `path` is looked for."""
        target = (self.root / path).with_suffix(".sigs") / f"{principal}.sigstore.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(bundle)

    def approve(
        self,
        model: str,
        directory: Path,
        *,
        revision: str = "",
        signers: Iterable[str] = ("alice", "bob"),
        **changes: Any,
    ) -> Approval:
        """Write a record of the files in `directory`; `changes` replace fields of the approval before it is signed."""
        revision = revision or commit_of(model)
        files = {str(path.relative_to(directory)): path for path in sorted(directory.rglob("*")) if path.is_file()}
        values = {
            "schema": "model-verifier/approval/v1",
            "registry": self.name,
            "model": model,
            "revision": revision,
            "requested_by": "dave",
            "reason": "for a test",
            "valid_until": self.now + timedelta(days=300),
            "files": {
                name: FileEntry(sha256=Digest.of(path.read_bytes()).hex, size=path.stat().st_size)
                for name, path in files.items()
            },
            "sets": {"default": tuple(files)},
        }
        approval = Approval.model_validate(values | changes)
        self.put(record_path(model, revision), approval, signers)
        return approval

    def revoke(self, name: str, *, signers: Iterable[str] = ("alice",), **keys: Any) -> str:
        """Write a revocation and give its digest."""
        values: dict[str, Any] = {
            "schema": "model-verifier/revocation/v1",
            "registry": self.name,
            "reason": "a test says so",
            "revoked_at": self.now,
        }
        return str(Digest.of(self.put(f"revocations/{name}.json", Revocation.model_validate(values | keys), signers)))

    def publish(self, *, signers: Iterable[str] = ("ci",), **changes: Any) -> Head:
        """Write the next head over what lies in the registry; `changes` replace its fields before it is signed."""
        self.version += 1
        records = {
            f"{path.parent.parent.name}/{path.parent.name}@{path.stem}": str(Digest.of(path.read_bytes()))
            for path in self.root.glob("models/*/*/*.json")
        }
        revoked = [
            Revoked(str(Digest.of(raw)), parse(raw, Revocation))
            for raw in (path.read_bytes() for path in self.root.glob("revocations/*.json"))
        ]
        ends = self.now + timedelta(days=14)
        head = head_of(self.trust, records, revoked, version=self.version, issued=self.now, expires=ends)
        head = Head.model_validate(head.model_dump(by_alias=True) | changes)
        self.put("head.json", head, signers)
        return head

    def change_trust(self, **changes: Any) -> None:
        """Start over with another first trust file, and pin that one."""
        self.trust = Trust.model_validate(self.trust.model_dump(by_alias=True) | changes)
        self.trust_digest = Digest.of(self.put("trust/1.json", self.trust))

    def next_trust(self, *, signers: Iterable[str] = ("alice", "bob"), **changes: Any) -> Trust:
        """Write the next trust file."""
        values = self.trust.model_dump(by_alias=True) | {"version": self.trust.version + 1} | changes
        self.trust = Trust.model_validate(values)
        self.put(f"trust/{self.trust.version}.json", self.trust, signers)
        return self.trust

    def policy(self, **changes: Any) -> Policy:
        """Give a policy that starts from this registry's first trust file."""
        values: dict[str, Any] = {
            "name": "test",
            "digest": Digest.of(b"test"),
            "registry_source": self.root,
            "trust_digest": self.trust_digest,
        }
        return Policy(**(values | changes))

    def open(self, *, now: datetime | None = None, **options: Any) -> Registry:
        """Open it as a reader does, from its first trust file; `options` go to `Registry`."""
        return Registry(DirectoryStore(self.root), self.trust_digest, now or self.now, **options)

    def verify(self, reference: str, path: Path, *, now: datetime | None = None, **options: Any) -> Verdict:
        """Verify a model's directory against this registry."""
        options.setdefault("policy", self.policy())
        return verify(reference, path=path, now=now or self.now, **options)


def rules_of(verdict: Verdict) -> set[str]:
    """Give the rules that deny in a verdict."""
    return {judged.finding.rule for judged in verdict.findings() if judged.effect == "deny"}
