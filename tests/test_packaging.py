"""The locks are complete, hashed and name no index; the wheel, the sdist and an editable install all work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parents[1]
LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
INPUTS = sorted((CHECKOUT / "requirements").glob("*.in"))
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
FORBIDDEN = re.compile(r"://|\b[\w-]+\.(?:com|dev|example|io|net|org)\b")
"""An address or a host, in a comment too."""


def logical_lines(text: str) -> list[str]:
    """The lines of a requirements file as pip sees them: joined, without comments."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)(^|\s)#.*$", "", text))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def problems(text: str) -> list[str]:
    """What must not be in a lock."""
    found = [match.group().strip() for match in FORBIDDEN.finditer(text)]
    for line in logical_lines(text):  # an option is no pin, so it needs no pattern of its own
        requirement, *hashes = re.split(r"\s+(?=--)", line)
        if not re.fullmatch(r"[a-z0-9-]+==[^\s*,;]+(?:\s*;.+)?", requirement):
            found.append(f"not pinned: {requirement}")
        if not hashes or not all(HASH.fullmatch(each) for each in hashes):
            found.append(f"not hashed: {requirement}")
    return found


def pins(lock: str) -> dict[str, str]:
    """Name to version, as locked."""
    requirements = [
        Requirement(line.split(" --hash")[0])
        for line in logical_lines((CHECKOUT / "requirements" / lock).read_text(encoding="utf-8"))
    ]
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in requirements
    }


class TestLocks:
    @pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
    def test_every_line_is_one_pinned_and_hashed_requirement(self, lock: Path) -> None:
        assert problems(lock.read_text(encoding="utf-8")) == []

    @pytest.mark.parametrize(
        "line",
        [
            "--index https://index.example/simple",
            "-i mirror",
            "--find-links wheels",
            "-f wheels",
            "--trusted-host index.example",
            "-r other.txt",
            "-e .",
            "rich",
            "rich>=15 --hash=sha256:{digest}",
            "rich==15.* --hash=sha256:{digest}",
            "rich==15.0.0",
            "rich==15.0.0 --hash=md5:{digest}",
            "rich==15.0.0 --hash=sha256:abc",
            "rich==15.0.0 --hash=sha256:{digest} --no-binary rich",
            "rich @ file:rich.whl --hash=sha256:{digest}",
            "rich==15.0.0 --hash=sha256:{digest}\n# from https://index.example",
            "rich==15.0.0 --hash=sha256:{digest}  # from index.example",
        ],
    )
    def test_anything_else_is_noticed(self, line: str) -> None:
        good = f"rich==15.0.0 \\\n    --hash=sha256:{'0' * 64}\n    # via typer\n"
        assert problems(good) == []
        assert problems(good + line.format(digest="0" * 64) + "\n") != []

    def test_each_dependency_is_pinned_within_its_range(self) -> None:
        for lock, declared in (
            ("runtime.txt", PYPROJECT["project"]["dependencies"]),
            ("build.txt", PYPROJECT["build-system"]["requires"]),
        ):
            locked = pins(lock)
            for requirement in map(Requirement, declared):
                version = locked.get(canonicalize_name(requirement.name))
                assert version is not None, f"{requirement.name} is not in {lock}: run `make lock`"
                assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"

    def test_what_is_tested_is_what_runs(self) -> None:
        runtime = pins("runtime.txt")
        assert runtime.items() <= pins("dev.txt").items()

    def test_environments_that_are_shared_agree(self) -> None:
        build, dev = pins("build.txt"), pins("dev.txt")
        assert {name: build[name] for name in build.keys() & dev.keys()} == {
            name: dev[name] for name in build.keys() & dev.keys()
        }

    @pytest.mark.parametrize("source", INPUTS, ids=lambda path: path.name)
    def test_an_input_names_only_packages_and_has_a_lock(self, source: Path) -> None:
        locked = pins(source.with_suffix(".txt").name)
        lines = logical_lines(source.read_text(encoding="utf-8"))
        requirements = [Requirement(line) for line in lines if line != "-r runtime.txt"]
        assert {canonicalize_name(each.name) for each in requirements} <= locked.keys()
        assert all(each.url is None for each in requirements)


class TestWorkflow:
    workflow: Any = yaml.safe_load((CHECKOUT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))

    def test_tests_every_python_that_is_promised(self) -> None:
        promised = [
            classifier.rpartition(" ")[2]
            for classifier in PYPROJECT["project"]["classifiers"]
            if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", classifier)
        ]
        assert self.workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == promised

    def test_grants_nothing_but_reading(self) -> None:
        assert self.workflow["permissions"] == {}
        assert [job["permissions"] for job in self.workflow["jobs"].values()] == [
            {"contents": "read"} for _ in self.workflow["jobs"]
        ]


def hatch(directory: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sdist")
    hatch(CHECKOUT, "-t", "sdist", "-d", str(directory))
    (archive,) = directory.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, as a packager would, so that what is missing in either shows."""
    directory = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        for member in archive.getmembers():
            if content := archive.extractfile(member):
                path = directory / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
    (source,) = directory.iterdir()
    hatch(source, "-t", "wheel", "-d", str(directory))
    (built,) = directory.glob("*.whl")
    return built


def files_below(directory: str) -> set[str]:
    return {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / directory).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


class TestDistributions:
    def test_wheel_holds_the_package_and_its_data(self, wheel: Path) -> None:
        names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
        workflows = {f".github/workflows/registry-{name}.yml" for name in ("publish", "verify")}
        data = {f"verifier/_data/{path}" for path in files_below("policies") | files_below("registry") | workflows}
        assert names == files_below("verifier") | data
        assert "verifier/py.typed" in names

    def test_wheel_data_is_byte_for_byte_that_of_the_checkout(self, wheel: Path) -> None:
        archive = zipfile.ZipFile(wheel)
        for path in files_below("policies") | files_below("registry"):
            assert archive.read(f"verifier/_data/{path}") == (CHECKOUT / path).read_bytes()

    def test_wheel_metadata(self, wheel: Path) -> None:
        archive = zipfile.ZipFile(wheel)
        named = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        assert "licenses/LICENSE" in named
        assert archive.read(named["entry_points.txt"]).decode().split() == [
            "[console_scripts]",
            "model-verifier",
            "=",
            PYPROJECT["project"]["scripts"]["model-verifier"],
        ]

    def test_sdist_can_be_tested(self, sdist: Path) -> None:
        with tarfile.open(sdist) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        wanted = {"Makefile", "LICENSE", "README.md", "requirements/dev.txt", "tests/test_packaging.py"}
        assert wanted <= names

    @pytest.mark.parametrize("installed", ["wheel", "editable"])
    def test_version_is_that_of_the_package(self, installed: str, wheel: Path, tmp_path: Path) -> None:
        """Both from a directory that holds nothing, isolated, as a hook or an image would."""
        place = ""
        if installed == "wheel":
            place = str(tmp_path / "site")
            shutil.unpack_archive(wheel, place, "zip")
        code = (
            "import sys; place = sys.argv[1]; place and sys.path.insert(0, place); import verifier;"
            "from importlib.metadata import version; print(verifier.__file__, version('model-verifier'))"
        )
        command = [sys.executable, "-I", "-c", code, place]
        output = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
        root = Path(place) if place else CHECKOUT
        version = re.search(r'__version__ = "(.+)"', (CHECKOUT / "verifier/__init__.py").read_text(encoding="utf-8"))
        assert version is not None
        assert output == [str(root / "verifier/__init__.py"), version[1]]
