"""Are these bytes the approved (or locked) ones?

(1) the reference;  (2) what the registry or the lock says of it;  (3) the files that are there;
(4) the closed set: sizes, names, links, extras;  (5) the bytes, hashed and then looked at;
(6) every check's outcome, by the policy;  (7) the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from verifier import cache
from verifier.digest import Digest, Watch
from verifier.errors import UsageError
from verifier.evidence import ModelEvidence
from verifier.judge import conclude, denied_before_reading
from verifier.lockfile import Lock, read_lock
from verifier.lookup import open_registry, parse_reference, stand
from verifier.policy import Policy
from verifier.reading import read_listed_files
from verifier.reference import ModelReference, is_path
from verifier.registry.registry import Registry
from verifier.snapshot import take
from verifier.terms import ExpectedSigner
from verifier.verdict import Verdict
from verifier.verify_checkpoint import verify_checkpoint


def verify(
    reference_or_path: ModelReference | Path | str,
    *,
    path: Path | None = None,
    lock: Path | None = None,
    policy: Policy | Path | str,
    offline: bool = False,
    set_name: str | None = None,
    bundle: Path | None = None,
    digest: Digest | str | None = None,
    signer: ExpectedSigner | None = None,
    extract: Path | None = None,
    all_findings: bool = False,
    watch: Watch | None = None,
    workers: int | None = None,
    now: datetime | None = None,
) -> Verdict:
    """Verify the model's files against the policy's registry, or against a lock; or a checkpoint by its signature.

    A reference names a model; its files are those in the directory `path`, or else the snapshot in the Hub's cache.
    A path names a checkpoint: `bundle`, `digest` and `signer` are `verify_checkpoint`'s, as are all the others
    but `lock`.

    `policy` may name a file or a shipped policy. `all_findings` goes on to hash where the closed set already
    fails. `now` (UTC) is the time of judgement. The network is asked for a registry behind a
    URL only, and with `offline` not even for that.

    Raises only `verifier.errors`: `UsageError` for what can't be meant, `UndecidedError` where the registry or
    the files can't be read or believed; never because the artifact is bad, which is the verdict's to say.
    """
    now = now or datetime.now(UTC)
    policy = policy if isinstance(policy, Policy) else Policy.load(policy)
    if isinstance(reference_or_path, Path) or (isinstance(reference_or_path, str) and is_path(reference_or_path)):
        what = f"{str(reference_or_path)!r} is a path, so it names a checkpoint"
        _refuse(
            {"path": path, "lock": lock, "set": set_name},
            what,
            "For a model: model-verifier verify ORG/NAME --path DIR.",
        )
        return verify_checkpoint(
            Path(reference_or_path),
            policy=policy,
            bundle=bundle,
            digest=Digest.parse(digest) if isinstance(digest, str) else digest,
            signer=signer,
            extract=extract,
            all_findings=all_findings,
            watch=watch,
            workers=workers,
            now=now,
        )
    what = f"{str(reference_or_path)!r} names a model"
    given = {"bundle": bundle, "digest": digest, "extract": extract, "key or --certificate-chain": signer}
    _refuse(given, what, "A checkpoint is named by a path: ./NAME.")
    locked = read_lock(lock) if lock is not None else None
    registry = open_registry(policy, locked, now, offline=offline)
    asked = parse_reference(reference_or_path, registry)  # (1)
    evidence, path = find(asked, registry, locked, policy, path=path, set_name=set_name, now=now)
    evidence = read_listed(evidence, policy, all_findings=all_findings, watch=watch, workers=workers)  # (4), (5)
    return conclude(evidence, policy, registry, path)  # (6), (7)


def find(
    asked: ModelReference,
    registry: Registry | None,
    lock: Lock | None,
    policy: Policy,
    *,
    path: Path | None,
    set_name: str | None,
    now: datetime,
) -> tuple[ModelEvidence, Path | None]:
    """Gather what is known of the model and where its files are; nothing is read yet."""
    evidence = stand(asked, registry, lock, policy, set_name, now, in_cache=path is None)  # (2)
    if path is None and evidence.manifest is not None:
        path = cache.find(evidence.reference)
    if path is not None:
        evidence = replace(evidence, snapshot=take(path), cached_as=cache.model_of(path))  # (3)
    return evidence, path


def _refuse(options: Mapping[str, object], what: str, remedy: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{what}; --{name} means nothing beside it", remedy)


def read_listed(
    evidence: ModelEvidence, policy: Policy, *, all_findings: bool, watch: Watch | None, workers: int | None = None
) -> ModelEvidence:
    """Read the listed files, unless what is known without reading them already denies."""
    if evidence.manifest is None or evidence.snapshot is None:
        return evidence
    if not all_findings and denied_before_reading(evidence, policy):
        return replace(
            evidence, unread="the files were not read, since this already denies; verify --all-findings reads them"
        )
    return replace(evidence, readings=read_listed_files(evidence.snapshot, evidence.manifest, watch, workers))
