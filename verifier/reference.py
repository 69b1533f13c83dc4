"""What a person types to name a model: `org/name`, with a revision or without, or a Hub URL."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from verifier.errors import UsageError

_HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_PAGES = frozenset(
    {"api", "blog", "chat", "collections", "docs", "enterprise", "join", "learn", "login", "new", "organizations"}
    | {"papers", "posts", "pricing", "settings", "tasks"}
)
"""First parts of the Hub's own addresses, which are no publishers."""
_OTHER_KINDS = {"datasets": "a data set", "spaces": "a space"}
_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXAMPLE = "Write it as org/name or org/name@<commit>."
MAX_PART = 96
"""The Hub's own limit for a publisher's and for a repository's name, in characters."""


class LegacyNameError(UsageError):
    """A name without a publisher (`gpt2`); the Hub redirects these, a registry knows some as aliases."""

    def __init__(self, name: str, owner: str | None = None) -> None:
        """`owner` is the full id, where an approval's alias knows it."""
        remedy = f"Write {owner}." if owner else "Write the full id, as in openai-community/gpt2."
        super().__init__(f"{name!r} has no publisher, so anybody could be meant", remedy)
        self.name = name


def is_path(text: str) -> bool:
    """Tell whether the contract reads `text` as a path: it starts with `/`, `./` or `../`."""
    return text.startswith(("/", "./", "../")) or text in (".", "..")


def is_commit(revision: str | None) -> bool:
    """Tell whether `revision` is a whole commit, 40 lower-case hexadecimal digits."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model on the Hub: publisher, name, and a revision where one was given (commit, branch or tag)."""

    publisher: str
    name: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference: `org/name`, `org/name@revision`, `hf://org/name@revision` or a Hub URL.

        Raises `UsageError` with a message of its own for each malformed form, and its subclass
        `LegacyNameError` for a name without a publisher. Characters that are not ASCII are let through:
        that an id imitates another is a finding, not a malformed reference.
        """
        _refuse_unprintable(text)
        if is_path(text):
            raise UsageError(
                f"{text!r} is a path, not a model reference", "Name the model and give the path with --path."
            )
        if "://" in text or text.lower().startswith((*(f"{host}/" for host in _HUB_HOSTS), "hf:")):
            model, revision = _from_url(text)
        else:
            model, at, revision_text = text.partition("@")
            revision = revision_text if at else None
        if model.split("/")[0].lower() in _OTHER_KINDS and model.count("/") == 2:
            _refuse_kind(model.split("/")[0].lower())
        publisher, slash, name = model.partition("/")
        if "/" in name:
            raise UsageError(f"{text!r} has more than one slash; a model is org/name", _EXAMPLE)
        if slash and not (publisher and name):
            missing = "publisher before" if not publisher else "name after"
            raise UsageError(f"{text!r} has no {missing} the slash", _EXAMPLE)
        for what, part in (("publisher", publisher), ("name", name)) if slash else (("name", model),):
            _check_part(text, what, part)
        if revision is not None:
            revision = _check_revision(text, revision)
        if not slash:
            raise LegacyNameError(model)
        return cls(publisher, name, revision)

    @property
    def model(self) -> str:
        """The id without a revision, `org/name`."""
        return f"{self.publisher}/{self.name}"

    @property
    def commit(self) -> str | None:
        """The revision if it is a whole commit; branches, tags and short commits are None."""
        return self.revision if is_commit(self.revision) else None

    def may_mean(self, commit: str) -> bool:
        """Tell whether the revision can stand for a commit: itself, its beginning, or a branch or tag (or nothing)."""
        if self.revision is None or not _SHORT_COMMIT.fullmatch(self.revision):
            return True
        return commit.startswith(self.revision)

    def at(self, commit: str) -> ModelReference:
        """Name the same model at a commit."""
        return ModelReference(self.publisher, self.name, commit)

    def __str__(self) -> str:
        return f"{self.model}@{self.revision}" if self.revision else self.model


def _refuse_unprintable(text: str) -> None:
    if not text.strip():
        raise UsageError("the model reference is empty", _EXAMPLE)
    for character in text:
        if character.isspace() or unicodedata.category(character) in ("Cc", "Cs"):
            raise UsageError(
                f"{text[:80]!r} holds the blank or control character U+{ord(character):04X}",
                "Type the reference by hand instead of pasting it.",
            )
    if "\\" in text:
        raise UsageError(f"{text!r} holds a backslash; a model is org/name", _EXAMPLE)


def _refuse_kind(kind: str) -> None:
    raise UsageError(f"this is {_OTHER_KINDS[kind]}; only models are verified here", _EXAMPLE)


def _from_url(text: str) -> tuple[str, str | None]:
    """Give `org/name` and the revision of an `hf:` reference or a Hub URL."""
    if text.lower().startswith("hf:"):
        rest = text[3:].removeprefix("//")
        model, at, revision = rest.partition("@")
        return model, revision if at else None
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host, port = url.hostname, url.port
    except ValueError as error:
        raise UsageError(f"{text!r} is not a URL: {error}", _EXAMPLE) from error
    if url.scheme not in ("http", "https") or host not in _HUB_HOSTS or port or url.username:
        raise UsageError(f"{text!r} is not a URL of the Hugging Face Hub", _EXAMPLE)
    parts = [unquote(part) for part in url.path.strip("/").split("/")]
    if parts[0] == "models":
        parts = parts[1:]
    if parts and parts[0] in _OTHER_KINDS:
        _refuse_kind(parts[0])
    if len(parts) < 2 or not all(parts[:2]):
        raise UsageError(f"{text!r} does not name a model", _EXAMPLE)
    if parts[0] in _PAGES:
        raise UsageError(f"{text!r} is a page of the Hub, not a model", _EXAMPLE)
    for part in parts:
        _refuse_unprintable(part or "-")
    if "@" in parts[0] or parts[1].count("@") > (0 if parts[2:] else 1):
        raise UsageError(f"{text!r} holds an '@' where none belongs", _EXAMPLE)
    model, page = "/".join(parts[:2]), parts[2:]
    if "@" in parts[1] and not page:
        name, _, revision = parts[1].partition("@")
        return f"{parts[0]}/{name}", revision
    if not page:
        return model, None
    if page[0] not in ("tree", "blob", "resolve", "raw", "commit", "commits") or len(page) < 2:
        raise UsageError(f"{text!r} is a page of the model, not the model", f"Write {model}.")
    if page[1] == "refs" and len(page) >= 4:
        return model, "/".join(page[1:4])
    return model, page[1]


def _check_part(text: str, what: str, part: str) -> None:
    if len(part) > MAX_PART:
        raise UsageError(f"the {what} in {text[:80]!r}… has {len(part)} characters, more than {MAX_PART}", _EXAMPLE)
    if not part.isascii():
        return  # an imitation, to be reported as a finding
    if not _PLAIN.fullmatch(part):
        raise UsageError(
            f"the {what} {part!r} may hold letters, digits, '.', '_' and '-', and starts with neither sign",
            _EXAMPLE,
        )
    if "--" in part or ".." in part or part.endswith(("-", ".")):
        raise UsageError(f"the {what} {part!r} holds '--' or '..', or ends in '-' or '.'", _EXAMPLE)
    if what == "name" and part.endswith((".git", ".ipynb")):
        raise UsageError(f"the name {part!r} ends in a suffix that the Hub does not allow", _EXAMPLE)


def _check_revision(text: str, revision: str) -> str:
    if not revision:
        raise UsageError(f"{text!r} ends in '@' without a revision", _EXAMPLE)
    if "@" in revision:
        raise UsageError(f"{text!r} holds more than one '@'", _EXAMPLE)
    if is_commit(revision.lower()):
        return revision.lower()
    if len(revision) > 255 or revision.startswith(("-", "/", ".")) or ".." in revision or revision.endswith("/"):
        raise UsageError(f"{revision[:80]!r} is no revision: a commit, branch or tag is expected", _EXAMPLE)
    return revision
