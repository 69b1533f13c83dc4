#!/usr/bin/env python3
"""Speaks the protocol of the model-signing conformance suite through our library.

What that suite wants and our own verbs refuse stands here: files that are left out by default (.git and its like),
extra files that are tolerated, a bundle inside the model, certificates without a timestamp. Run it as `pytest test/
--entrypoint .../tests/conformance/model_signing_client.py` in a checkout of the suite.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from verifier._sigstore.keys import verify_statement
from verifier._sigstore.own import OwnSigner
from verifier._sigstore.sign import Signer
from verifier._sigstore.verify import BadSignatureError, ExpectedIdentity, Root, WrongSignerError
from verifier.checkpoints import oms
from verifier.credential import Token
from verifier.digest import Digest
from verifier.document import DocumentError
from verifier.errors import UsageError, VerifierError
from verifier.snapshot import Snapshot, take
from verifier.terms import CertificateSigner, KeySigner

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.sigstore_client import CONFIG, ROOT, packaged, trust_config

LEFT_OUT = (".git", ".gitattributes", ".github", ".gitignore")


def listed(model: Path, ignored: Iterable[str]) -> dict[str, Path]:
    """The files of a model, a directory or one file, but those that are left out."""
    if model.is_file():
        return {model.name: model}
    snapshot: Snapshot = take(model)
    left_out = tuple(ignored)

    def is_left_out(path: str) -> bool:
        return any(path == item or path.startswith(f"{item}/") for item in left_out)

    for oddity in snapshot.oddities:
        if not is_left_out(oddity.path):
            raise UsageError(f"{oddity.path} is {oddity.problem}", "")
    return {path: entry.real_path for path, entry in snapshot.files.items() if not is_left_out(path)}


def ignored_in(options: argparse.Namespace, bundle: str, signed: Iterable[str] = ()) -> list[str]:
    """What is left out: by default, by the options, by the bundle itself, and as the signer says."""
    model = Path(options.model_path)
    paths = [Path(os.path.normpath(path)) for path in (*options.ignore_paths, bundle)]
    inside = [str(path.relative_to(model)) for path in paths if path.is_relative_to(model)]
    return sorted({*LEFT_OUT, *inside, *signed})


def sign(options: argparse.Namespace) -> None:
    model = Path(options.model_path)
    ignored = ignored_in(options, options.output_bundle)
    files = {path: Digest.of(place.read_bytes()) for path, place in listed(model, ignored).items()}
    if not files:
        raise UsageError("there is nothing to sign", "")
    now = datetime.now(UTC)
    payload = oms.write(model.name, files, name=None, at=now, ignored=ignored)
    signer: OwnSigner | Signer
    if options.method == "sigstore":
        root, config = (packaged(name, staging=options.use_staging) for name in (ROOT, CONFIG))
        signer = Signer(Token.parse(options.identity_token, now), trust_config(root, config))
    else:
        certificates = [options.signing_cert] if options.signing_cert else []
        chain = b"".join(Path(path).read_bytes() for path in certificates + options.cert_chain)
        signer = OwnSigner(Path(options.private_key).read_bytes(), now=now, chain=chain)
    Path(options.output_bundle).write_bytes(signer.sign_statement(payload))


def verify(options: argparse.Namespace) -> None:
    raw = Path(options.bundle).read_bytes()
    signed = oms.read(payload_of(options, raw))
    model = Path(options.model_path)
    found = listed(model, ignored_in(options, options.bundle, signed.ignored))
    for path, shards in signed.files.items():
        if path not in found:
            raise BadSignatureError(f"{path} is not there")
        data = found[path].read_bytes()
        for shard in shards:
            part = data[shard.start : shard.end]
            if hashlib.new(signed.algorithm, part).hexdigest() != shard.digest:
                raise BadSignatureError(f"{path} is not the file that was signed")
        if shards[-1].end not in (None, len(data)):
            raise BadSignatureError(f"{path} is longer than what was signed")
    extra = found.keys() - signed.files.keys()
    if extra and not options.ignore_unsigned_files:
        raise BadSignatureError(f"{min(extra)} was not signed")


def payload_of(options: argparse.Namespace, raw: bytes) -> bytes:
    if options.method == "sigstore":
        expected = ExpectedIdentity(options.identity_provider, options.identity)
        return Root(packaged(ROOT, staging=options.use_staging)).verify_statement(raw, expected).payload
    if options.method == "key":
        return verify_statement(raw, KeySigner(Path(options.public_key).read_bytes(), options.public_key)).payload
    chain = b"".join(Path(path).read_bytes() for path in options.cert_chain)
    now = datetime.now(UTC)
    try:
        return verify_statement(raw, CertificateSigner(chain, "", b""), now).payload
    except WrongSignerError as error:  # the suite expects no subject: whoever the authorities vouch for
        return verify_statement(raw, CertificateSigner(chain, error.found.identity, b""), now).payload


def main() -> int:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    for name, run in (("sign-model", sign), ("verify-model", verify)):
        verb = verbs.add_parser(name)
        verb.set_defaults(run=run)
        verb.add_argument("--method", choices=["key", "certificate", "sigstore"], required=True)
        verb.add_argument("--model-path", required=True)
        for option in ("--output-bundle", "--bundle", "--private-key", "--public-key", "--signing-cert"):
            verb.add_argument(option)
        for option in ("--identity", "--identity-provider", "--identity-token"):
            verb.add_argument(option, default="")
        for option in ("--cert-chain", "--ignore-paths"):
            verb.add_argument(option, action="append", default=[])
        for flag in ("--ignore-unsigned-files", "--use-staging"):
            verb.add_argument(flag, action="store_true")
    options = parser.parse_args()
    try:
        options.run(options)
    except (BadSignatureError, DocumentError, VerifierError, ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
