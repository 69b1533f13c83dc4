"""What decides is the target branch's: whatever a change does to policy, registry and lock, it does not help itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.registry import NOW, FakeRegistry
from tests.gate import COMMIT, EVIL, PINNED, Checkout, denied, policy_text, said
from tests.test_git import commit, git
from verifier.document import to_bytes
from verifier.errors import UsageError
from verifier.lockfile import Lock, LockedModel
from verifier.registry.documents import FileEntry
from verifier.verdict import Effect, Result

UNPINNED = PINNED.replace(f', revision="{COMMIT}"', "")


def lock_of(*models: str) -> bytes:
    entries = [
        LockedModel(
            model=model.partition("@")[0],
            revision=model.partition("@")[2],
            locked_at=NOW,
            files={"a.safetensors": FileEntry(sha256="a" * 64, size=1)},
        )
        for model in models
    ]
    return to_bytes(Lock(schema="model-verifier/lock/v1", models=tuple(entries)))


class TestPolicy:
    def test_that_the_change_lowers_does_not_count(self, checkout: Checkout) -> None:
        text = (checkout.root / "gate.toml").read_text()
        checkout.change({"gate.toml": text.replace("default", "audit"), "src/new.py": EVIL})

        assert checkout.judge().exit_status == 3

    def test_that_the_change_removes_is_still_there(self, checkout: Checkout) -> None:
        checkout.git("checkout", "--quiet", "-b", "change")
        checkout.git("rm", "--quiet", "gate.toml")
        checkout.change({"src/new.py": EVIL})

        assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]

    def test_that_the_change_brings_is_refused(self, checkout: Checkout) -> None:
        checkout.change({"own.toml": (checkout.root / "gate.toml").read_text(), "src/new.py": EVIL})

        with pytest.raises(UsageError, match="a change can't bring what decides about it"):
            checkout.judge(policy="own.toml")

    def test_that_the_change_turns_into_a_link_is_the_targets_file(self, checkout: Checkout, tmp_path: Path) -> None:
        lax = tmp_path / "lax.toml"
        lax.write_text((checkout.root / "gate.toml").read_text().replace("default", "audit"))
        checkout.git("checkout", "--quiet", "-b", "change")
        (checkout.root / "gate.toml").unlink()
        (checkout.root / "gate.toml").symlink_to(lax)
        checkout.change({"src/new.py": EVIL})

        with pytest.raises(UsageError, match="link or a submodule"):
            checkout.judge()

    def test_behind_a_directory_that_the_change_turns_into_a_link(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.commit({"ci/gate.toml": policy_text(checkout.registry, "../registry")})
        (tmp_path / "lax").mkdir()
        (tmp_path / "lax/gate.toml").write_text(policy_text(checkout.registry, "../registry", 'mode = "audit"\n'))
        checkout.git("checkout", "--quiet", "-b", "change")
        checkout.git("rm", "--quiet", "-r", "ci")
        (checkout.root / "ci").symlink_to(tmp_path / "lax")
        checkout.change({"src/new.py": EVIL})

        with pytest.raises(UsageError, match="link or a submodule"):
            checkout.judge(policy="ci/gate.toml")

    def test_is_the_tips_and_not_the_merge_bases(self, checkout: Checkout) -> None:
        """The branch may be older than a rule that main has got since."""
        checkout.change({"src/new.py": UNPINNED})
        checkout.git("checkout", "--quiet", "main")
        checkout.commit(
            {"gate.toml": (checkout.root / "gate.toml").read_text() + '\n[rules]\nunpinned-revision="deny"\n'}
        )
        checkout.git("checkout", "--quiet", "change")

        assert denied(checkout.judge()) == [("unpinned-revision", "src/new.py:2")]

    def test_outside_of_the_repository_is_read_where_it_is(self, checkout: Checkout, tmp_path: Path) -> None:
        policy = tmp_path / "central.toml"
        policy.write_text(policy_text(checkout.registry, str(checkout.root / "registry"), 'mode = "audit"\n'))
        checkout.change({"src/new.py": EVIL})
        verdict = checkout.judge(policy=policy)

        assert (verdict.result, verdict.enforced) == (Result.FAILED, False)

    def test_in_an_untracked_checkout_beside_the_change(self, checkout: Checkout) -> None:
        """Where a workflow fetches a central repository into the workspace."""
        central = checkout.root / "central"
        central.mkdir()
        git(central, "init", "--quiet")
        commit(central, {"gate.toml": policy_text(checkout.registry, "../registry", 'mode = "audit"\n').encode()})
        (checkout.root / ".git/info/exclude").write_text("central/\n")
        checkout.change({"src/new.py": EVIL})

        assert checkout.judge(policy="central/gate.toml").enforced is False

    def test_that_is_none_is_said_with_its_own_name(self, checkout: Checkout) -> None:
        with pytest.raises(UsageError, match=r"nowhere.toml' is not there"):
            checkout.judge(policy="nowhere.toml")

    def test_that_is_a_directory(self, checkout: Checkout) -> None:
        with pytest.raises(UsageError, match="is no file on the target branch"):
            checkout.judge(policy=checkout.root / "src")

    def test_found_by_a_link_from_outside(self, checkout: Checkout, tmp_path: Path) -> None:
        (tmp_path / "linked.toml").symlink_to(checkout.root / "gate.toml")
        text = (checkout.root / "gate.toml").read_text()
        checkout.change({"gate.toml": text.replace("default", "audit"), "src/new.py": EVIL})

        assert checkout.judge(policy=tmp_path / "linked.toml").exit_status == 3


class TestRegistry:
    def test_that_the_change_fills_does_not_approve_it(self, checkout: Checkout, model: Path) -> None:
        checkout.git("checkout", "--quiet", "-b", "change")
        checkout.registry.approve("evil/llama", model)
        checkout.registry.publish()
        checkout.change({"src/new.py": EVIL})

        assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]

    def test_that_the_change_replaces_by_its_own_does_not_count(self, checkout: Checkout, model: Path) -> None:
        checkout.git("checkout", "--quiet", "-b", "change")
        own = FakeRegistry(checkout.root / "own", name="acme")
        own.approve("evil/llama", model)
        own.publish()
        checkout.change({"gate.toml": policy_text(own, "own"), "src/new.py": EVIL})

        assert ("unapproved-model", "src/new.py:2") in denied(checkout.judge())

    def test_that_the_change_removes_is_still_the_tips(self, checkout: Checkout) -> None:
        checkout.git("checkout", "--quiet", "-b", "change")
        checkout.git("rm", "--quiet", "-r", "registry")
        checkout.change({"src/new.py": PINNED, "src/evil.py": EVIL})

        assert not (checkout.root / "registry").exists()
        assert denied(checkout.judge()) == [("unapproved-model", "src/evil.py:2")]

    def test_behind_a_url_is_not_asked_offline(self, checkout: Checkout) -> None:
        text = policy_text(checkout.registry, "https://registry.invalid/")
        checkout.commit({"gate.toml": text})
        checkout.change({"src/new.py": PINNED})

        assert checkout.judge(offline=True).result is Result.UNDECIDED

    def test_s_own_documents_load_nothing(self, checkout: Checkout, model: Path) -> None:
        """Else nobody could ask for an approval."""
        checkout.git("checkout", "--quiet", "-b", "change")
        checkout.registry.approve("evil/llama", model)
        checkout.registry.publish()
        checkout.change()

        assert checkout.judge().headline.startswith("no model reference is added (0 files")

    def test_s_directory_hides_no_source(self, checkout: Checkout) -> None:
        checkout.change({"registry/load.py": EVIL, "registry/models/a/b/c.py": EVIL})

        assert [place for _, place in denied(checkout.judge())] == ["registry/load.py:2", "registry/models/a/b/c.py:2"]

    def test_named_by_an_option_is_the_tips_too(self, checkout: Checkout, model: Path) -> None:
        checkout.git("checkout", "--quiet", "-b", "change")
        digest = str(checkout.registry.trust_digest)
        checkout.registry.approve("evil/llama", model)
        checkout.registry.publish()
        checkout.change({"src/new.py": EVIL})
        verdict = checkout.judge(policy="default", registry=str(checkout.root / "registry"), trust_digest=digest)

        assert denied(verdict) == [("unapproved-model", "src/new.py:2")]

    def test_that_only_the_change_has_is_refused(self, checkout: Checkout) -> None:
        checkout.git("checkout", "--quiet", "-b", "change")
        own = FakeRegistry(checkout.root / "own")
        own.publish()
        checkout.change({"src/new.py": EVIL})

        with pytest.raises(UsageError, match="the registry 'own' is not on the target branch"):
            checkout.judge(policy="default", registry=str(own.root), trust_digest=str(own.trust_digest))

    def test_outside_is_read_where_it_is(self, checkout: Checkout, tmp_path: Path) -> None:
        outside = FakeRegistry(tmp_path / "outside", name="outside")
        outside.publish()
        checkout.commit({"gate.toml": policy_text(outside, "../outside")})
        checkout.change({"src/new.py": PINNED})

        assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]

    def test_in_a_submodule_that_the_change_moves_is_refused(self, checkout: Checkout, tmp_path: Path) -> None:
        apart = tmp_path / "apart"
        apart.mkdir()
        registry = FakeRegistry(apart)
        registry.publish()
        git(apart, "init", "--quiet")
        commit(apart, {})
        checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(apart), "shared")
        checkout.commit({"gate.toml": policy_text(registry, "shared")})
        checkout.change({"src/new.py": PINNED})
        assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]

        git(checkout.root / "shared", "commit", "--quiet", "--allow-empty", "--message", "x")
        checkout.change()
        with pytest.raises(UsageError, match="link or a submodule"):
            checkout.judge()

    def test_with_a_link_in_it_is_not_believed(self, checkout: Checkout) -> None:
        head = checkout.root / "registry/head.json"
        head.rename(checkout.root / "registry/elsewhere.json")
        head.symlink_to("elsewhere.json")
        checkout.commit()
        checkout.change({"src/new.py": PINNED})
        verdict = checkout.judge()

        assert verdict.error is not None
        assert "no plain file" in verdict.error.message

    def test_with_too_many_revocations_is_not_believed(
        self, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("verifier.limits.MAX_REVOCATION_FILES", 0)
        checkout.registry.revoke("tiny", model="acme/tiny")
        checkout.commit()
        checkout.change({"src/new.py": PINNED})

        assert checkout.judge().result is Result.UNDECIDED


class TestLock:
    def test_the_changes_own_pins(self, checkout: Checkout) -> None:
        checkout.change({"src/new.py": UNPINNED, "models.lock": lock_of(f"acme/tiny@{COMMIT}")})

        assert said(checkout.judge()) == []

    def test_the_changes_own_approves_nothing(self, checkout: Checkout) -> None:
        evil = EVIL.replace("evil/llama", "evil/model")
        checkout.change({"src/new.py": evil, "models.lock": lock_of(f"evil/model@{COMMIT}")})

        assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]

    def test_the_changes_own_can_t_move_a_name_to_another_commit(self, checkout: Checkout) -> None:
        checkout.change({"src/new.py": UNPINNED, "models.lock": lock_of(f"acme/tiny@{'0' * 40}")})

        assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]

    def test_under_a_lock_policy_the_targets_decides(self, checkout: Checkout) -> None:
        checkout.commit({"models.lock": lock_of(f"acme/tiny@{COMMIT}")})
        checkout.change(
            {"src/new.py": UNPINNED + EVIL, "models.lock": lock_of(f"acme/tiny@{COMMIT}", f"evil/llama@{COMMIT}")}
        )
        verdict = checkout.judge(policy="lockfile", lock="models.lock")

        assert denied(verdict) == [("unapproved-model", "src/new.py:4")]
        assert said(verdict, Effect.WARN) == []

    def test_under_a_lock_policy_another_pin_than_the_targets_is_refused(self, checkout: Checkout) -> None:
        checkout.commit({"models.lock": lock_of(f"acme/tiny@{COMMIT}")})
        checkout.change({"src/new.py": UNPINNED, "models.lock": lock_of(f"acme/tiny@{'0' * 40}")})

        assert denied(checkout.judge(policy="lockfile", lock="models.lock")) == [("unapproved-model", "src/new.py:2")]

    def test_that_only_the_change_has_decides_nothing(self, checkout: Checkout) -> None:
        checkout.change({"src/new.py": UNPINNED, "models.lock": lock_of(f"acme/tiny@{COMMIT}")})

        with pytest.raises(UsageError, match="a change can't bring what decides about it"):
            checkout.judge(policy="lockfile", lock="models.lock")

    def test_none_under_a_lock_policy_is_asked_for(self, checkout: Checkout) -> None:
        checkout.change({"src/new.py": UNPINNED})

        with pytest.raises(UsageError, match="the lock alone decides"):
            checkout.judge(policy="lockfile")

    def test_that_is_broken_is_bad_input(self, checkout: Checkout) -> None:
        checkout.change({"src/new.py": UNPINNED, "models.lock": "{}"})

        with pytest.raises(UsageError, match=r"the change's models.lock"):
            checkout.judge()

    def test_with_several_commits_pins_nothing(self, checkout: Checkout) -> None:
        lock = lock_of(f"acme/tiny@{'0' * 40}", f"acme/tiny@{'1' * 40}")
        checkout.change({"src/new.py": UNPINNED, "models.lock": lock})

        assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]


class TestExceptions:
    REMOTE = PINNED.replace(")\n", ", trust_remote_code=True)\n")

    def policy(self, checkout: Checkout, more: str) -> None:
        checkout.commit({"gate.toml": (checkout.root / "gate.toml").read_text() + more})

    def exception(self, path: str = "eval/legacy.py", expires: str = "2027-01-31") -> str:
        return (
            f'\n[[exceptions]]\nrule = "trust-remote-code"\npath = "{path}"\nowner = "eval-team"\n'
            f'reason = "reviewed"\nexpires = {expires}\n'
        )

    def test_the_switch_denies(self, checkout: Checkout) -> None:
        checkout.change({"eval/legacy.py": self.REMOTE})

        assert denied(checkout.judge()) == [("trust-remote-code", "eval/legacy.py:2")]

    def test_an_exception_of_the_targets_excuses_it_and_is_named(self, checkout: Checkout) -> None:
        self.policy(checkout, self.exception())
        checkout.change({"eval/legacy.py": self.REMOTE})
        verdict = checkout.judge()

        assert said(verdict, Effect.WAIVED) == [("trust-remote-code", "eval/legacy.py:2")]
        assert verdict.result is Result.PASSED
        assert any("eval-team: reviewed" in notice for notice in verdict.notices)
        assert [(waiver.path, waiver.used) for waiver in verdict.waivers] == [("eval/legacy.py", True)]

    def test_for_another_file_it_is_none(self, checkout: Checkout) -> None:
        self.policy(checkout, self.exception("eval/other.py"))
        checkout.change({"eval/legacy.py": self.REMOTE})

        assert checkout.judge().result is Result.FAILED

    @pytest.mark.parametrize("expires", ["2026-11-20", "2026-01-01"])
    def test_one_that_is_over_has_no_effect_and_is_named(self, checkout: Checkout, expires: str) -> None:
        self.policy(checkout, self.exception(expires=expires))
        checkout.change({"eval/legacy.py": self.REMOTE})
        verdict = checkout.judge()

        assert verdict.result is Result.FAILED
        assert any("ended on" in notice and "eval-team" in notice for notice in verdict.notices)

    def test_one_that_the_change_adds_has_no_effect(self, checkout: Checkout) -> None:
        text = (checkout.root / "gate.toml").read_text()
        checkout.change({"eval/legacy.py": self.REMOTE, "gate.toml": text + self.exception()})

        assert checkout.judge().result is Result.FAILED

    def test_it_reaches_no_rule_about_approval(self, checkout: Checkout) -> None:
        self.policy(checkout, self.exception().replace("trust-remote-code", "unapproved-model"))

        with pytest.raises(UsageError, match="can't be excepted"):
            checkout.judge()

    def test_a_path_under_audit_only_warns(self, checkout: Checkout) -> None:
        self.policy(checkout, '\n[[audit]]\npath = "research/"\nuntil = 2027-01-31\n')
        checkout.change({"research/deep/a.py": EVIL, "research.py": EVIL, "research2/a.py": EVIL})
        verdict = checkout.judge()

        assert said(verdict, Effect.WARN) == [("unapproved-model", "research/deep/a.py:2")]
        assert [place for _, place in denied(verdict)] == ["research.py:2", "research2/a.py:2"]

    def test_an_audit_that_is_over_is_named(self, checkout: Checkout) -> None:
        self.policy(checkout, '\n[[audit]]\npath = "research"\nuntil = 2026-11-20\n')
        checkout.change({"research/a.py": EVIL})
        verdict = checkout.judge()

        assert denied(verdict) == [("unapproved-model", "research/a.py:2")]
        assert any("the audit of research ended" in notice for notice in verdict.notices)


class TestSuppressions:
    DYNAMIC = "from transformers import AutoModel\nAutoModel.from_pretrained(name){}\n"
    PRAGMA = "  # model-verifier: ignore[unresolved-reference] chosen by the user"

    def test_one_that_main_has_silences_a_warning_and_is_listed(self, checkout: Checkout) -> None:
        checkout.commit({"load.py": self.DYNAMIC.format(self.PRAGMA)})
        checkout.change({"src/new.py": "y = 2\n"})
        verdict = checkout.judge(everything=True)

        assert said(verdict) == [("unresolved-reference", "load.py:2")]
        assert [reference.status for reference in verdict.references or ()] == ["ignored"]

    def test_without_it_there_is_a_warning(self, checkout: Checkout) -> None:
        checkout.change({"load.py": self.DYNAMIC.format("")})
        verdict = checkout.judge()

        assert said(verdict, Effect.WARN) == [("unresolved-reference", "load.py:2")]
        assert [reference.status for reference in verdict.references or ()] == ["unresolved"]

    def test_one_that_the_change_adds_is_refused(self, checkout: Checkout) -> None:
        checkout.change({"load.py": self.DYNAMIC.format(self.PRAGMA)})

        assert denied(checkout.judge()) == [("new-suppression", "load.py:2")]

    def test_a_second_one_of_the_same_words_is_new(self, checkout: Checkout) -> None:
        checkout.commit({"load.py": self.DYNAMIC.format(self.PRAGMA)})
        more = self.DYNAMIC.format(self.PRAGMA).replace("name", "other")
        checkout.change({"load.py": self.DYNAMIC.format(self.PRAGMA) + more})

        assert denied(checkout.judge()) == [("new-suppression", "load.py:4")]

    def test_all_of_main_is_no_change(self, checkout: Checkout) -> None:
        checkout.commit({"load.py": self.DYNAMIC.format(self.PRAGMA)})

        assert checkout.judge().result is Result.PASSED

    def test_it_silences_no_denial_and_that_is_said(self, checkout: Checkout) -> None:
        line = EVIL.rstrip() + "  # model-verifier: ignore[unapproved-model] trust me\n"
        checkout.commit({"load.py": line})
        checkout.change({"src/new.py": "y = 2\n"})
        verdict = checkout.judge(everything=True)

        assert denied(verdict) == [("unapproved-model", "load.py:2")]
        assert any("load.py:2 silences warnings only" in notice for notice in verdict.notices)

    def test_without_a_reason_it_silences_nothing(self, checkout: Checkout) -> None:
        bare = "  # model-verifier: ignore[unresolved-reference]"
        checkout.commit({"load.py": self.DYNAMIC.format(bare)})
        verdict = checkout.judge()

        assert said(verdict, Effect.WARN) == [("unresolved-reference", "load.py:2")]

    def test_where_the_policy_denies_it_does_not_help(self, checkout: Checkout) -> None:
        text = (checkout.root / "gate.toml").read_text() + '\n[rules]\nunresolved-reference = "deny"\n'
        checkout.commit({"load.py": self.DYNAMIC.format(self.PRAGMA), "gate.toml": text})

        assert denied(checkout.judge()) == [("unresolved-reference", "load.py:2")]
