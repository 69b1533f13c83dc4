"""A training run that signs checkpoints, and the policies that deploy them: the world that tests break in one place."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.sigstore import Instance
from verifier.attest import attest
from verifier.checkpoints.beside import BUNDLE, CLAIMS, beside
from verifier.digest import Digest
from verifier.policy import Policy
from verifier.sign import Signed, sign
from verifier.verdict import Verdict
from verifier.verify_checkpoint import verify_checkpoint

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
NAME = "acme/support-agent"
WORKFLOW = "https://github.com/acme/train/.github/workflows/train.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
CLAIMS_OF_WORKFLOW = {
    "event_name": "push",
    "ref": "refs/heads/main",
    "repository_id": "123",
    "repository_owner_id": "456",
}


@dataclass(frozen=True)
class Identity:
    """Whom a certificate will name."""

    issuer: str
    identity: str

    def __str__(self) -> str:
        return f"{self.identity} (by {self.issuer})"


class InProcessSigner:
    """Signs by the fake instance without any HTTP; `how` goes to it (at, claims)."""

    def __init__(self, instance: Instance, identity: str = WORKFLOW, issuer: str = ISSUER, **how: Any) -> None:
        self.instance, self.identity, self.how = instance, Identity(issuer, identity), how

    def sign_digest(self, digest: Digest) -> bytes:
        who = self.identity
        return self.instance.sign_digest(bytes.fromhex(digest.hex), who.identity, issuer=who.issuer, **self.how)

    def sign_statement(self, payload: bytes) -> bytes:
        who = self.identity
        return self.instance.sign_dsse(payload, who.identity, issuer=who.issuer, **self.how)


class Training:
    """A directory with a checkpoint `run-17` in it, an instance, and the workflow that signs."""

    def __init__(self, root: Path, checkpoint: Path, *, now: datetime = NOW, instance: Instance | None = None) -> None:
        self.root, self.checkpoint, self.now = root, checkpoint, now
        self.instance = instance or Instance(clock=lambda: self.now, start=now - timedelta(days=1_000))
        (root / "trusted_root.json").write_bytes(self.instance.trusted_root())

    @property
    def bundle(self) -> Path:
        return beside(self.checkpoint, BUNDLE)

    @property
    def claims(self) -> Path:
        return beside(self.checkpoint, CLAIMS)

    def signer(self, identity: str = WORKFLOW, issuer: str = ISSUER, **how: Any) -> InProcessSigner:
        """Give a signer; without `how` it is the workflow of the right repository."""
        return InProcessSigner(self.instance, identity, issuer, **(how or CLAIMS_OF_WORKFLOW))

    def sign(self, path: Path | None = None, *, signer: InProcessSigner | None = None, **options: Any) -> Signed:
        """Sign the checkpoint as the pipeline does."""
        options.setdefault("name", NAME)
        options.setdefault("now", self.now)
        return sign(path or self.checkpoint, lambda: signer or self.signer(), **options)

    def attest(
        self, type_: str, predicate: object, *, signer: InProcessSigner | None = None, now: datetime | None = None
    ) -> None:
        """Add a claim that says that it is made now."""
        file = self.root / "predicate.json"
        file.write_text(json.dumps(predicate))
        attest(self.checkpoint, type_, file, lambda: signer or self.signer(), now=now or self.now)

    def policy(
        self,
        *,
        identity: str = WORKFLOW,
        issuer: str = ISSUER,
        checkpoint: Iterable[str] = (f'name = "{NAME}"', "max_age_days = 30"),
        signer: Iterable[str] = ("repository_id = 123",),
        more: str = "",
    ) -> Policy:
        """Load a policy that deploys what the workflow signed; `checkpoint` and `signer` are lines of those tables."""
        path = self.root / "deploy.toml"
        path.write_text(
            "\n".join(
                [
                    'schema = "model-verifier/policy/v1"',
                    'name = "acme"',
                    'extends = "deploy"',
                    "[checkpoint]",
                    *checkpoint,
                    "[[signers]]",
                    'root = "trusted_root.json"',
                    f'issuer = "{issuer}"',
                    f'identity = "{identity}"',
                    *signer,
                    more,
                    "",
                ]
            )
        )
        return Policy.load(path)

    def verify(self, path: Path | None = None, **options: Any) -> Verdict:
        """Verify the checkpoint as the deploy pipeline does."""
        options.setdefault("policy", self.policy())
        options.setdefault("now", self.now)
        return verify_checkpoint(path or self.checkpoint, **options)
