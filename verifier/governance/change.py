"""What a change may do to a registry: add what is signed, renew, approve anew. Nothing that counts may vanish.

The change is the difference between a commit's tree and the files in the directory, whatever the commits between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from verifier import limits
from verifier._git import Repository, TreeEntry
from verifier.digest import Digest
from verifier.document import DocumentError, parse
from verifier.errors import UndecidedError, UsageError
from verifier.governance.home import Home, signatures_directory
from verifier.registry.documents import Approval, Head
from verifier.registry.head import PATH, read_head
from verifier.registry.standing import Standing

_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*"
_RECORD = re.compile(rf"models/({_NAME})/({_NAME})/([0-9a-f]{{40}})\.json")
_PLACES = re.compile(
    rf"(models/{_NAME}/{_NAME}/[0-9a-f]{{40}}|revocations/{_NAME}|trust/[0-9]+|head)"
    rf"(\.json|\.sigs/{_NAME}(\.sigstore\.json|\.unchecked))|roots/[0-9a-f]{{64}}\.json"
)
"""Every path that a registry has."""
_SIGNATURES = (".sigstore.json", ".unchecked")


@dataclass(frozen=True)
class Change:
    """The registry's files before and now, at two commits, by their paths in the registry.

    `before` and `now` hold the bytes of those that differ, `paths_before` and `paths_now` name all; `links` are those
    that are no plain files now. `context` holds the trust files, changed or not.
    """

    before: Mapping[str, bytes]
    now: Mapping[str, bytes]
    paths_before: frozenset[str]
    paths_now: frozenset[str]
    links: tuple[str, ...] = ()
    context: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def since(cls, home: Home, base: str) -> Change:
        """Compare HEAD, which has to be what lies in the directory, with what it has in common with `base`.

        Raises `UsageError` where the directory is in no checkout or is not HEAD's, or `base` is no commit;
        `UndecidedError` for what can't be read.
        """
        repository = Repository(home.root)
        change = cls.between(home, repository.merge_base(base, "HEAD"), "HEAD")
        for path, data in change.now.items():
            if home.store.read(path, limits.MAX_HEAD) != data:
                raise UsageError(f"{path} is not as it was committed", "Commit it first; a commit is judged.")
        return change

    @classmethod
    def between(cls, home: Home, old: str, new: str) -> Change:
        """Compare two commits of the checkout that holds the registry. Raises as `since`."""
        repository, prefix = checkout_of(home)
        before, now = _tree(repository, old, prefix), _tree(repository, new, prefix)
        changed = {path for path in before.keys() | now.keys() if _facts(before.get(path)) != _facts(now.get(path))}
        return cls(
            _read(repository, before, changed),
            _read(repository, now, changed),
            frozenset(before),
            frozenset(now),
            tuple(path for path, entry in sorted(now.items()) if not entry.is_file),
            _read(repository, now, {path for path in now if path.startswith("trust/")}),
        )

    @cached_property
    def changed(self) -> set[str]:
        """Every path that was added, removed or written anew."""
        return self.before.keys() | self.now.keys()

    @cached_property
    def records(self) -> set[str]:
        """The keys of all records that are there and that differ, or whose signatures do."""
        keys = set()
        for path in self.changed:
            match = _RECORD.fullmatch(_document_of(path))
            if match:
                keys.add(f"{match[1]}/{match[2]}@{match[3]}")
        return keys


def checkout_of(home: Home) -> tuple[Repository, str]:
    """Give the repository that holds the registry, and the registry's path in it, with a slash at its end.

    Raises `UsageError` where it is in none, or reached through a link.
    """
    repository = Repository(home.root)
    try:
        inside = str(home.root.resolve().relative_to(repository.root.resolve()))
    except ValueError as error:
        raise UsageError(f"{str(home.root)!r} is not in its own checkout", "Name it without links.") from error
    return repository, "" if inside == "." else f"{inside}/"


def _tree(repository: Repository, commit: str, prefix: str) -> dict[str, TreeEntry]:
    return {path.removeprefix(prefix): entry for path, entry in repository.tree(commit, prefix).items()}


def _facts(entry: TreeEntry | None) -> tuple[str, str] | None:
    return (entry.mode, entry.object) if entry is not None else None


def _read(repository: Repository, tree: Mapping[str, TreeEntry], paths: set[str]) -> dict[str, bytes]:
    wanted = {tree[path].path: path for path in sorted(paths) if path in tree and tree[path].is_file}
    found = {}
    for entry, data in repository.read([tree[path] for path in wanted.values()], limits.MAX_HEAD):
        if data is None:
            raise UndecidedError(f"{entry.path} is too large", f"At most {limits.MAX_HEAD:,} bytes are read.")
        found[wanted[entry.path]] = data
    return found


def problems_of(
    change: Change, home: Home, standings: Mapping[str, Standing], author: str | None
) -> Iterator[tuple[str, str]]:
    """Say which of the changes nobody may make. `standings` holds every record that differs."""
    for path in change.links:
        yield path, "it is no plain file"
    for path in sorted(change.changed):
        if not _PLACES.fullmatch(path):
            if path in change.now:
                yield path, "no such file belongs into a registry"
        elif path == PATH:
            yield from _head(change, home)
        elif path.endswith(_SIGNATURES):
            yield from _signature(change, path)
        elif path.startswith("models/"):
            yield from _record(change, home, standings, path, author)
        elif path in change.before:
            what = {"trust": "a trust file", "roots": "a trusted root"}.get(path.split("/")[0], "a revocation")
            deed = "changed" if path in change.now else "removed"
            yield path, f"{what} is never {deed}: what readers rely on has to stay as it was signed"
        elif path.startswith("revocations/") and not _is_revoked(home, change.now[path]):
            yield path, "the revocation is not signed by as many as must"


def _is_revoked(home: Home, raw: bytes) -> bool:
    return str(Digest.of(raw)) in {item.digest for item in home.revoked}


def _head(change: Change, home: Home) -> Iterator[tuple[str, str]]:
    if PATH not in change.now:
        yield PATH, "the head was removed"
        return
    try:
        head = read_head(home.trusted)
        old = parse(change.before[PATH], Head).version if PATH in change.before else 0
    except UndecidedError as error:
        yield PATH, error.message
        return
    except DocumentError:
        return  # what stood there before was none; any head that holds is better
    if head.version <= old:
        yield PATH, f"it is version {head.version}; version {old} was there before"


def _signature(change: Change, path: str) -> Iterator[tuple[str, str]]:
    document = _document_of(path)
    same = change.before.get(document) == change.now.get(document)
    if path in change.before and same:
        yield path, "a signature of an unchanged document was " + ("replaced" if path in change.now else "removed")
    elif path in change.now and document not in change.paths_now:
        yield path, "it is a signature of nothing"


def _document_of(path: str) -> str:
    """Give the document that a signature is of; any other path is itself."""
    return re.sub(r"\.sigs/[^/]*$", ".json", path) if path.endswith(_SIGNATURES) else path


def _record(
    change: Change, home: Home, standings: Mapping[str, Standing], path: str, author: str | None
) -> Iterator[tuple[str, str]]:
    before, now = _approval(change.before.get(path)), _approval(change.now.get(path))
    if path not in change.now:
        if before is None or before.valid_until > home.now:
            yield path, "an approval is not removed but revoked"
        return
    if now is None:
        yield path, "it is no record"
        return
    if before is not None and is_renewal(before, now):
        return
    if author is not None and now.requested_by.casefold() != author.casefold():
        yield path, f"it says that {now.requested_by} asked for it; the pull request is {author}'s"
    if path not in change.before:
        return
    directory = signatures_directory(path)
    former = {name.rpartition("/")[2] for name in change.paths_before if name.startswith(f"{directory}/")}
    former = {name.removesuffix(".sigstore.json") for name in former if name.endswith(".sigstore.json")}
    standing = standings.get(f"{now.model}@{now.revision}")
    anew = set(standing.approved_by) if standing is not None else set()
    if missing := former - anew:
        yield path, f"it was changed otherwise than by renewal, and {', '.join(sorted(missing))} did not sign it anew"


def _approval(raw: bytes | None) -> Approval | None:
    try:
        return parse(raw, Approval) if raw is not None else None
    except DocumentError:
        return None


def is_renewal(before: Approval, now: Approval) -> bool:
    """Tell whether nothing but the end differs, and that it comes later."""
    same = before.model_copy(update={"valid_until": now.valid_until}) == now
    return same and now.valid_until > before.valid_until
