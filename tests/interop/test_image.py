"""The directory that examples/docker/Dockerfile builds: it runs elsewhere, isolated, as nobody, on a read-only root.

`make peers` built it by the Dockerfile's own commands, all but the one that fetches an interpreter.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import NAME
from tests.conftest import DEMO_MODEL, MODEL
from tests.interop.build_image import DOCKERFILE, INTERPRETER_STEP, steps
from tests.interop.peers import require
from tests.test_lock import write_lock

USER = 65_532


@pytest.fixture(scope="module")
def moved() -> Iterator[Path]:
    """The directory, copied to where it was not built, in a place that anybody can enter."""
    place = Path(tempfile.mkdtemp(prefix="image-"))
    place.chmod(0o755)
    yield Path(shutil.copytree(require("image"), place / "elsewhere", symlinks=True))
    shutil.rmtree(place)


# The copied interpreter may look for its own library at the place where it was built; the one that the Dockerfile
# fetches holds everything. So LD_LIBRARY_PATH is set here, and nowhere else.
def run(moved: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [moved / "bin" / "model-verifier", *arguments]
    settings = {"PATH": os.defpath, "LD_LIBRARY_PATH": str(moved / "python" / "lib"), **environment}
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=120, check=False)


def test_it_verifies_where_it_was_copied_to(moved: Path) -> None:
    ended = run(moved, "verify", NAME, "--path", DEMO_MODEL, "--policy", "demo")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("PASSED")


def test_nothing_in_it_names_the_place_where_it_was_built(moved: Path) -> None:
    built = str(require("image")).encode()
    naming = [path for path in moved.rglob("*.pth") if built in path.read_bytes()]
    naming += [path for path in (moved / "bin").iterdir() if built in path.read_bytes()]
    naming += list(moved.rglob("pyvenv.cfg"))

    assert naming == []


def test_it_is_found_through_a_link(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "model-verifier").symlink_to(moved / "bin" / "model-verifier")

    assert subprocess.run([tmp_path / "model-verifier", "--version"], capture_output=True, check=False).returncode == 0


def test_no_code_from_outside_gets_in_its_way(moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("verifier", "typer", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)
    ended = run(
        moved, "--version", PYTHONPATH=str(tmp_path), PYTHONHOME=str(tmp_path), PYTHONSTARTUP="sitecustomize.py"
    )

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_exec_works_as_nobody_on_a_read_only_root_without_a_network(moved: Path) -> None:
    """As in a pod: all that can be written is /dev/shm, and the model belongs to root."""
    unshare = ["unshare", "-mn"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no private mounts here")
    stage = moved.parent / "stage"
    model = Path(shutil.copytree(DEMO_MODEL, stage / "model"))
    lock = write_lock(stage / "models.lock", model)
    load = "from huggingface_hub import hf_hub_download as get; print(open(get('acme/tiny', 'config.json')).read(1))"
    look = 'id -u; touch "$1"/new || echo read-only; "$2" -I -c "$3"'
    verify = [
        moved / "bin/model-verifier", "exec", f"{MODEL}={model}", "--lock", lock, "--cache-dir", "/dev/shm",
        "--", "sh", "-c", look, "sh", "{path}", moved / "python/bin/python3", load,
    ]  # fmt: skip
    script = (
        "mount --make-rprivate / && mount --bind / /mnt && mount -o remount,ro,bind /mnt"
        " && mount -t tmpfs -o mode=1777 tmpfs /mnt/dev/shm"
        f" && exec chroot --userspec={USER}:{USER} --groups= /mnt env -i PATH={os.defpath}"
        f" LD_LIBRARY_PATH={moved}/python/lib " + " ".join(shlex.quote(str(word)) for word in verify)
    )

    ended = subprocess.run([*unshare, "sh", "-c", script], capture_output=True, text=True, timeout=120, check=False)

    assert ended.stdout.split() == [str(USER), "read-only", "{"], ended.stderr
    assert '"level": "info", "event": "verdict"' in ended.stderr  # not even a warning


def test_all_but_one_step_was_run() -> None:
    assert len([step for step in steps() if INTERPRETER_STEP in step]) == 1
    assert len(steps()) > 3


def test_the_image_is_nobodys_and_runs_the_launcher() -> None:
    lines = DOCKERFILE.read_text(encoding="utf-8").splitlines()

    assert f"USER {USER}:{USER}" in lines
    assert 'ENTRYPOINT ["/opt/model-verifier/bin/model-verifier"]' in lines
    assert not [line for line in lines if line.startswith("ADD ")]


def test_every_package_comes_from_a_hashed_lock() -> None:
    installs = [step for step in steps() if " install " in step and "pip install" in step]

    assert installs
    for step in installs:
        for command in (part for part in step.split("&&") if "pip install" in part):
            assert "--require-hashes" in command or "--no-deps --offline" in command, command
