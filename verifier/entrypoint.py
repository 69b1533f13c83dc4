"""Verify models, then become a command that has sight of nothing else: what a container starts with.

    (1) what is meant: the models, where their files are, and what stands for them in COMMAND's words;
    (2) the registry, opened once for all of them; a demonstration is refused;
    (3) each model by the steps of `verify`, and who can still write on the way to its files;
    (4) if every one passed: the private cache, with links to the chosen sets' files, and the environment;
    (5) this process becomes COMMAND.

Under a policy that does not enforce nothing is sealed, whatever the verdict: COMMAND gets the caches that it would
have had, and only the tokens that could sign are taken away.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from verifier import writers
from verifier.digest import Watch
from verifier.errors import UndecidedError, UsageError
from verifier.evidence import ModelEvidence
from verifier.judge import conclude, undecided
from verifier.launch import environment, private_cache
from verifier.launch.private_cache import PrivateCache, VerifiedFile
from verifier.lockfile import Lock, read_lock
from verifier.lookup import open_registry, parse_reference
from verifier.policy import Policy
from verifier.reference import ModelReference
from verifier.registry.registry import Registry
from verifier.snapshot import is_directory
from verifier.verdict import Result, Verdict
from verifier.verify import find, read_listed

_PLACEHOLDER = re.compile(r"\{path(?::([^{}]+))?\}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model that COMMAND needs, and where its files are, if not in the Hub's cache."""

    reference: ModelReference
    path: Path | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on one model, and how long it took, in seconds; `files` are the chosen set's, where it passed."""

    verdict: Verdict
    seconds: float
    reference: ModelReference
    path: Path | None = None
    files: Mapping[str, VerifiedFile] | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """What the process will become. Without `cache` nothing was sealed: the policy does not enforce."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    cache: PrivateCache | None

    def become(self) -> NoReturn:
        """Replace this process by the command; raises `OSError` where it can't be started."""
        ignored = [number for number in (signal.SIGPIPE, signal.SIGXFSZ) if signal.getsignal(number) is signal.SIG_IGN]
        for number in ignored:  # Python's own choice, which the command would inherit
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execvpe(self.command[0], self.command, self.environment)  # noqa: S606 - what all this is for
        finally:
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)

    def abandon(self) -> None:
        """Take away what was made for the command."""
        if self.cache is not None:
            self.cache.remove()


def prepare(
    command: Sequence[str],
    references: Sequence[str],
    *,
    path: Path | None = None,
    lock: Path | None = None,
    policy: Policy | Path | str,
    set_name: str | None = None,
    cache_directory: Path | None = None,
    keep_token: bool = False,
    inherited: Mapping[str, str],
    watch: Watch | None = None,
    now: datetime | None = None,
) -> tuple[list[Answer], Launch | None]:
    """Verify every model that COMMAND needs; give the answers and, if it may start, what to become.

    `references` are `org/name[@commit]` or `org/name[@commit]=DIR`; none means all that the lock holds. `{path}` in
    COMMAND stands for the one model's directory, `{path:org/name}` for one of several. Raises `UsageError` for what
    can't be meant; what can't be decided is an answer.
    """
    now = now or datetime.now(UTC)
    policy = policy if isinstance(policy, Policy) else Policy.load(policy)
    locked = read_lock(lock) if lock is not None else None
    doubt, registry = None, None
    try:
        registry = open_registry(policy, locked, now)  # (2), before (1): it knows names that the Hub redirects
    except UndecidedError as error:
        doubt = error
    if registry is not None and registry.trust.demonstration:
        raise UsageError(
            f"the registry {registry.trust.registry!r} is a demonstration and approves nothing", "Name your own."
        )
    wanted = _wanted(references, path, locked, registry)  # (1)
    _check_words(command, wanted)
    if cache_directory is not None and not is_directory(cache_directory):
        raise UsageError(f"{str(cache_directory)!r} is not a directory", "Make it, or leave --cache-dir out.")
    answers = []
    for model in wanted:
        began = time.monotonic()
        try:
            if doubt is not None:
                raise doubt
            answer = _examine(model, registry, locked, policy, set_name, cache_directory, watch, now)  # (3)
        except UndecidedError as error:
            answer = Answer(undecided(error, str(model.reference), policy, now), 0.0, model.reference, model.path)
        answers.append(replace(answer, seconds=time.monotonic() - began))
    if not policy.enforced:
        return answers, _unsealed(command, answers, inherited)
    if not all(answer.verdict.result is Result.PASSED for answer in answers):
        return answers, None
    return answers, _sealed(command, answers, cache_directory, inherited, keep_token)  # (4)


def _wanted(
    references: Sequence[str], path: Path | None, lock: Lock | None, registry: Registry | None
) -> tuple[Wanted, ...]:
    """Read the references; without any, take the lock's."""
    if references:
        wanted = [_read(text, registry) for text in references]
    else:
        entries = lock.models if lock is not None else ()
        wanted = [Wanted(ModelReference.parse(f"{entry.model}@{entry.revision}"), None) for entry in entries]
    if not wanted:
        raise UsageError(
            "no model was named, so nothing would be verified",
            "model-verifier exec ORG/NAME -- COMMAND, or exec --lock models.lock -- COMMAND",
        )
    models = [item.reference.model for item in wanted]
    for model in models:
        if models.count(model) > 1:
            raise UsageError(f"{model} is asked for twice, and one id can open only one commit", "Name it once.")
    if path is not None:
        if len(wanted) > 1 or wanted[0].path is not None:
            raise UsageError("--path belongs to one model", "Write ORG/NAME=DIR for each.")
        wanted = [Wanted(wanted[0].reference, path)]
    return tuple(wanted)


def _read(text: str, registry: Registry | None) -> Wanted:
    reference, given, directory = text.partition("=")
    if given and not directory:
        raise UsageError(f"{text!r} ends where a directory should be named", "Write ORG/NAME=DIR.")
    return Wanted(parse_reference(reference, registry), Path(directory) if given else None)


def _check_words(command: Sequence[str], wanted: Sequence[Wanted]) -> None:
    """Refuse placeholders that stand for nothing before anything is read."""
    models = [item.reference.model for item in wanted]
    for model in (match[1] for word in command for match in _PLACEHOLDER.finditer(word)):
        if model is None and len(models) > 1:
            raise UsageError(
                "{path} could be any of several models", f"Write {{path:{models[0]}}} and the like in COMMAND."
            )
        if model is not None and model not in models:
            raise UsageError(f"{{path:{model}}} names no model that is verified", f"Known: {', '.join(models)}.")


def _examine(
    model: Wanted,
    registry: Registry | None,
    lock: Lock | None,
    policy: Policy,
    set_name: str | None,
    cache_directory: Path | None,
    watch: Watch | None,
    now: datetime,
) -> Answer:
    evidence, path = find(model.reference, registry, lock, policy, path=model.path, set_name=set_name, now=now)
    if evidence.snapshot is not None and evidence.manifest is not None:
        files = [evidence.snapshot.files[name].real_path for name in evidence.chosen & evidence.snapshot.files.keys()]
        links = cache_directory or private_cache.default_parent()
        try:
            evidence = replace(evidence, writers=writers.look(files, links))
        except OSError as error:
            raise UndecidedError(
                f"who can write to {error.filename!r} can't be told: {error.strerror}",
                "Check the permissions of the directories above it.",
                code="unreadable",
            ) from error
    evidence = read_listed(evidence, policy, all_findings=False, watch=watch)
    verdict = conclude(evidence, policy, registry, path)
    files_of = dict(_verified(evidence)) if verdict.result is Result.PASSED else None
    return Answer(verdict, 0.0, evidence.reference, path, files_of)


def _verified(evidence: ModelEvidence) -> Iterator[tuple[str, VerifiedFile]]:
    """Give the chosen set's files, each with the digest that was read and that the manifest holds."""
    if evidence.manifest is None or evidence.snapshot is None or not evidence.readings or evidence.writers is None:
        raise AssertionError("nothing passes without having been read")
    for path in sorted(evidence.chosen):
        digest = evidence.readings[path].digest
        if digest != evidence.manifest.files[path].digest:
            raise AssertionError(f"{path} passed with another digest than the manifest's")
        yield path, VerifiedFile(evidence.snapshot.files[path].real_path, digest)


def _sealed(
    command: Sequence[str],
    answers: Sequence[Answer],
    cache_directory: Path | None,
    inherited: Mapping[str, str],
    keep_token: bool,
) -> Launch:
    """Give COMMAND sight of the verified files and of nothing else."""
    parent = cache_directory or private_cache.default_parent()
    cache = private_cache.build(parent, {answer.reference: answer.files or {} for answer in answers})
    only = next(iter(cache.snapshots.values())) if len(cache.snapshots) == 1 else None
    words = tuple(_expanded(word, cache.snapshots) for word in command)
    return Launch(words, environment.sealed(inherited, cache.root, only, keep_token=keep_token), cache)


def _unsealed(command: Sequence[str], answers: Sequence[Answer], inherited: Mapping[str, str]) -> Launch:
    """Start COMMAND as it would have been started before, since nothing is enforced; without what could sign."""
    paths = {answer.reference.model: answer.path for answer in answers if answer.path is not None}
    words = tuple(_expanded(word, paths) for word in command)
    kept = environment.without_tokens(inherited, keep_token=True)
    if len(answers) == len(paths) == 1:
        kept[environment.MODEL_PATH] = str(*paths.values())
    return Launch(words, kept, None)


def _expanded(word: str, paths: Mapping[str, Path]) -> str:
    def replacement(match: re.Match[str]) -> str:
        if match[1] is None and len(paths) == 1:
            return str(next(iter(paths.values())))
        if match[1] in paths:
            return str(paths[match[1]])
        raise UsageError(f"where {match[0]} is was not found out", "Say where the files are: ORG/NAME=DIR.")

    return _PLACEHOLDER.sub(replacement, word)
