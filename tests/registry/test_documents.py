"""The registry's documents as shapes: strict, closed, consistent, and each error with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from tests.fakes.registry import commit_of
from verifier.document import DocumentError, parse
from verifier.registry.documents import Approval, Head, Revocation, Trust

Shape = TypeVar("Shape", bound=BaseModel)
Change = Callable[[dict[str, Any]], object]
HEX, COMMIT, TIME = "ab" * 32, commit_of("acme/tiny"), "2026-11-20T10:00:00Z"
DIGEST = f"sha256:{HEX}"


def trust() -> dict[str, Any]:
    def signer(name: str) -> dict[str, Any]:
        return {"root": HEX, "issuer": "https://login.test", "identity": f"{name}@acme.test"}

    everyone = ["alice", "bob"]
    return {
        "schema": "model-verifier/trust/v1",
        "registry": "acme",
        "version": 1,
        "expires": TIME,
        "trusted_roots": [HEX],
        "principals": {name: [signer(name)] for name in (*everyone, "ci")},
        "roles": {
            "trust": {"threshold": 2, "principals": everyone},
            "approve": {"threshold": 2, "principals": everyone},
            "revoke": {"threshold": 1, "principals": everyone},
            "publish": {"threshold": 1, "principals": ["ci"]},
        },
    }


def approval() -> dict[str, Any]:
    return {
        "schema": "model-verifier/approval/v1",
        "registry": "acme",
        "model": "acme/tiny",
        "revision": COMMIT,
        "requested_by": "dave",
        "reason": "for a test",
        "valid_until": TIME,
        "files": {"config.json": {"sha256": HEX, "size": 2}, "sub/a.bin": {"sha256": HEX, "size": 0}},
        "sets": {"default": ["config.json"], "gguf-q4_k_m": ["sub/a.bin"]},
    }


def revocation() -> dict[str, Any]:
    return {
        "schema": "model-verifier/revocation/v1",
        "registry": "acme",
        "model": "acme/tiny",
        "reason": "for a test",
        "revoked_at": TIME,
    }


def head() -> dict[str, Any]:
    return {
        "schema": "model-verifier/head/v1",
        "registry": "acme",
        "version": 1,
        "issued": TIME,
        "expires": "2026-12-01T00:00:00Z",
        "trust_version": 1,
        "records": {f"acme/tiny@{COMMIT}": DIGEST},
        "revoked": [{"digest": DIGEST, "revocation": revocation()}],
    }


def read(document: dict[str, Any], shape: type[Shape]) -> Shape:
    return parse(json.dumps(document).encode(), shape)


def refusal(document: dict[str, Any], shape: type[Shape]) -> str:
    with pytest.raises(DocumentError) as caught:
        read(document, shape)
    return str(caught.value)


def named(value: object) -> str:
    return value if isinstance(value, str) else ""


ALL: list[tuple[Callable[[], dict[str, Any]], type[BaseModel]]] = [
    (trust, Trust),
    (approval, Approval),
    (revocation, Revocation),
    (head, Head),
]
each = pytest.mark.parametrize(("make", "shape"), ALL, ids=["trust", "approval", "revocation", "head"])


@each
def test_a_plain_document_is_read(make: Callable[[], dict[str, Any]], shape: type[BaseModel]) -> None:
    assert read(make(), shape)


@each
def test_an_unknown_field_is_refused_with_its_name(make: Callable[[], dict[str, Any]], shape: type[BaseModel]) -> None:
    assert "comment: " in refusal(make() | {"comment": "hello"}, shape)


@each
def test_every_other_kind_of_document_is_refused(make: Callable[[], dict[str, Any]], shape: type[BaseModel]) -> None:
    for other, other_shape in ALL:
        if other_shape is not shape:
            assert "schema" in refusal(other(), shape)
            assert refusal(make() | {"schema": other()["schema"]}, shape).startswith("is not valid: schema")


@each
def test_a_missing_field_is_refused(make: Callable[[], dict[str, Any]], shape: type[BaseModel]) -> None:
    optional = {"revoked"} if shape is Head else {"model"} if shape is Revocation else set()
    for name in make().keys() - optional:
        document = make()
        del document[name]
        assert f"{name}: Field required" in refusal(document, shape)


@each
@pytest.mark.parametrize("name", ["", "Acme", "acme prod", "acme/prod", "acme\n", "-acme", "a" * 65, None, 7])
def test_a_registrys_name_is_plain(make: Callable[[], dict[str, Any]], shape: type[BaseModel], name: object) -> None:
    assert "registry: " in refusal(make() | {"registry": name}, shape)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["roles"]["approve"].update(threshold=3), "asks for more principals than it has"),
        (lambda t: t["roles"]["approve"].update(principals=["alice", "alice"]), "asks for more principals than it has"),
        (lambda t: t["roles"]["trust"].update(threshold=0), "only 'approve' may"),
        (lambda t: t["roles"]["revoke"].update(threshold=0), "only 'approve' may"),
        (lambda t: t["roles"]["publish"].update(threshold=0), "only 'approve' may"),
        (lambda t: t["roles"]["publish"].update(threshold=0, principals=[]), "only 'approve' may"),
        (lambda t: t["roles"]["approve"].update(threshold=-1), "roles.approve.threshold"),
        (lambda t: t["roles"]["approve"].update(threshold=True), "roles.approve.threshold"),
        (lambda t: t["roles"]["approve"].update(threshold="2"), "roles.approve.threshold"),
        (lambda t: t["roles"]["approve"].update(threshold=2.0), "roles.approve.threshold"),
        (lambda t: t["roles"]["approve"].update(principals=["alice", "mallory"]), "'mallory', who is no principal"),
        (lambda t: t["roles"].pop("revoke"), "the role 'revoke' is missing"),
        (lambda t: t["roles"].update(admin={"threshold": 1, "principals": ["ci"]}), "roles.admin"),
        (lambda t: t["principals"].update(carol=[]), "principals.carol"),
        (lambda t: t["principals"].update(Carol=t["principals"]["bob"]), "principals.Carol"),
        (lambda t: t["principals"].update({"../bob": t["principals"]["bob"]}), 'principals["../bob"]'),
        (lambda t: t["principals"]["bob"][0].update(root="cd" * 32), "under a root that is not listed"),
        (lambda t: t["principals"]["bob"][0].update(issuer=""), "principals.bob[0].issuer"),
        (lambda t: t["principals"]["bob"][0].update(issuer=None), "principals.bob[0].issuer"),
        (lambda t: t["principals"]["bob"][0].update(identity=""), "principals.bob[0].identity"),
        (lambda t: t["principals"]["bob"][0].pop("issuer"), "principals.bob[0].issuer"),
        (lambda t: t["principals"]["bob"][0].update(pattern=".*"), "principals.bob[0].pattern"),
        (lambda t: t["principals"]["bob"][0].update(repository_id="1"), "principals.bob[0].repository_id"),
        (lambda t: t["principals"]["bob"][0].update(not_after="2026-11-20"), "principals.bob[0].not_after"),
        (lambda t: t.update(trusted_roots=["AB" * 32]), "trusted_roots[0]"),
        (lambda t: t.update(trusted_roots=["../" * 21 + "x"]), "trusted_roots[0]"),
        (lambda t: t.update(version=0), "version"),
        (lambda t: t.update(floor=-1), "floor"),
        (lambda t: t.update(rules={"max_head_days": 0}), "rules.max_head_days"),
        (lambda t: t.update(rules={"max_head_days": 10**10}), "rules.max_head_days"),
        (lambda t: t.update(rules={"max_approval_days": 10**10}), "rules.max_approval_days"),
        (lambda t: t.update(rules={"max_waiver_days": 10**10}), "rules.max_waiver_days"),
        (lambda t: t.update(rules={"max_baseline_days": 1}), "rules.max_baseline_days"),
    ],
    ids=named,
)
def test_an_inconsistent_trust_file_is_refused(change: Change, said: str) -> None:
    document = trust()
    change(document)
    assert said in refusal(document, Trust)


@pytest.mark.parametrize("root", [HEX, "cd" * 32])
def test_one_issuer_and_identity_in_two_principals_is_refused(root: str) -> None:
    document = trust()
    document["trusted_roots"].append("cd" * 32)
    document["principals"]["bob"].append({**document["principals"]["alice"][0], "root": root})
    assert "'alice' and 'bob' have the same issuer and identity" in refusal(document, Trust)


def test_one_principal_may_have_one_identity_under_two_roots() -> None:
    document = trust()
    document["trusted_roots"].append("cd" * 32)
    document["principals"]["bob"].append({**document["principals"]["bob"][0], "root": "cd" * 32})
    assert len(read(document, Trust).principals["bob"]) == 2


@pytest.mark.parametrize("principals", [[], ["alice"]])
def test_only_the_role_approve_may_ask_for_nobody(principals: list[str]) -> None:
    document = trust()
    document["roles"]["approve"] = {"threshold": 0, "principals": principals}
    assert read(document, Trust).roles["approve"].threshold == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.update(model="tiny"), "model: "),
        (lambda a: a.update(model=""), "model: "),
        (lambda a: a.update(model="acme/tiny@main"), "model: "),
        (lambda a: a.update(model="../tiny"), "model: "),
        (lambda a: a.update(model="acme/tiny/more"), "model: "),
        (lambda a: a.update(model="acme/t\N{LATIN SMALL LETTER DOTLESS I}ny"), "model: "),
        (lambda a: a.update(model=None), "model: "),
        (lambda a: a.update(model="https://huggingface.co/acme/tiny"), "model: "),
        (lambda a: a.update(revision="main"), "revision: "),
        (lambda a: a.update(revision=COMMIT[:12]), "revision: "),
        (lambda a: a.update(revision=COMMIT.upper()), "revision: "),
        (lambda a: a.update(revision=COMMIT + "\n"), "revision: "),
        (lambda a: a.update(requires=["acme/base"]), "requires[0]: "),
        (lambda a: a.update(requires=["acme/base@main"]), "requires[0]: "),
        (lambda a: a.update(requires=["base@" + COMMIT]), "requires[0]: "),
        (lambda a: a.update(requires=[7]), "requires[0]: "),
        (lambda a: a.update(requires=[f"hf://acme/base@{COMMIT}"]), "requires[0]: "),
        (lambda a: a.update(requires=[f"acme/base@{COMMIT.upper()}"]), "requires[0]: "),
        (lambda a: a.update(lifts=[HEX]), "lifts[0]: "),
        (lambda a: a.update(lifts=["sha1:" + "ab" * 20]), "lifts[0]: "),
        (lambda a: a.update(valid_until="2026-11-20T10:00:00+00:00"), "valid_until: "),
        (lambda a: a.update(valid_until="2026-13-20T10:00:00Z"), "valid_until: "),
        (lambda a: a.update(valid_until="2026-11- 9T10:00:00Z"), "valid_until: "),
        (lambda a: a.update(valid_until="\N{FULLWIDTH DIGIT TWO}026-11-20T10:00:00Z"), "valid_until: "),
        (lambda a: a.update(valid_until=1_800_000_000), "valid_until: "),
        (lambda a: a.update(requested_by=""), "requested_by: "),
        (lambda a: a.update(baseline=1), "baseline: "),
        (lambda a: a.update(files={}), "files: "),
        (lambda a: a["files"].update({"../a": a["files"]["config.json"]}), 'files["../a"]'),
        (lambda a: a["files"].update({"/a": a["files"]["config.json"]}), 'files["/a"]'),
        (lambda a: a["files"].update({"a\n": a["files"]["config.json"]}), 'files["a\\n"]'),
        (
            lambda a: a["files"].update({"config.json/b": a["files"]["config.json"]}),
            "both as a file and as a directory",
        ),
        (lambda a: a["files"]["config.json"].update(sha256=HEX.upper()), 'files["config.json"].sha256'),
        (lambda a: a["files"]["config.json"].update(size=-1), 'files["config.json"].size'),
        (lambda a: a["files"]["config.json"].update(size="2"), 'files["config.json"].size'),
        (lambda a: a["files"]["config.json"].update(size=2**63), 'files["config.json"].size'),
        (lambda a: a["files"]["config.json"].update(md5="0"), 'files["config.json"].md5'),
        (lambda a: a.update(sets={}), "no set named 'default'"),
        (lambda a: a["sets"].update(default=[]), "sets.default"),
        (lambda a: a["sets"].update(default=["evil.bin"]), "names 'evil.bin', which is not among the files"),
        (lambda a: a["sets"].update(Big=["config.json"]), "sets.Big"),
    ],
    ids=named,
)
def test_an_inconsistent_approval_is_refused(change: Change, said: str) -> None:
    document = approval()
    change(document)
    assert said in refusal(document, Approval)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.pop("model"), "names neither a model, a revision, a digest nor a record"),
        (lambda r: r.update(model="tiny"), "model: "),
        (lambda r: r.update(model="hf://acme/tiny"), "model: "),
        (lambda r: r.update(model="huggingface.co/acme/tiny"), "model: "),
        (lambda r: r.update(model="https://huggingface.co/acme/tiny"), "model: "),
        (lambda r: r.update(model="acme/tiny@" + COMMIT), "model: "),
        (lambda r: r.update(revision=COMMIT[:12]), "revision: "),
        (lambda r: r.update(digests=[HEX]), "digests[0]: "),
        (lambda r: r.update(digests=DIGEST), "digests: "),
        (lambda r: r.update(record_digest=HEX), "record_digest: "),
    ],
    ids=named,
)
def test_an_inconsistent_revocation_is_refused(change: Change, said: str) -> None:
    document = revocation()
    change(document)
    assert said in refusal(document, Revocation)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h: h.update(expires=h["issued"]), "expires before it is issued"),
        (lambda h: h.update(version=0), "version: "),
        (lambda h: h.update(trust_version=0), "trust_version: "),
        (lambda h: h.update(source_commit="main"), "source_commit: "),
        (lambda h: h["records"].update({"acme/tiny@main": DIGEST}), "records"),
        (lambda h: h["records"].update({f"acme/tiny@{COMMIT}": HEX}), "records"),
        (lambda h: h["records"].update({f"tiny@{COMMIT}": DIGEST}), "records"),
        (lambda h: h["records"].update({f"acme/../tiny@{COMMIT}": DIGEST}), "records"),
        (lambda h: h["records"].update({f"../tiny@{COMMIT}": DIGEST}), "records"),
        (lambda h: h["records"].update({f"acme/..@{COMMIT}": DIGEST}), "records"),
        (lambda h: h["records"].update({f"acme/ti\0ny@{COMMIT}": DIGEST}), "records"),
        (lambda h: h["records"].update({f"acme/tiny@{COMMIT}\n": DIGEST}), "records"),
        (lambda h: h["revoked"][0].pop("digest"), "revoked[0].digest"),
        (lambda h: h["revoked"][0]["revocation"].update(comment="hello"), "revoked[0].revocation.comment"),
        (lambda h: h["revoked"][0]["revocation"].update(model="tiny"), "revoked[0].revocation.model"),
    ],
    ids=named,
)
def test_an_inconsistent_head_is_refused(change: Change, said: str) -> None:
    document = head()
    change(document)
    assert said in refusal(document, Head)
