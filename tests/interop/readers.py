"""Ourselves, cosign and sigstore-go, asked the same question: did this identity sign these bytes?

The clients get files alone: no home, no cache of a trusted root, and no network where the system lets it be taken
away. Neither finds anything of the machine's to go by.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

from tests.fakes.sigstore import Instance
from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root

EVERYONE: Final = frozenset({"ours", "cosign", "sigstore-go"})
THE_CLIENTS: Final = frozenset({"cosign", "sigstore-go"})
NOBODY: Final[frozenset[str]] = frozenset()
DATA: Final = b"weights"
ADDRESS: Final = "approver@example.test"
FILES: Final = ("data", "bundle", "root")


@dataclass(frozen=True)
class Claim:
    """That an identity signed data, as a bundle says, to be judged under a trusted root."""

    data: bytes
    bundle: bytes
    root: bytes
    identity: str
    issuer: str

    @classmethod
    def made_by(cls, instance: Instance) -> Self:
        """Sign a little something."""
        return cls(DATA, instance.sign(DATA, ADDRESS), instance.trusted_root(), ADDRESS, instance.url)


@dataclass(frozen=True)
class Readers:
    """All three readers; `place` is a directory for the files that the clients are given."""

    place: Path
    cosign: Path
    sigstore_go: Path

    def accept(self, claim: Claim) -> set[str]:
        """Tell who accepts a claim."""
        return {reader for reader, complaint in self.answers(claim).items() if not complaint}

    def answers(self, claim: Claim) -> dict[str, str]:
        """Tell what each reader says: nothing where it accepts, else its complaint."""
        for name, content in zip(FILES, (claim.data, claim.bundle, claim.root), strict=True):
            (self.place / name).write_bytes(content)
        return {"ours": _ours(claim), "cosign": self._ask_cosign(claim), "sigstore-go": self._ask_sigstore_go(claim)}

    def left_behind(self) -> set[str]:
        """Tell what the clients wrote down, which should be nothing."""
        return {path.name for path in self.place.iterdir()} - set(FILES)

    def _ask_cosign(self, claim: Claim) -> str:
        expected = ("--certificate-identity", claim.identity, "--certificate-oidc-issuer", claim.issuer)
        question = ("verify-blob", "--bundle", "bundle", "--trusted-root", "root", *expected, "data")
        return self._run(self.cosign, *question, success="Verified OK")

    def _ask_sigstore_go(self, claim: Claim) -> str:
        expected = ("-expectedSAN", claim.identity, "-expectedIssuer", claim.issuer)
        question = ("-artifact", "data", "-trustedrootJSONpath", "root", *expected, "bundle")
        return self._run(self.sigstore_go, *question, success="Verification successful!")

    def _run(self, program: Path, *question: str, success: str) -> str:
        command: list[str | Path] = [*_without_network(), program, *question]
        done = subprocess.run(command, cwd=self.place, env={}, capture_output=True, text=True, timeout=60, check=False)
        answer = done.stdout + done.stderr
        assert (done.returncode, success in answer) in {(0, True), (1, False)}, answer
        return "" if done.returncode == 0 else answer


def _ours(claim: Claim) -> str:
    try:
        Root(claim.root).verify(claim.data, claim.bundle, ExpectedIdentity(claim.issuer, claim.identity))
    except BadSignatureError as error:
        return str(error)
    return ""


@cache
def _without_network() -> tuple[str, ...]:
    """Give the command that takes the network away, where there is one and it may."""
    unshare = shutil.which("unshare")
    command = (unshare, "--map-root-user", "--net", "--") if unshare else ()
    works = command and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    return command if works else ()
