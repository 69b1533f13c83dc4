"""The house: imports go downwards only, hostile content is never executed, costly packages are imported late.

The floors are those of the design; a module that stands on none has to be put on one here.
"""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_progress import arguments_for
from verifier.digest import digest_files
from verifier.limits import KIB
from verifier.policy import Policy
from verifier.publishers import PublisherIndex
from verifier.verdict import Verdict
from verifier.verify import verify

PACKAGE = Path(__file__).resolve().parents[1] / "verifier"
FLOORS = (
    {"__main__"},
    {"cli"},
    {"report"},
    {
        "lookup", "lock", "pull", "verify", "scan", "sign", "attest", "gate", "entrypoint", "governance", "explanation",
        "change", "judge", "identity", "verify_checkpoint", "reading",
    },
    {"checks"},
    {"evidence"},
    {"sets", "transfer", "lockfile", "launch", "checkpoints"},
    {"publishers", "references", "formats", "allowlist"},
    {"registry"},
    {"_hub", "_sigstore", "_fickling", "_git", "_https", "_jinja", "_yaml"},
    {"policy", "policy_checkpoint", "system_policy"},
    {"rules"},
    {"verdict"},
    {"finding"},
    {
        "manifest", "reference", "digest", "limits", "errors", "credential",
        "characters", "words", "document", "snapshot", "source", "budget", "cache", "atomic", "resources", "writers",
        "signature", "terms", "__init__",
    },
)  # fmt: skip
"""Top to bottom; several names on one floor may import each other, if not in a circle."""

SOLE_IMPORTERS = {
    "sigstore": {"_sigstore"}, "sigstore_models": {"_sigstore"}, "rfc3161_client": {"_sigstore"},
    "cryptography": {"_sigstore"}, "huggingface_hub": {"_hub"}, "requests": {"_hub", "_https", "_sigstore"},
    "urllib3": {"_https", "_sigstore"}, "fickling": {"_fickling"}, "jinja2": {"_jinja"},
    "yaml": {"_yaml", "references"},
}  # fmt: skip
EXECUTES = {
    "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "torch", "numpy",
    "subprocess", "pty", "code", "codeop", "runpy", "imp", "ctypes", "multiprocessing", "xml",
}  # fmt: skip
"""Modules that run what they are given, or that nothing here has any business with."""
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
OF_OS = ("os.exec", "os.spawn", "os.posix_spawn", "os.popen", "os.system", "os.fork", "os.startfile")
NETWORK = {"socket", "ssl", "http", "urllib.request", "ftplib", "asyncio", "httpx", "aiohttp"}


@cache
def tree(module: str) -> ast.Module:
    path = PACKAGE.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def modules() -> list[str]:
    """Every module of the package, without the package's own name."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts))
    return found


MODULES = modules()


def imports(module: str) -> Iterator[str]:
    """Every module that is named in an import, wherever it stands; with what is imported where that is a module."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inner(module: str) -> set[str]:
    """The package's own modules that a module imports."""
    found = set()
    for name in imports(module):
        if name.split(".")[0] == "verifier":
            parts = name.split(".")[1:]
            while parts and ".".join(parts) not in MODULES:
                parts.pop()
            found.add(".".join(parts) or "__init__")
    return found - {module}


def outer(module: str) -> set[str]:
    """Everything else that it imports, by its dotted names and their beginnings."""
    found: set[str] = set()
    for name in imports(module):
        parts = name.split(".")
        if parts[0] != "verifier":
            found |= {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return found


def floor(module: str) -> int:
    name = module.split(".")[0]
    return next(number for number, names in enumerate(FLOORS) if name in names)


def calls(module: str) -> set[str]:
    """What it calls, as it is written there: `os.open`, `print`."""
    return {ast.unparse(node.func) for node in ast.walk(tree(module)) if isinstance(node, ast.Call)}


def below(*packages: str) -> list[str]:
    """The modules inside some packages."""
    return [module for module in MODULES if module.split(".")[0] in packages]


def offenders(found: Callable[[str], set[str]], among: Iterable[str] = MODULES) -> dict[str, set[str]]:
    """The modules in which something was found that must not be."""
    return {module: what for module in among if (what := found(module))}


def test_every_module_stands_on_one_floor() -> None:
    assert [module for module in MODULES if sum(module.split(".")[0] in names for names in FLOORS) != 1] == []


def test_imports_go_downwards_only() -> None:
    assert offenders(lambda module: {other for other in inner(module) if floor(other) < floor(module)}) == {}


def test_nothing_is_imported_in_a_circle() -> None:
    """A package's own parts are imported by its __init__, so a part may not ask the package."""
    tuple(TopologicalSorter({module: inner(module) for module in MODULES}).static_order())


def test_the_walk_sees_what_is_imported_late_and_from_packages() -> None:
    assert "verify" in inner("cli.verify")
    assert "checks.pickle" in inner("checks")
    assert {"pydantic", "json"} <= outer("document")
    assert len(MODULES) > 40


@pytest.mark.parametrize("package", SOLE_IMPORTERS)
def test_an_adapter_is_its_packages_only_importer(package: str) -> None:
    importers = {module.partition(".")[0] for module in MODULES if package in outer(module)}

    assert importers <= SOLE_IMPORTERS[package]


def test_nothing_here_executes_what_it_reads() -> None:
    assert offenders(lambda module: outer(module) & EXECUTES - {"subprocess"}) == {}
    assert offenders(lambda module: outer(module) & {"subprocess"}).keys() == {"_git", "_fickling"}
    assert offenders(lambda module: calls(module) & CALLS) == {}
    assert offenders(lambda module: {name for name in calls(module) if name.startswith(OF_OS)}) == {
        "entrypoint": {"os.execvpe"}
    }


def test_yaml_is_read_as_events_and_nothing_is_constructed_from_it() -> None:
    assert {name for name in calls("references.yaml") if name.startswith("yaml.")} == {"yaml.parse"}


def test_only_the_hubs_adapter_speaks_to_a_network() -> None:
    assert offenders(lambda module: outer(module) & NETWORK).keys() <= {"_hub"}


def test_a_check_sees_nothing_but_its_evidence() -> None:
    """No file, no clock, no environment: what it says can be said again from the same evidence."""
    pure = {"__future__", "collections", "dataclasses", "enum", "posixpath", "re", "shlex", "typing"}

    assert offenders(lambda module: {name.split(".")[0] for name in outer(module)} - pure, below("checks")) == {}
    assert offenders(lambda module: inner(module) & {"policy", "verdict", "atomic"}, below("checks")) == {}


def test_no_limit_is_set_twice() -> None:
    names = [node.targets[0].id for node in tree("limits").body if isinstance(node, ast.Assign)]  # type: ignore[attr-defined]

    assert [name for name in names if names.count(name) > 1] == []


def test_reports_parsers_and_rules_are_pure() -> None:
    impure = {"os", "sys", "pathlib", "time", "random", "typer", "rich", "tempfile", "shutil"}

    assert offenders(lambda module: outer(module) & impure, below("report", "formats", "rules", "finding")) == {}


def test_a_parser_has_no_opinion() -> None:
    opinions = {"rules", "finding", "verdict", "policy", "checks", "evidence"}

    assert offenders(lambda module: inner(module) & opinions, below("formats")) == {}


def test_the_time_is_fixed_once_by_a_use_case() -> None:
    """Whatever judges is given the time, so that no two answers of one run can differ by it."""
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
    signing = "_sigstore.sign"  # judges nothing, and has to know when its certificate ends
    others = [module for module in MODULES if floor(module) != floor("verify") and module != signing]

    assert offenders(lambda module: calls(module) & clocks, others) == {}


def test_only_the_command_line_prints_or_exits() -> None:
    words = {"print", "sys.exit", "exit", "quit", "os._exit", "typer.echo"}
    others = [module for module in MODULES if floor(module) > floor("cli")]

    assert offenders(lambda module: calls(module) & words, others) == {}


LATE = (
    "pydantic", "yaml", "sigstore", "cryptography", "huggingface_hub", "requests", "rich.progress", "tuf",
    "verifier.checks",
)  # fmt: skip


def imported_by(code: str, *arguments: str) -> set[str]:
    """Which of the costly modules are there after some code has run, in a process of its own."""
    code = (
        f"import json, sys\ntry:\n    {code}\nfinally:\n    sys.stderr.write(chr(10) + json.dumps(list(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-I", "-c", code, *arguments], capture_output=True, text=True, check=False)
    return set(json.loads(ended.stderr.splitlines()[-1])) & set(LATE)


def test_the_command_line_itself_imports_nothing_costly() -> None:
    assert imported_by("import verifier.cli") == set()


def test_explaining_imports_nothing_costly() -> None:
    """Pydantic may come with typer."""
    assert imported_by("from verifier.cli import main; main()", "explain", "pickle") <= {"pydantic"}


def test_verifying_by_a_lock_imports_no_sigstore_and_no_client(tmp_path: Path) -> None:
    assert imported_by("from verifier.cli import main; main()", *arguments_for(tmp_path, KIB)) <= {
        "pydantic",
        "verifier.checks",
    }


def test_listing_a_registry_imports_no_checks() -> None:
    found = imported_by("from verifier.cli import main; main()", "registry", "list", "--registry", "demo")

    assert ("sigstore" in found, "verifier.checks" in found) == (True, False)


class TestContracts:
    """The calls that other programs use: what is here may be added to, not changed."""

    def parameters(self, function: Any) -> dict[str, tuple[str, Any]]:
        return {
            name: (parameter.kind.name, parameter.default)
            for name, parameter in inspect.signature(function).parameters.items()
        }

    def test_digest_files(self) -> None:
        assert self.parameters(digest_files) == {
            "paths": ("POSITIONAL_OR_KEYWORD", inspect.Parameter.empty),
            "workers": ("KEYWORD_ONLY", None),
            "progress": ("KEYWORD_ONLY", None),
        }

    def test_verify(self) -> None:
        promised = {
            "reference_or_path": ("POSITIONAL_OR_KEYWORD", inspect.Parameter.empty),
            "path": ("KEYWORD_ONLY", None),
            "lock": ("KEYWORD_ONLY", None),
            "policy": ("KEYWORD_ONLY", inspect.Parameter.empty),
            "offline": ("KEYWORD_ONLY", False),
        }
        found = self.parameters(verify)

        assert {name: found[name] for name in promised} == promised
        for name in found.keys() - promised.keys():
            kind, default = found[name]
            assert kind == "KEYWORD_ONLY"
            assert default is not inspect.Parameter.empty
        annotations = inspect.get_annotations(verify, eval_str=True)
        assert annotations["policy"] == Policy | Path | str
        assert annotations["return"] is Verdict

    def test_publisher_index(self) -> None:
        index = PublisherIndex(["acme"])

        assert index.lookup("acme").status == "known"
        assert index.lookup_model("acme/tiny").status == "known"
