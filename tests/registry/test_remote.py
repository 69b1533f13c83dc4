"""A registry over HTTPS: what is asked for and what never is, what the cache may do, and every way to fail."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli import run
from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, commit_of, rules_of
from tests.fakes.sigstore import serve
from tests.fakes.site import Site, serve_directory
from verifier import _https
from verifier._https import Site as Client
from verifier.errors import UndecidedError, UsageError
from verifier.governance.export import export
from verifier.reference import ModelReference
from verifier.verdict import Result, Verdict

COMMIT = commit_of(MODEL)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_https, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(_https, "_TIMEOUTS", (1.0, 0.5))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def site(registry: FakeRegistry) -> Iterator[Site]:
    with serve_directory(registry.root) as running:
        yield running


def verify(registry: FakeRegistry, site: Site, model: Path, **options: Any) -> Verdict:
    return registry.verify(MODEL, model, policy=registry.policy(registry_source=site.url), **options)


def undecided(registry: FakeRegistry, site: Site, model: Path, **options: Any) -> UndecidedError:
    with pytest.raises(UndecidedError) as caught:
        verify(registry, site, model, **options)
    return caught.value


def kept(tmp_path: Path, name: str) -> Path:
    (found,) = (tmp_path / "cache").rglob(name)
    return found


def test_a_model_passes_and_only_its_own_files_are_asked_for(registry: FakeRegistry, site: Site, model: Path) -> None:
    registry.approve("acme/other", model)
    registry.publish()

    assert verify(registry, site, model).result is Result.PASSED
    root = f"roots/{registry.root_digest}.json"
    record = f"models/{MODEL}/{COMMIT}"
    signatures = [f"{record}.sigs/{name}.sigstore.json" for name in ("alice", "bob", "carol")]
    own = ["revocations/acme--tiny.json", f"revocations/acme--tiny--{COMMIT}.json"]
    head = ["head.json", "head.sigs/ci.sigstore.json"]
    assert sorted(site.requests) == sorted(
        ["trust/1.json", "trust/2.json", root, *head, f"{record}.json", *signatures, *own]
    )


def test_what_is_required_is_asked_for_as_well(registry: FakeRegistry, site: Site, model: Path) -> None:
    base = f"acme/base@{commit_of('acme/base')}"
    registry.approve("acme/base", model)
    registry.approve(MODEL, model, requires=(base,))
    registry.publish()

    assert verify(registry, site, model).result is Result.PASSED
    assert f"models/{base.replace('@', '/')}.json" in site.requests


def test_the_second_run_brings_nothing_anew(registry: FakeRegistry, site: Site, model: Path) -> None:
    verify(registry, site, model)
    site.not_modified = 0
    site.requests.clear()

    assert verify(registry, site, model).result is Result.PASSED
    assert site.not_modified == 7  # trust, root, head, its signature, the record, two signatures


def test_offline_the_cache_is_verified_again(registry: FakeRegistry, site: Site, model: Path, tmp_path: Path) -> None:
    verify(registry, site, model)
    site.requests.clear()

    assert verify(registry, site, model, offline=True).result is Result.PASSED
    assert site.requests == []
    head = kept(tmp_path, "head.json")
    head.write_bytes(head.read_bytes().replace(b'"version": 1', b'"version": 9'))
    assert undecided(registry, site, model, offline=True).code == "registry-unreachable"


def test_a_cache_that_was_forged_with_care_is_refused(
    registry: FakeRegistry, site: Site, model: Path, tmp_path: Path
) -> None:
    verify(registry, site, model)
    head = kept(tmp_path, "head.json")
    forged = head.read_bytes().replace(b'"version": 1', b'"version": 9')
    head.write_bytes(forged)
    facts = json.loads(kept(tmp_path, "head.json.kept").read_bytes())
    facts["digest"] = str(registry.trust_digest.of(forged))
    kept(tmp_path, "head.json.kept").write_text(json.dumps(facts))

    assert undecided(registry, site, model).code == "head-invalid"


@pytest.mark.parametrize("damage", [b"", b"{", b'{"digest": 1}', b"[]"])
def test_a_damaged_cache_is_brought_anew(
    registry: FakeRegistry, site: Site, model: Path, tmp_path: Path, damage: bytes
) -> None:
    verify(registry, site, model)
    kept(tmp_path, "head.json.kept").write_bytes(damage)

    assert verify(registry, site, model).result is Result.PASSED


def test_without_a_place_for_a_cache(
    registry: FakeRegistry, site: Site, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")

    assert verify(registry, site, model).result is Result.PASSED
    assert undecided(registry, site, model, offline=True).code == "registry-unreachable"


def test_an_own_revocation_counts_before_any_head_holds_it(registry: FakeRegistry, site: Site, model: Path) -> None:
    registry.revoke("acme--tiny", model=MODEL)

    assert rules_of(verify(registry, site, model)) == {"revoked-model"}


def test_so_does_that_of_what_it_requires(registry: FakeRegistry, site: Site, model: Path) -> None:
    base = f"acme/base@{commit_of('acme/base')}"
    registry.approve("acme/base", model)
    registry.approve(MODEL, model, requires=(base,))
    registry.publish()
    registry.revoke("acme--base", model="acme/base")

    assert verify(registry, site, model).result is Result.FAILED


def test_an_own_revocation_that_nobody_may_sign_does_not(registry: FakeRegistry, site: Site, model: Path) -> None:
    registry.revoke("acme--tiny", model=MODEL, signers=("ci",))

    assert verify(registry, site, model).result is Result.PASSED


def test_a_removed_file_is_not_taken_from_the_cache(registry: FakeRegistry, site: Site, model: Path) -> None:
    verify(registry, site, model)
    (registry.root / "models" / "acme" / "tiny" / f"{COMMIT}.json").unlink()

    assert undecided(registry, site, model).code == "registry-incomplete"


def test_an_older_head_is_noticed(registry: FakeRegistry, site: Site, model: Path) -> None:
    old = {path: (registry.root / path).read_bytes() for path in ("head.json", "head.sigs/ci.sigstore.json")}
    registry.publish()
    verify(registry, site, model)
    for path, data in old.items():
        (registry.root / path).write_bytes(data)

    assert undecided(registry, site, model).code == "head-stale"


def test_a_hidden_trust_file_is_noticed(registry: FakeRegistry, site: Site, model: Path) -> None:
    registry.next_trust()
    registry.publish()
    (registry.root / "trust" / "2.json").unlink()

    assert "made under trust file 2" in undecided(registry, site, model).message


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (503, 3), (429, 3), (403, 1), (301, 1), (206, 1)])
def test_a_server_that_refuses(registry: FakeRegistry, site: Site, model: Path, status: int, tries: int) -> None:
    site.status, site.location = status, "http://127.0.0.1:1/" if status == 301 else ""

    error = undecided(registry, site, model)
    assert (error.code, f"answers {status}" in error.message) == ("registry-unreachable", True)
    assert len(site.requests) == tries


def test_a_server_that_recovers(registry: FakeRegistry, site: Site, model: Path) -> None:
    site.status, site.times = 503, 2

    assert verify(registry, site, model).result is Result.PASSED


def test_a_file_without_end_is_cut_off(
    registry: FakeRegistry, site: Site, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_https, "_LONGEST", 0.05)
    monkeypatch.setattr("verifier.limits.READ_BUFFER", 1024)
    site.drip = 0.02

    assert "takes longer than" in undecided(registry, site, model).message


def test_a_server_that_drips_is_cut_off_in_time(
    registry: FakeRegistry, site: Site, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_https, "_LONGEST", 0.1)
    site.drip = 0.06  # a fake's 64 bytes each time: more than a second for a trust file, less than one buffer
    begun = time.monotonic()

    assert "takes longer than" in undecided(registry, site, model).message
    assert time.monotonic() - begun < 1


def test_headers_that_drip_are_cut_off_in_time(
    registry: FakeRegistry, site: Site, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_https, "_LONGEST", 0.3)
    site.header_drip = 0.02  # each byte comes well within the time that one may take
    begun = time.monotonic()

    assert "takes longer than" in undecided(registry, site, model).message
    assert time.monotonic() - begun < 2


def test_all_tries_together_have_one_end(
    registry: FakeRegistry, site: Site, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_https, "_LONGEST", 0.2)
    monkeypatch.setattr(_https, "_FIRST_WAIT", 5.0)
    site.status = 503
    begun = time.monotonic()

    assert "takes longer than" in undecided(registry, site, model).message
    assert time.monotonic() - begun < 2


def test_a_file_that_is_too_large_is_cut_off(
    registry: FakeRegistry, site: Site, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.limits.MAX_HEAD", 100)

    assert "larger than the limit" in undecided(registry, site, model).message


def test_nobody_is_there(registry: FakeRegistry, site: Site, model: Path) -> None:
    policy = registry.policy(registry_source="http://127.0.0.1:1")

    with pytest.raises(UndecidedError, match=r"ConnectionError|ConnectTimeout"):
        registry.verify(MODEL, model, policy=policy)


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.test/registry", "ftp://127.0.0.1", "https://", "https://a@acme.test", "https://acme.test/?q=1",
        "https://acme.test/#x", "http://128.0.0.1", "file:///registry", "http://127.0.0.1.acme.test",
        "https://[::1", "https://Ⅷ℀.x/", "https://a..b/", f"https://{'a' * 70}.test", "https://h/\udcff", "https://h:x/",
    ],
)  # fmt: skip
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="registry's address"):
        Client(url)


def test_a_name_without_publisher_reads_no_records(registry: FakeRegistry, site: Site, model: Path) -> None:
    with pytest.raises(UsageError, match="has no publisher"):
        registry.verify("tiny", model, policy=registry.policy(registry_source=site.url))
    assert not any(path.startswith("models/") for path in site.requests)


class TestVerbs:
    """What the registry's own verbs do where the registry is behind a URL."""

    def options(self, registry: FakeRegistry, site: Site) -> tuple[str, ...]:
        return ("--registry", site.url, "--trust-digest", str(registry.trust_digest))

    @pytest.fixture
    def registry(self, tmp_path: Path, model: Path) -> FakeRegistry:
        registry = FakeRegistry(tmp_path / "registry", now=datetime.now(UTC).replace(microsecond=0))
        registry.approve(MODEL, model)
        registry.approve("acme/gone", model)
        registry.revoke("odd", model="acme/gone")
        registry.publish()
        return registry

    def test_models_that_are_named_are_listed(self, registry: FakeRegistry, site: Site) -> None:
        registry.put(f"models/{MODEL}/{COMMIT}.sigs/bob.unchecked", b"")
        ended = run("registry", "list", MODEL, "acme/gone", *self.options(registry, site), "--format", "json")

        gone, tiny = ended.report["records"]
        assert (tiny["status"], tiny["approved_by"], tiny["unchecked_by"]) == ("approved", ["alice", "bob"], ["bob"])
        assert (gone["status"], gone["revocations"], gone["published"]) == ("revoked", ["a test says so"], True)
        assert "odd.json" not in " ".join(site.requests)  # the head holds it
        assert run("registry", "list", "acme/none", *self.options(registry, site)).stdout.endswith("  0 records\n")

    def test_nothing_is_looked_through(self, registry: FakeRegistry, site: Site) -> None:
        for arguments in ((), ("--digest", f"sha256:{'0' * 64}"), (MODEL, "--pending"), ("--publisher", "acme")):
            ended = run("registry", "list", *arguments, *self.options(registry, site))
            assert (ended.status, "never looked through" in ended.stderr) == (2, True)
            assert "registry list ORG/NAME; for the rest check its repository out" in ended.stderr
        assert site.requests == []

    @pytest.mark.parametrize(
        "arguments",
        [
            ("verify",), ("diff", "HEAD"), ("renew", MODEL), ("rotate",), ("publish",), ("approve", MODEL),
            ("revoke", MODEL, "--reason", "x"), ("add", MODEL, "--requested-by", "x", "--reason", "x"),
            ("export", "--format", "cyclonedx"), ("list", "--as-of", "2026-01-01"),
        ],
        ids=lambda arguments: " ".join(arguments[:3]),
    )  # fmt: skip
    def test_what_needs_its_files_says_so(self, registry: FakeRegistry, site: Site, arguments: tuple[str, ...]) -> None:
        ended = run("registry", *arguments, *self.options(registry, site))

        assert (ended.status, "names no registry in a directory" in ended.stderr) == (2, True)
        assert "next: Check the registry's repository out, and name the directory: --registry DIR" in ended.stderr
        assert site.requests == []

    def test_a_part_of_it_can_be_exported(
        self, registry: FakeRegistry, site: Site, tmp_path: Path, model: Path
    ) -> None:
        part = tmp_path / "part"
        assert run("registry", "export", MODEL, "--to", str(part), *self.options(registry, site)).status == 0
        trust = ("--registry", str(part), "--trust-digest", str(registry.trust_digest), "--offline")
        assert run("verify", MODEL, "--path", str(model), *trust).status == 0

    def test_who_somebody_is_to_it(self, registry: FakeRegistry, site: Site, tmp_path: Path) -> None:
        with serve(registry.sigstore) as server:
            (tmp_path / "token").write_text(server.token("alice@acme.test", issuer=registry.sigstore.url))
            (tmp_path / "config.json").write_text(json.dumps(server.trust_config()))
            login = ("--identity-token-file", str(tmp_path / "token"), "--trust-config", str(tmp_path / "config.json"))
            ended = run("registry", "whoami", *login, *self.options(registry, site))

        assert "principal alice, who holds: trust, approve, revoke" in ended.stdout
        assert not any(path.startswith(("models/", "head")) for path in site.requests)


def test_a_part_of_it_can_be_exported(registry: FakeRegistry, site: Site, model: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    export(registry.policy(registry_source=site.url), [ModelReference.parse(MODEL)], part, registry.now)

    verdict = registry.verify(MODEL, model, policy=registry.policy(registry_source=part))
    assert verdict.result is Result.PASSED
