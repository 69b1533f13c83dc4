"""Which models does a change add, and is each approved? From a base and a head to the verdict."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.registry import NOW, commit_of
from tests.gate import COMMIT, EVIL, PINNED, Checkout, denied, policy_text, said
from tests.test_git import git
from verifier.errors import UsageError
from verifier.gate import gate
from verifier.verdict import Effect, NamedReference, Result


def test_nothing_added_passes_and_says_so(checkout: Checkout) -> None:
    checkout.change({"logo.png": b"\x89PNG", "src/new.py": "y = 2\n"})
    verdict = checkout.judge()

    assert (verdict.result, verdict.exit_status) == (Result.PASSED, 0)
    assert verdict.headline == "no model reference is added (1 file searched, 2 changed)"
    assert verdict.references == ()


def test_an_approved_model_at_its_commit_passes(checkout: Checkout) -> None:
    checkout.change({"src/new.py": PINNED})
    verdict = checkout.judge()

    assert (verdict.result, said(verdict)) == (Result.PASSED, [])
    assert verdict.headline == "1 model is added (1 file searched, 1 changed)"
    assert verdict.registry is not None
    assert verdict.references == (NamedReference("acme/tiny", COMMIT, "src/new.py", 2, 27, "found"),)


def test_an_unapproved_model_is_refused_at_its_line(checkout: Checkout) -> None:
    checkout.change({"src/new.py": EVIL})
    verdict = checkout.judge()

    assert denied(verdict) == [("unapproved-model", "src/new.py:2")]
    assert (verdict.result, verdict.exit_status) == (Result.FAILED, 3)
    (judged,) = verdict.findings(Effect.DENY)
    assert judged.finding.message == "evil/llama is not in the registry 'acme'"
    assert judged.finding.remedy


def test_without_a_revision_it_warns(checkout: Checkout) -> None:
    checkout.change({"src/new.py": 'from transformers import AutoModel\nAutoModel.from_pretrained("acme/tiny")\n'})
    verdict = checkout.judge()

    assert verdict.result is Result.PASSED
    assert said(verdict, Effect.WARN) == [("unpinned-revision", "src/new.py:2")]


def test_a_branch_moves_too(checkout: Checkout) -> None:
    checkout.change({"src/new.py": PINNED.replace(COMMIT, "main")})

    assert said(checkout.judge(), Effect.WARN) == [("unpinned-revision", "src/new.py:2")]


def test_another_commit_of_an_approved_model_is_refused(checkout: Checkout) -> None:
    checkout.change({"src/new.py": PINNED.replace(COMMIT, "0" * 40)})

    assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]


def test_what_main_names_already_is_not_the_changes_fault(checkout: Checkout) -> None:
    checkout.commit({"src/legacy.py": EVIL})
    checkout.change({"src/legacy.py": f"import os\n{EVIL}{EVIL}", "src/new.py": "y = 2\n"})

    assert checkout.judge().result is Result.PASSED


def test_another_file_that_names_it_is(checkout: Checkout) -> None:
    checkout.commit({"src/legacy.py": EVIL})
    checkout.change({"src/copy.py": EVIL})

    assert denied(checkout.judge()) == [("unapproved-model", "src/copy.py:2")]


def test_a_renamed_file_is_another_file(checkout: Checkout) -> None:
    checkout.commit({"src/legacy.py": EVIL})
    checkout.git("checkout", "--quiet", "-b", "change")
    checkout.git("mv", "src/legacy.py", "src/fresh.py")
    checkout.change()

    assert denied(checkout.judge()) == [("unapproved-model", "src/fresh.py:2")]


def test_another_revision_of_it_is_new(checkout: Checkout) -> None:
    checkout.commit({"src/legacy.py": PINNED})
    checkout.change({"src/legacy.py": PINNED.replace(COMMIT, "0" * 40)})

    assert denied(checkout.judge()) == [("unapproved-model", "src/legacy.py:2")]


def test_all_judges_what_main_names_too(checkout: Checkout) -> None:
    checkout.commit({"src/legacy.py": EVIL})
    checkout.change({"src/new.py": PINNED})
    verdict = checkout.judge(everything=True)

    assert denied(verdict) == [("unapproved-model", "src/legacy.py:2")]
    assert verdict.headline.startswith("2 models are named")


def test_where_base_and_head_are_the_same_all_is_judged(checkout: Checkout) -> None:
    """As in a push to main: there is nothing to compare with."""
    checkout.commit({"src/legacy.py": EVIL})

    assert denied(checkout.judge()) == [("unapproved-model", "src/legacy.py:2")]


def test_main_may_have_moved_on_since(checkout: Checkout) -> None:
    """What only main has is no removal by the change, and what main got meanwhile is not the change's."""
    checkout.change({"src/new.py": PINNED})
    checkout.git("checkout", "--quiet", "main")
    checkout.commit({"src/legacy.py": EVIL})
    checkout.git("checkout", "--quiet", "change")

    assert checkout.judge().result is Result.PASSED


def test_a_merge_with_main_is_judged_like_the_change(checkout: Checkout) -> None:
    checkout.change({"src/new.py": EVIL})
    checkout.git("checkout", "--quiet", "main")
    checkout.commit({"src/legacy.py": EVIL})
    checkout.git("merge", "--quiet", "--no-edit", "change")
    merged = checkout.git("rev-parse", "HEAD")
    checkout.git("reset", "--quiet", "--hard", "HEAD^")
    checkout.git("checkout", "--quiet", "--detach", merged)

    assert denied(checkout.judge()) == [("unapproved-model", "src/new.py:2")]


def test_the_remotes_default_branch_is_the_base_where_none_is_given(checkout: Checkout, tmp_path: Path) -> None:
    checkout.change({"src/new.py": EVIL})
    git(tmp_path, "clone", "--quiet", str(checkout.root), "clone")
    clone = Checkout(tmp_path / "clone", checkout.registry)
    clone.git("remote", "set-head", "origin", "main")

    assert denied(clone.judge(base=None)) == [("unapproved-model", "src/new.py:2")]


def test_without_any_base_one_is_asked_for(checkout: Checkout) -> None:
    with pytest.raises(UsageError, match=r"origin/HEAD") as error:
        checkout.judge(base=None)

    assert "--base" in error.value.remedy


def test_all_needs_no_base(checkout: Checkout) -> None:
    checkout.commit({"src/legacy.py": EVIL})

    assert denied(checkout.judge(base=None, everything=True)) == [("unapproved-model", "src/legacy.py:2")]


@pytest.mark.parametrize("base", ["gone", "origin/gone", "--upload-pack=x", "0" * 40])
def test_a_base_that_is_not_there_is_bad_input(checkout: Checkout, base: str) -> None:
    with pytest.raises(UsageError, match="is no commit") as error:
        checkout.judge(base=base)

    assert error.value.exit_status == 2


def test_a_shallow_clone_says_what_to_do(checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit({"a": "1"})
    checkout.change({"src/new.py": EVIL})
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--no-single-branch", f"file://{checkout.root}", "clone")
    shallow = Checkout(tmp_path / "clone", checkout.registry)

    with pytest.raises(UsageError, match="no ancestor in common") as error:
        shallow.judge(base="origin/main")

    assert "fetch-depth: 0" in error.value.remedy


def test_no_repository_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no git checkout"):
        gate(policy="default", directory=tmp_path)


def test_a_stale_registry_is_undecided(checkout: Checkout) -> None:
    checkout.change({"src/new.py": EVIL})
    verdict = checkout.judge(now=NOW + timedelta(days=30))

    assert (verdict.result, verdict.exit_status) == (Result.UNDECIDED, 4)
    assert verdict.error is not None
    assert verdict.error.code == "head-stale"


def test_a_stale_registry_is_no_news_to_a_change_that_names_no_model(checkout: Checkout) -> None:
    checkout.change({"src/new.py": "y = 2\n"})

    assert checkout.judge(now=NOW + timedelta(days=30)).result is Result.PASSED


def test_in_audit_nothing_is_enforced(checkout: Checkout) -> None:
    checkout.change({"src/new.py": EVIL})

    refused, undecided = checkout.judge(mode="audit"), checkout.judge(mode="audit", now=NOW + timedelta(days=30))

    assert (refused.result, refused.exit_status) == (Result.FAILED, 0)
    assert (undecided.result, undecided.exit_status) == (Result.UNDECIDED, 0)


def test_a_demonstration_decides_nothing(checkout: Checkout) -> None:
    with pytest.raises(UsageError, match="demonstration"):
        checkout.judge(policy="demo")


def test_another_registry_that_calls_itself_a_demonstration_does_neither(checkout: Checkout) -> None:
    checkout.registry.change_trust(demonstration=True)
    checkout.registry.publish()
    checkout.commit({"gate.toml": policy_text(checkout.registry)})
    checkout.change({"src/new.py": EVIL})

    with pytest.raises(UsageError, match="demonstration"):
        checkout.judge()


def test_a_revoked_model_is_refused(checkout: Checkout) -> None:
    checkout.registry.revoke("tiny", model="acme/tiny")
    checkout.registry.publish()
    checkout.commit()
    checkout.change({"src/new.py": PINNED})

    assert denied(checkout.judge()) == [("revoked-model", "src/new.py:2")]


def test_a_revocation_in_sight_counts_though_the_head_leaves_it_out(checkout: Checkout) -> None:
    checkout.registry.revoke("tiny", model="acme/tiny")
    checkout.commit()
    checkout.change({"src/new.py": PINNED})

    assert denied(checkout.judge()) == [("revoked-model", "src/new.py:2")]


def test_a_look_alike_is_named_as_one(checkout: Checkout) -> None:
    checkout.change({"src/new.py": EVIL.replace("evil/llama", "acme0/tiny").replace("acme0", "meta-Ilama")})

    assert ("typosquatted-publisher", "src/new.py:2") in denied(checkout.judge())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ACME/Tiny", "Letters' case counts: write acme/tiny"),
        ("acme/other", "Approved of acme"),
    ],
)
def test_what_was_meant_is_said(checkout: Checkout, name: str, says: str) -> None:
    checkout.change({"src/new.py": EVIL.replace("evil/llama", name)})
    refused = [
        each.finding for each in checkout.judge().findings(Effect.DENY) if each.finding.rule == "unapproved-model"
    ]

    assert says in refused[0].remedy


def test_several_approvals_are_no_answer(checkout: Checkout, model: Path) -> None:
    checkout.registry.approve("acme/tiny", model, revision=commit_of("second"))
    checkout.registry.publish()
    checkout.commit()
    checkout.change({"src/new.py": EVIL.replace("evil/llama", "acme/tiny")})
    verdict = checkout.judge()

    assert denied(verdict) == [("unapproved-model", "src/new.py:2")]
    assert "approved at several commits" in next(iter(verdict.findings(Effect.DENY))).finding.message


def test_a_change_to_what_decides_gets_a_notice(checkout: Checkout) -> None:
    edited = {
        ".github/workflows/gate.yml": "on: push\n", "action.yml": "name: x\n", "registry/README": "x\n",
        "gate.toml": "", ".github/CODEOWNERS": "* @evil\n",
    }  # fmt: skip
    checkout.change({**edited, "src/new.py": PINNED})
    verdict = checkout.judge()

    assert verdict.result is Result.PASSED
    told = [notice.split()[3].rstrip(",") for notice in verdict.notices if "later changes are judged" in notice]
    assert told == sorted(edited)


class TestWorkFiles:
    """What pre-commit does: the files as they are, beside HEAD."""

    def test_an_uncommitted_reference_is_found(self, checkout: Checkout) -> None:
        checkout.write({"src/new.py": EVIL, "src/other.py": EVIL})

        assert denied(checkout.judge("src/new.py")) == [("unapproved-model", "src/new.py:2")]

    def test_a_directory_means_all_of_its_files(self, checkout: Checkout) -> None:
        checkout.write({"src/a.py": EVIL, "src/deep/b.py": EVIL, "c.py": EVIL})

        assert [place for _, place in denied(checkout.judge("src"))] == ["src/a.py:2", "src/deep/b.py:2"]

    def test_the_file_is_judged_as_it_is_and_not_as_it_was_committed(self, checkout: Checkout) -> None:
        checkout.commit({"src/legacy.py": EVIL})
        checkout.write({"src/legacy.py": PINNED})

        assert checkout.judge("src/legacy.py").result is Result.PASSED

    def test_an_importer_of_a_file_is_judged_with_it(self, checkout: Checkout) -> None:
        checkout.commit(
            {
                "names.py": 'MODEL = "acme/tiny"\n',
                "load.py": "from transformers import AutoModel\nfrom names import MODEL\n"
                "AutoModel.from_pretrained(MODEL)\n",
            }
        )
        checkout.write({"names.py": 'MODEL = "evil/llama"\n'})

        assert ("unapproved-model", "names.py:1") in denied(checkout.judge("names.py"))

    def test_a_policy_of_the_work_tree_that_head_has_another_of_does_not_count(self, checkout: Checkout) -> None:
        checkout.write({"src/new.py": EVIL})
        checkout.write({"gate.toml": (checkout.root / "gate.toml").read_text().replace("default", "audit")})

        assert checkout.judge("src/new.py").exit_status == 3

    @pytest.mark.parametrize("path", ["gone.py", "../outside.py"])
    def test_a_file_that_is_not_there_or_outside_is_bad_input(self, checkout: Checkout, path: str) -> None:
        (checkout.root.parent / "outside.py").touch()

        with pytest.raises(UsageError):
            checkout.judge(path)

    def test_together_with_a_head_it_is_not_clear_what_is_meant(self, checkout: Checkout) -> None:
        with pytest.raises(UsageError, match="--head"):
            checkout.judge("src/old.py", head="HEAD")

    def test_links_and_gits_own_files_are_passed_over(self, checkout: Checkout, tmp_path: Path) -> None:
        (tmp_path / "secret.py").write_text(EVIL)
        (checkout.root / "src/link.py").symlink_to(tmp_path / "secret.py")
        (checkout.root / ".git/x.py").write_text(EVIL)

        assert checkout.judge(".").result is Result.PASSED

    def test_a_checkout_that_is_reached_through_a_link(self, checkout: Checkout, tmp_path: Path) -> None:
        (tmp_path / "alias").symlink_to(checkout.root)
        checkout.write({"src/new.py": EVIL})
        linked = Checkout(tmp_path / "alias", checkout.registry)

        assert denied(linked.judge("src/new.py")) == [("unapproved-model", "src/new.py:2")]
