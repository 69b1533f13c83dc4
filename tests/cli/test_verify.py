"""`model-verifier verify`: what is asked, what is answered, and with which exit status."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli import DEMO, NAME, run
from tests.conftest import DEMO_MODEL
from verifier import snapshot
from verifier.policy import Policy
from verifier.resources import data_directory

REGISTRY = str(data_directory("registry"))
TRUST = str(Policy.load("demo").trust_digest)
OTHER_TRUST = f"sha256:{'0' * 64}"
PATH = ("--path", str(DEMO_MODEL))


@pytest.fixture
def flipped(model: Path) -> Path:
    """The model with one bit of one shard flipped."""
    shard = model / "model-00001-of-00002.safetensors"
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    return model


def test_an_approved_model_passes_in_two_lines() -> None:
    ended = run("verify", *DEMO)

    assert ended.status == 0
    assert ended.stdout.startswith(f"PASSED  {NAME}@")
    assert ended.stdout.count("\n") == 2
    assert ended.stderr == ""


def test_a_changed_model_is_refused_on_stdout(flipped: Path) -> None:
    ended = run("verify", NAME, "--path", str(flipped), "--policy", "demo")

    assert ended.status == 3
    assert ended.stdout.startswith("FAILED")
    assert "digest-mismatch  model-00001-of-00002.safetensors" in ended.stdout
    assert ended.stderr == ""


def test_what_can_not_be_decided_says_why_and_what_next() -> None:
    ended = run("verify", *DEMO, "--trust-digest", OTHER_TRUST, "--format", "json")

    assert ended.status == 4
    assert ended.report["result"] == "UNDECIDED"
    assert ended.report["error"]["code"] == "trust-mismatch"
    assert OTHER_TRUST in ended.report["error"]["message"]
    assert "sha256sum" in ended.report["error"]["remedy"]
    assert ended.report["outcomes"] == []
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("./model", "verify ORG/NAME --path DIR"),
        ("../model", "verify ORG/NAME --path DIR"),
        ("/models/tiny", "verify ORG/NAME --path DIR"),
        (".", "verify ORG/NAME --path DIR"),
        ("datasets/acme/corpus", "a data set"),
        ("spaces/acme/chat", "a space"),
        ("https://huggingface.co/datasets/acme/corpus", "a data set"),
        ("https://huggingface.co/spaces/acme/chat", "a space"),
        ("https://models.example/acme/tiny", "not a URL of the Hugging Face Hub"),
        ("lantern-tiny", f"Write {NAME}."),
        ("tiny", "no publisher"),
        ("acme/tiny/x", "more than one slash"),
        ("acme/tiny@", "without a revision"),
        ("", "is empty"),
        ("acme/ti\x1b[31mny", "U+001B"),
    ],
)
def test_what_is_no_model_reference_is_a_usage_error_with_a_hint(reference: str, hint: str) -> None:
    ended = run("verify", reference, *PATH, "--policy", "demo")

    assert (ended.status, ended.stdout) == (2, "")
    assert hint in ended.stderr
    assert "\x1b" not in ended.stderr


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ((*PATH,), "--policy FILE"),
        ((*PATH,), "--lock models.lock"),
        (("--policy", "demo"), "--path DIR"),
        (("--policy", "demo", "--path", "nowhere"), "'nowhere' is not there"),
        (("--policy", "demo", "--path", __file__), "is not a directory"),
        ((*PATH, "--policy", "default"), "trust_digest"),
        ((*PATH, "--policy", "lockfile"), "--lock models.lock"),
        ((*PATH, "--policy", "demo", "--set", "gguf"), "Choose one of: default."),
        ((*PATH, "--policy", "demo", "--mode", "lax"), "--mode"),
        ((*PATH, "--policy", "demo", "--format", "xml"), "--format"),
        ((*PATH, "--policy", "demo", "--min-version", "-1"), "--min-version"),
        ((*PATH, "--policy", "demo", "--min-version", "x"), "--min-version"),
        ((*PATH, "--policy", "demo", "--trust-digest", "sha256:abc"), "64 lower-case hexadecimal digits"),
        ((*PATH, "--policy", "demo", "--trust-digest", TRUST.upper()), "64 lower-case hexadecimal digits"),
        ((*PATH, "--registry", "http://models.example/registry", "--trust-digest", TRUST), "https"),
        ((*PATH, "--registry", __file__, "--trust-digest", TRUST), "not a directory"),
        ((*PATH, "--registry", "nowhere", "--trust-digest", TRUST), "not a directory"),
        ((*PATH, "--registry", REGISTRY, "--policy", "default"), "--trust-digest"),
        ((*PATH, "--registry", REGISTRY), "--trust-digest"),
    ],
)
def test_what_can_not_be_meant_is_a_usage_error_with_a_hint(
    options: tuple[str, ...], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    ended = run("verify", NAME, *options)

    assert (ended.status, ended.stdout) == (2, "")
    assert hint in " ".join(ended.stderr.split())


@pytest.mark.parametrize(
    ("options", "policy"),
    [
        (("--registry", "demo"), "demo"),
        (("--registry", "demo", "--trust-digest", TRUST), "demo"),
        (("--registry", REGISTRY, "--trust-digest", TRUST), "default"),
        (("--registry", REGISTRY, "--trust-digest", TRUST, "--policy", "strict"), "strict"),
    ],
)
def test_a_registry_can_be_named(options: tuple[str, ...], policy: str) -> None:
    ended = run("verify", NAME, *PATH, *options, "--format", "json")

    assert ended.status == 0
    assert ended.report["policy"]["name"] == policy
    assert ended.report["registry"]["name"] == "demo-registry"


def test_a_hint_names_the_model_whose_letters_case_differs() -> None:
    ended = run("verify", "Lanternworks/lantern-tiny", *PATH, "--policy", "demo")

    assert ended.status == 3
    assert "write lanternworks/lantern-tiny" in ended.stdout


def test_a_lowest_version_only_raises(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    demo = (data_directory("policies") / "demo.toml").read_text().replace("../registry", REGISTRY)
    policy.write_text(f"{demo}min_version = 7\n")

    ended = run("verify", NAME, *PATH, "--policy", str(policy), "--min-version", "1", "--format", "json")
    assert ended.status == 4
    assert ended.report["error"]["code"] == "head-stale"
    assert "at least 7" in ended.report["error"]["message"]

    assert "at least 8" in run("verify", NAME, *PATH, "--policy", str(policy), "--min-version", "8").stdout


def test_the_named_revision_is_warned_about_or_denied_by_the_policy() -> None:
    options = ("--registry", REGISTRY, "--trust-digest", TRUST)
    warned = run("verify", f"{NAME}@main", *PATH, *options)
    assert warned.status == 0
    assert "warning unpinned-revision" in warned.stdout

    denied = run("verify", f"{NAME}@main", *PATH, *options, "--policy", "strict", "--format", "json")
    assert (denied.status, denied.rules) == (3, ["unpinned-revision"])


def test_files_are_not_read_where_the_closed_set_already_denies(flipped: Path) -> None:
    (flipped / "notes.txt").write_text("beside the weights")
    options = (NAME, "--path", str(flipped), "--policy", "demo", "--format", "json")

    assert run("verify", *options).rules == ["unlisted-file"]
    assert run("verify", *options, "--all-findings").rules == ["unlisted-file", "digest-mismatch"]


class TestPrecedence:
    """1, 2, 3, 4, 0: one certain denial beats any doubt."""

    @pytest.fixture
    def _bad_disk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_arguments: Any, **_options: Any) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(snapshot, "hash_descriptor", fail)

    @pytest.mark.usefixtures("_bad_disk")
    def test_a_file_that_can_not_be_read_is_undecided(self, model: Path) -> None:
        ended = run("verify", NAME, "--path", str(model), "--policy", "demo", "--format", "json")

        assert ended.status == 4
        assert ended.report["error"]["code"] == "unreadable"
        assert "Input/output error" in ended.report["error"]["message"]

    @pytest.mark.usefixtures("_bad_disk")
    def test_a_refusal_beats_a_file_that_can_not_be_read(self, model: Path) -> None:
        (model / "modeling_lantern.py").touch()
        ended = run("verify", NAME, "--path", str(model), "--policy", "demo", "--format", "json", "--all-findings")
        assert (ended.status, ended.rules) == (3, ["unlisted-file"])

    def test_a_usage_error_beats_a_refusal(self) -> None:
        assert run("verify", "lantrenworks/lantern-tiny", "--path", "nowhere", "--policy", "demo").status == 2


class TestAudit:
    def test_a_refusal_is_reported_and_not_enforced(self, flipped: Path) -> None:
        options = (NAME, "--path", str(flipped), "--policy", "demo", "--mode", "audit")
        ended = run("verify", *options, "--format", "json")

        assert ended.status == 0
        assert (ended.report["result"], ended.report["enforced"]) == ("FAILED", False)
        assert ended.rules == ["digest-mismatch"]
        assert run("verify", *options).stdout.startswith("FAILED (audit: not enforced)")

    def test_doubt_is_reported_and_not_enforced(self) -> None:
        options = (*DEMO, "--mode", "audit", "--trust-digest", OTHER_TRUST)
        ended = run("verify", *options, "--format", "json")

        assert ended.status == 0
        assert (ended.report["result"], ended.report["enforced"]) == ("UNDECIDED", False)
        assert run("verify", *options).stdout.startswith("UNDECIDED (audit: not enforced)")

    def test_a_usage_error_stays_one(self) -> None:
        assert run("verify", NAME, "--policy", "demo", "--path", "nowhere", "--mode", "audit").status == 2

    def test_a_policy_can_ask_for_it_and_an_option_can_take_it_back(self, flipped: Path, tmp_path: Path) -> None:
        policy = tmp_path / "policy.toml"
        policy.write_text(
            'schema = "model-verifier/policy/v1"\nname = "acme"\nextends = "audit"\n'
            f'[registry]\nsource = "{REGISTRY}"\ntrust_digest = "{TRUST}"\n'
        )
        options = (NAME, "--path", str(flipped), "--policy", str(policy))

        assert run("verify", *options).status == 0
        assert run("verify", *options, "--mode", "enforce").status == 3


class TestVariables:
    def test_each_option_has_one(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        output = tmp_path / "report.json"
        variables = {
            "POLICY": "strict", "REGISTRY": REGISTRY, "TRUST_DIGEST": TRUST, "MIN_VERSION": "1", "SET": "default",
            "MODE": "audit", "FORMAT": "json", "OUTPUT": str(output), "OFFLINE": "1", "NO_PROGRESS": "1",
            "PATH": str(DEMO_MODEL), "ALL_FINDINGS": "1",
        }  # fmt: skip
        for name, value in variables.items():
            monkeypatch.setenv(f"MODEL_VERIFIER_{name}", value)

        ended = run("verify", NAME)

        assert (ended.status, ended.stdout, ended.stderr) == (0, "", "")
        assert '"name": "strict"' in output.read_text()
        assert '"enforced": false' in output.read_text()

    @pytest.mark.parametrize(
        ("name", "value", "option"),
        [
            ("POLICY", "nowhere.toml", ("--policy", "demo")),
            ("PATH", "nowhere", PATH),
            ("MODE", "lax", ("--mode", "enforce")),
            ("FORMAT", "xml", ("--format", "text")),
            ("MIN_VERSION", "1000", ("--min-version", "1")),
            ("TRUST_DIGEST", OTHER_TRUST, ("--trust-digest", TRUST)),
            ("SET", "gguf", ("--set", "default")),
        ],
    )
    def test_an_option_wins(
        self, name: str, value: str, option: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(f"MODEL_VERIFIER_{name}", value)

        assert run("verify", *DEMO, *option).status == 0

    def test_one_that_means_nothing_is_a_usage_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MODEL_VERIFIER_OFFLINE", "perhaps")

        assert run("verify", *DEMO).status == 2


def test_nothing_in_the_working_directory_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout may be an attacker's: neither a policy nor a lock is discovered there, nor a shipped name taken."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(data_directory("policies") / "audit.toml", tmp_path / "policy.toml")
    for name in ("demo", "default", "policy", ".model-verifier.toml", "model-verifier.toml"):
        shutil.copy(tmp_path / "policy.toml", tmp_path / name)
    (tmp_path / "models.lock").write_text('{"schema": "model-verifier/lock/v1", "models": []}')

    assert run("verify", NAME, *PATH).status == 2
    assert run("verify", NAME, *PATH, "--policy", "demo", "--format", "json").report["policy"]["name"] == "demo"
