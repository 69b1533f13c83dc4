"""Where a mention stands, what a pragma beside it says, and which files a file depends on."""

from __future__ import annotations

import json

import pytest

from tests.references.test_cases import Tree
from verifier.references import FileMentions, NoProject
from verifier.references.find import find, imports_of


def read(path: str, text: str) -> FileMentions:
    return find(path, text.encode(), NoProject())


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("x.py", 'é = 1; AutoModel.from_pretrained("acme/one")\n', (1, 34)),
        ("x.py", 'NAME = "acme/one"\nAutoModel.from_pretrained(NAME)\n', (1, 8)),
        ("x.yaml", "a: 1\nbase_model: acme/one\n", (2, 13)),
        ("x.yaml", 'base_model: "acme/one"\n', (1, 14)),
        ("x.yaml", "run: |\n  true\n  hf download acme/one\n", (3, 13)),
        ("x.json", '{\n "model": "acme/one"}', (2, 12)),
        ("x.toml", '[a]\nmodel = "acme/one"', (2, 10)),
        ("x.tf", 'a {\n  model = "acme/one"\n}', (2, 12)),
        ("x.sh", "\nvllm serve acme/one\n", (2, 12)),
        ("Dockerfile", 'FROM x\nCMD ["vllm", "serve", "acme/one"]', (2, 24)),
        ("Dockerfile", "FROM x\nENV MODEL_ID=acme/one", (2, 14)),
        ("Makefile", "all:\n\tvllm serve acme/one\n", (2, 13)),
        ("README.md", "---\nbase_model: acme/one\n---\n", (2, 13)),
        ("x.sh", "python - <<E\n\nAutoModel.from_pretrained('acme/one')\nE\n", (3, 27)),
    ],
)
def test_line_and_column(path: str, text: str, place: tuple[int, int]) -> None:
    (mention,) = read(path, text).mentions

    assert (mention.line, mention.column) == place


def test_a_notebooks_lines_are_those_of_its_file() -> None:
    cells = [{"cell_type": "code", "source": ["x = 1\n", "AutoModel.from_pretrained('acme/one')\n"]}]
    text = json.dumps({"cells": cells}, indent=1)
    (mention,) = read("x.ipynb", text).mentions

    assert "acme/one" in text.splitlines()[mention.line - 1]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.py", 'AutoModel.from_pretrained("acme/one")  # model-verifier: ignore[unpinned-revision] on its way\n'),
        ("x.py", '# model-verifier: ignore[unpinned-revision] on its way\nAutoModel.from_pretrained("acme/one")\n'),
        ("x.py", 'AutoModel.from_pretrained(  # model-verifier: ignore[unpinned-revision] on its way\n  "acme/one")\n'),
        ("x.yaml", "model: acme/one # model-verifier: ignore[unpinned-revision] on its way\n"),
        ("x.sh", "# model-verifier: ignore[unpinned-revision] on its way\nvllm serve acme/one\n"),
        ("x.tf", 'model = "acme/one" // model-verifier: ignore[unpinned-revision] on its way\n'),
    ],
)
def test_a_pragma_on_the_line_or_alone_above_it(path: str, text: str) -> None:
    (mention,) = read(path, text).mentions
    pragma = mention.ignored_by("unpinned-revision")

    assert pragma is not None
    assert pragma.reason == "on its way"
    assert mention.status == "found"
    assert mention.ignored_by("unapproved-model") is None


def test_a_pragma_two_lines_away_says_nothing() -> None:
    found = read("x.sh", "true # model-verifier: ignore[a-rule] why\nvllm serve acme/one\n")

    assert found.mentions[0].pragmas == ()
    assert found.pragmas[0].rules == ("a-rule",)


@pytest.mark.parametrize("pragma", ["ignore[a-rule]", "ignore no rule", "ignore[] reason"])
def test_a_pragma_without_rule_or_reason_counts_for_nothing(pragma: str) -> None:
    found = read("x.sh", f"vllm serve acme/one # model-verifier: {pragma}\n")

    assert found.mentions[0].pragmas == found.pragmas == ()
    assert "counts for nothing" in found.notes[0].message


def test_imports_lead_to_files_of_the_project() -> None:
    tree = Tree(dict.fromkeys(("app/settings.py", "app/models/__init__.py", "app/models/base.py", "shared.py"), ""))
    source = b"import os, shared as s\nfrom . import settings\nfrom .models import (\n  base as b,\n)\nimport x.y\n"

    assert imports_of("app/main.py", source, tree) == set(tree.files)
    assert imports_of("app/main.sh", source, tree) == set()


def test_two_modules_that_import_each_other_end() -> None:
    tree = Tree({"a.py": "from b import NAME\nclass A(B): pass\n", "b.py": "from a import NAME\nfrom a import *\n"})
    found = find("c.py", b"from a import NAME\nAutoModel.from_pretrained(NAME)\n", tree)

    assert [mention.status for mention in found.mentions] in ([], ["unresolved"])


def test_star_imports_and_packages_are_followed() -> None:
    tree = Tree({"pkg/__init__.py": "", "pkg/names.py": 'BASE = "acme/one"\n', "other.py": 'NEXT = "acme/two"\n'})
    source = (
        b"import pkg.names\nfrom other import *\nload = AutoModel.from_pretrained\nload(pkg.names.BASE)\nload(NEXT)\n"
    )

    assert [mention.model for mention in find("main.py", source, tree).mentions] == ["acme/one", "acme/two"]
