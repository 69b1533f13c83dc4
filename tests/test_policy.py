"""The policy's file: those that are shipped, those that extend them, and those that are not valid."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verifier import limits
from verifier.digest import Digest
from verifier.errors import UndecidedError, UsageError
from verifier.finding import Severity
from verifier.policy import SHIPPED, Policy, PolicyDocument, shipped_policy
from verifier.resources import data_directory
from verifier.rules import RULES
from verifier.verdict import Effect

HEAD = 'schema = "model-verifier/policy/v1"\nname = "acme"\n'
TRUST = f"sha256:{'a' * 64}"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a policy file below its two obligatory lines, and give its path."""

    def write(text: str = "", *, head: str = HEAD) -> Path:
        path = tmp_path / "policies" / "acme.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(head + text, encoding="utf-8")
        return path

    return write


class TestShipped:
    def test_each_that_is_there_is_listed(self) -> None:
        assert {path.stem for path in data_directory("policies").glob("*.toml")} == set(SHIPPED)

    @pytest.mark.parametrize("name", SHIPPED)
    def test_each_loads_under_its_own_name(self, name: str) -> None:
        policy = Policy.load(name)

        assert policy.name == name
        assert policy.digest == Digest.of(shipped_policy(name).read_bytes())

    @pytest.mark.parametrize("name", SHIPPED)
    def test_each_begins_with_a_comment_for_a_first_reader(self, name: str) -> None:
        assert shipped_policy(name).read_text(encoding="utf-8").startswith("# ")

    def test_the_default_equals_the_codes_defaults(self) -> None:
        policy = Policy.load("default")
        bare = PolicyDocument.model_validate({"schema": "model-verifier/policy/v1", "name": "default"})

        assert policy == Policy("default", policy.digest)
        assert (bare.mode, bare.registry.source, bare.registry.min_version, bare.rules) == ("enforce", None, 0, {})
        assert (bare.pickle.mode, bare.publishers.known) == ("reject", ())

    def test_audit_only_reports(self) -> None:
        assert Policy.load("audit") == Policy("audit", Policy.load("audit").digest, enforced=False)

    def test_a_lockfile_has_no_registry(self) -> None:
        assert Policy.load("lockfile").registry_source == "none"

    def test_strict_denies_what_elsewhere_warns(self) -> None:
        warning = {rule.id for rule in RULES.values() if rule.severity is Severity.WARNING}

        assert warning <= {rule for rule, effect in Policy.load("strict").rules.items() if effect is Effect.DENY}

    def test_the_demonstration_pins_the_demonstrations_trust_file(self) -> None:
        policy = Policy.load("demo")

        assert isinstance(policy.registry_source, Path)
        assert policy.trust_digest == Digest.of((policy.registry_source / "trust" / "1.json").read_bytes())

    def test_the_sample_in_the_defaults_comment_is_a_policy(self, tmp_path: Path) -> None:
        lines = shipped_policy("default").read_text(encoding="utf-8").splitlines()
        sample = "\n".join(line.removeprefix("#   ") for line in lines if line.startswith("#   "))
        path = tmp_path / "sample.toml"
        path.write_text(sample.replace("sha256:...", TRUST), encoding="utf-8")

        assert Policy.load(path).trust_digest == Digest.parse(TRUST)


class TestFile:
    def test_everything_in_it_counts(self, write: Any) -> None:
        path = write(
            'mode = "audit"\n[registry]\nsource = "../registry"\n'
            f'trust_digest = "{TRUST}"\nmin_version = 7\n'
            '[rules]\npickle = "warn"\nremote-code = "ignore"\nunpinned-revision = "deny"\ndigest-mismatch = "deny"\n'
            '[publishers]\nknown = ["acme"]\n[pickle]\nmode = "reject"\n'
        )

        assert Policy.load(path) == Policy(
            name="acme",
            digest=Digest.of(path.read_bytes()),
            enforced=False,
            registry_source=path.parent / "../registry",
            trust_digest=Digest.parse(TRUST),
            min_version=7,
            rules={
                "pickle": Effect.WARN,
                "remote-code": Effect.IGNORED,
                "unpinned-revision": Effect.DENY,
                "digest-mismatch": Effect.DENY,
            },
            known_publishers=("acme",),
        )

    def test_a_registrys_path_is_relative_to_the_file(
        self, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write('[registry]\nsource = "../registry"\n')
        (tmp_path / "registry").mkdir()
        monkeypatch.chdir(tmp_path)

        source = Policy.load("policies/acme.toml").registry_source
        assert isinstance(source, Path)
        assert source.resolve() == tmp_path / "registry"

    @pytest.mark.parametrize("source", ["none", "https://models.example/registry"])
    def test_a_source_that_is_no_path_stays_as_it_is(self, source: str, write: Any) -> None:
        assert Policy.load(write(f'[registry]\nsource = "{source}"\n')).registry_source == source

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("modus = 1\n", "modus: Extra inputs are not permitted"),
            ("[registry]\nurl = 'x'\n", "registry.url: Extra inputs"),
            ("[tokens]\n", "tokens: Extra inputs"),
            ("mode = 'lax'\n", "mode: Input should be 'enforce' or 'audit'"),
            ("mode = true\n", "mode: Input should be"),
            ("[rules]\nno-such-rule = 'warn'\n", "'no-such-rule' is no rule; `model-verifier explain` lists them"),
            ("[rules]\npickle = 'allow'\n", "rules.pickle: Input should be 'deny', 'warn' or 'ignore'"),
            ("[rules]\nPickle = 'warn'\n", "'Pickle' is no rule"),
            ("[registry]\nmin_version = -1\n", "registry.min_version"),
            ("[registry]\nmin_version = '1'\n", "registry.min_version"),
            ("[registry]\nmin_version = true\n", "registry.min_version"),
            ("[registry]\nsource = ''\n", "registry.source"),
            ("[registry]\ntrust_digest = 'sha256:abc'\n", "registry.trust_digest"),
            (f"[registry]\ntrust_digest = '{TRUST.upper()}'\n", "registry.trust_digest"),
            (f"[registry]\ntrust_digest = '{TRUST}\\n'\n", "registry.trust_digest"),
            ("[pickle]\nmode = 'accept'\n", "pickle.mode"),
            ("[publishers]\nknown = 'acme'\n", "publishers.known"),
            ("extends = 'demo'\n", "extends"),
            ("extends = './other.toml'\n", "extends"),
            ("extends = ['strict', 'audit']\n", "extends"),
            ("schema = 'x'\n", "is not TOML"),
            ("[registry\n", "is not TOML"),
            ("a = 1979-13-01\n", "is not TOML"),
            ("a = 1979-05-27\n", "a: Extra inputs"),
            (f"a = {'1' * 5_000}\n", "is not TOML"),
            (f"a = {'[' * 5_000}\n", "is not TOML"),
        ],
    )
    def test_a_bad_one_is_a_usage_error_that_names_the_place(self, text: str, complaint: str, write: Any) -> None:
        path = write(text)
        with pytest.raises(UsageError) as caught:
            Policy.load(path)

        assert str(path) in caught.value.message
        assert complaint in caught.value.message
        assert caught.value.remedy != ""

    @pytest.mark.parametrize(
        ("raw", "complaint"),
        [
            (b"", "schema: Field required; name: Field required"),
            (b"\n# nothing\n", "schema: Field required"),
            (HEAD.replace("v1", "v2").encode(), "schema: Input should be 'model-verifier/policy/v1'"),
            (HEAD.replace("acme", "Ac me").encode(), "name: "),
            (HEAD.replace("acme", "acme\\n").encode(), "name: "),
            (HEAD.encode() + b"# \xe9\xff\n", "is not UTF-8 (byte 52)"),
            (b"\xef\xbb\xbf" + HEAD.encode(), "is not TOML"),
            (b"\xff\xfe" + HEAD.encode("utf-16-le"), "is not UTF-8 (byte 0)"),
            (b"\0" * 100, "is not TOML"),
            (b"#" * (limits.MAX_POLICY + 1), "is larger than the limit of 1,048,576 bytes"),
        ],
    )
    def test_bytes_that_are_none(self, raw: bytes, complaint: str, tmp_path: Path) -> None:
        path = tmp_path / "policy.toml"
        path.write_bytes(raw)
        with pytest.raises(UsageError) as caught:
            Policy.load(path)

        assert complaint in caught.value.message

    @pytest.mark.parametrize(
        ("name", "complaint"),
        [
            ("policies", "is a directory"),
            ("fifo", "is not a regular file"),
            ("nowhere", "is not there"),
            ("no-such-name", "shipped policies: default, strict"),
            ("policies/acme.toml/policy.toml", "is not there"),
            ("nul\0byte", "is not there"),
        ],
    )
    def test_what_is_no_file(
        self, name: str, complaint: str, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write()
        os.mkfifo(tmp_path / "fifo")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UsageError) as caught:
            Policy.load(name)

        assert complaint in f"{caught.value.message} {caught.value.remedy}"

    def test_one_that_the_system_will_not_read_is_undecided(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(UndecidedError):
            Policy.load(tmp_path / "loop")

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
    @given(st.binary(max_size=60), st.integers(0, len(HEAD)))
    def test_no_bytes_raise_anything_else(self, tmp_path: Path, noise: bytes, at: int) -> None:
        path = tmp_path / "policy.toml"
        path.write_bytes(HEAD.encode()[:at] + noise + HEAD.encode()[at:])
        with suppress(UsageError):
            assert isinstance(Policy.load(path), Policy)


class TestExtends:
    def test_tables_are_merged_and_the_rest_is_replaced(self, write: Any) -> None:
        path = write('extends = "strict"\n[rules]\ntyposquatted-publisher = "warn"\npickle = "warn"\n')

        policy = Policy.load(path)
        assert policy.name == "acme"
        assert policy.rules == {
            "typosquatted-publisher": Effect.WARN,
            "cloned-model": Effect.DENY,
            "unpinned-revision": Effect.DENY,
            "unresolved-reference": Effect.DENY,
            "writable-path": Effect.DENY,
            "pickle": Effect.WARN,
        }

    def test_what_is_not_said_is_taken_over(self, write: Any) -> None:
        assert not Policy.load(write('extends = "audit"\n')).enforced
        assert Policy.load(write('extends = "audit"\nmode = "enforce"\n')).enforced
        assert Policy.load(write('extends = "lockfile"\n')).registry_source == "none"

    def test_the_digest_covers_both(self, write: Any) -> None:
        path = write('extends = "strict"\n')

        assert Policy.load(path).digest not in (Digest.of(path.read_bytes()), Policy.load("strict").digest)

    def test_no_shipped_policy_extends_another(self) -> None:
        """So that one level is all there is."""
        assert all("\nextends" not in shipped_policy(name).read_text(encoding="utf-8") for name in SHIPPED)


class TestTheGatesExceptions:
    def write(self, tmp_path: Path, more: str) -> Path:
        path = tmp_path / "policy.toml"
        path.write_text(f'schema = "model-verifier/policy/v1"\nname = "acme"\n{more}')
        return path

    EXCEPTION = """
[[exceptions]]
rule = "trust-remote-code"
path = "a.py"
owner = "team"
reason = "r"
expires = 2027-01-31
"""
    AUDIT = '[[audit]]\npath = "research/"\nuntil = 2027-01-31\n'

    def test_are_read(self, tmp_path: Path) -> None:
        policy = Policy.load(self.write(tmp_path, self.EXCEPTION + self.AUDIT))

        assert [(each.rule, each.owner, str(each.expires)) for each in policy.exceptions] == [
            ("trust-remote-code", "team", "2027-01-31")
        ]
        assert [(each.path, str(each.until)) for each in policy.audited] == [("research", "2027-01-31")]

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ("trust-remote-code", "nonsense", "is no rule"),
            ("trust-remote-code", "new-suppression", "can't be excepted"),
            ("trust-remote-code", "unapproved-model", "can't be excepted"),
            ('owner = "team"\n', "", "owner"),
            ('reason = "r"\n', "", "reason"),
            ("expires = 2027-01-31\n", "", "expires"),
            ("2027-01-31", '"2027-01-31"', "expires"),
            ("2027-01-31", "2027-01-31T10:00:00Z", "expires"),
            ('"a.py"', '"../a.py"', "path"),
            ('"a.py"', '"/a.py"', "path"),
        ],
    )
    def test_are_whole_or_bad_input(self, tmp_path: Path, old: str, new: str, says: str) -> None:
        with pytest.raises(UsageError, match=says):
            Policy.load(self.write(tmp_path, self.EXCEPTION.replace(old, new)))

    @pytest.mark.parametrize("path", ["", "/", "../x", "a/../b"])
    def test_an_audit_is_of_a_path_in_the_repository(self, tmp_path: Path, path: str) -> None:
        with pytest.raises(UsageError, match="audit"):
            Policy.load(self.write(tmp_path, self.AUDIT.replace("research/", path)))
