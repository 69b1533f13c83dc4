#!/usr/bin/env python3
"""Speaks the protocol of the Sigstore conformance suite (its `docs/cli_protocol.md`) through our library.

`PATH=$PWD/.venv/bin:$PATH pytest test --entrypoint .../tests/conformance/sigstore_client.py` in a checkout of
github.com/sigstore/sigstore-conformance.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from verifier._sigstore.keys import verify_digest, verify_statement
from verifier._sigstore.sign import Signer, TrustConfig
from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root
from verifier.checkpoints.statement import read_statement
from verifier.credential import Token
from verifier.digest import Digest, digest_files
from verifier.errors import VerifierError
from verifier.terms import KeySigner

ROOT, CONFIG = "trusted_root.json", "signing_config.v0.2.json"


def packaged(name: str, *, staging: bool) -> bytes:
    """The trusted root or signing config of a public instance, as sigstore-python carries it."""
    host = "https%3A%2F%2Ftuf-repo-cdn.sigstage.dev" if staging else "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
    return files("sigstore._store").joinpath(host, name).read_bytes()


def trust_config(root: bytes, signing_config: bytes) -> TrustConfig:
    """Both documents in the one that describes an instance."""
    document = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(root),
        "signingConfig": json.loads(signing_config),
    }
    return TrustConfig(json.dumps(document).encode())


def sign(options: argparse.Namespace) -> None:
    root = read(options.trusted_root) or packaged(ROOT, staging=options.staging)
    config = trust_config(root, read(options.signing_config) or packaged(CONFIG, staging=options.staging))
    signer = Signer(Token.parse(options.identity_token, datetime.now(UTC)), config)
    data = Path(options.artifact).read_bytes()
    made = signer.sign_statement(data) if options.in_toto else signer.sign_digest(Digest.of(data))
    Path(options.bundle).write_bytes(made)


def verify(options: argparse.Namespace) -> None:
    raw = Path(options.bundle).read_bytes()
    root = read(options.trusted_root) or packaged(ROOT, staging=options.staging)
    digest = digest_of(options.artifact)
    is_statement = "dsseEnvelope" in json.loads(raw)
    if options.key:
        signer = KeySigner(Path(options.key).read_bytes(), options.key, root)
        payload = verify_statement(raw, signer).payload if is_statement else b""
        if not is_statement:
            verify_digest(raw, digest, signer)
    else:
        expected = ExpectedIdentity(options.certificate_oidc_issuer, options.certificate_identity)
        payload = Root(root).verify_statement(raw, expected).payload if is_statement else b""
        if not is_statement:
            Root(root).verify(digest, raw, expected)
    if is_statement:
        subjects = [entry.digest.get("sha256") for entry in read_statement(payload).subject]
        if digest.hex not in subjects:
            raise BadSignatureError("the statement is about other files")


def digest_of(text: str) -> Digest:
    path = Path(text)
    if re.fullmatch(r"sha256:[0-9a-f]{64}", text) and not path.exists():
        return Digest.parse(text)
    return digest_files([path])[path]


def read(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None


def main() -> int:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    for name, run in (("sign-bundle", sign), ("verify-bundle", verify)):
        verb = verbs.add_parser(name)
        verb.set_defaults(run=run)
        for flag in ("--staging", "--in-toto"):
            verb.add_argument(flag, action="store_true")
        for option in ("--identity-token", "--bundle", "--trusted-root", "--signing-config", "--key"):
            verb.add_argument(option)
        for option in ("--certificate-identity", "--certificate-oidc-issuer"):
            verb.add_argument(option, default="")
        verb.add_argument("artifact")
    options = parser.parse_args()
    try:
        options.run(options)
    except (BadSignatureError, VerifierError, ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
