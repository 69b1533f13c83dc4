"""A SLSA verification summary (slsa.dev/spec/v1.1/verification_summary) of a verdict: JSON that others can rely on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from verifier import __version__
from verifier.checkpoints.statement import STATEMENT, SUMMARY
from verifier.document import format_timestamp
from verifier.reference import is_path
from verifier.verdict import Verdict

VERIFIER = "https://model-verifier/verifier/v1"
LEVELS = {True: "MODEL_VERIFIER_SIGNED_CHECKPOINT", False: "MODEL_VERIFIER_APPROVED_MODEL"}
"""What a pass means, for a checkpoint and for a model; SLSA's own levels say something about builds."""
UNSIGNED = "nobody signed this summary: it is only as good as the place where it lies"


def summary(verdict: Verdict, *, signed: bool) -> bytes:
    """Write the in-toto statement about what was judged; one that will not be signed says so itself.

    The subject's digest is a tarball's, or the one of the list of files that the JSON report gives. A claim's digest
    is that of its line.
    """
    subject, policy = verdict.subject, verdict.policy
    if subject.manifest_digest is None or policy is None:
        raise ValueError("nothing was verified that could be summed up")
    name = subject.reference or subject.path or ""
    predicate: dict[str, Any] = {
        "verifier": {"id": VERIFIER, "version": {"model-verifier": __version__}},
        "timeVerified": format_timestamp(verdict.time),
        "resourceUri": f"pkg:huggingface/{name}"
        if subject.reference and not is_path(name)
        else f"file:{quote(name, errors='surrogateescape')}",
        "policy": {"uri": f"urn:model-verifier:policy:{policy.name}", "digest": {"sha256": policy.digest.hex}},
        "verificationResult": "PASSED" if verdict.exit_status == 0 and verdict.enforced else "FAILED",
        "verifiedLevels": [LEVELS[bool(verdict.signers)]],
        "slsaVersion": "1.1",
    }
    statement: dict[str, Any] = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": subject.manifest_digest.hex}}],
        "predicateType": SUMMARY,
        "predicate": predicate,
    }
    if verdict.attestations:
        predicate["inputAttestations"] = [
            {"uri": f"file:{quote(one.file, errors='surrogateescape')}", "digest": {"sha256": one.digest.hex}}
            for one in verdict.attestations
        ]
    if not signed:
        predicate["unsigned"] = UNSIGNED
    return json.dumps(statement, indent=None if signed else 2).encode() + b"\n"
