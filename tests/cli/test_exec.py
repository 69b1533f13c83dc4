"""`model-verifier exec`: what COMMAND is given, how it ends, and what is said where it is not started."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import Ended, Terminal, run, start
from tests.conftest import MODEL
from tests.fakes.registry import commit_of
from tests.test_lock import write_lock
from tests.test_system_policy import place  # noqa: F401 - a fixture
from verifier.cli import exec as entrypoint
from verifier.launch import private_cache

REFUSED, UNDECIDED, USAGE, INTERNAL, NOT_RUN, NOT_FOUND = 121, 122, 123, 125, 126, 127


@pytest.fixture
def links(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "links"
    path.mkdir(mode=0o700)
    yield path
    for each in path.iterdir():
        private_cache.PrivateCache(each, {}).remove()


@pytest.fixture
def locked(tmp_path: Path, model: Path, links: Path) -> tuple[str, ...]:
    """What follows `exec` for a model that passes."""
    lock = write_lock(tmp_path / "models.lock", model)
    return (MODEL, "--path", str(model), "--lock", str(lock), "--cache-dir", str(links))


@pytest.fixture
def termination_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "termination-log"
    path.write_text("of an earlier container")
    monkeypatch.setattr(entrypoint, "TERMINATION_LOG", path)
    return path


def execute(*arguments: str, **options: Any) -> Ended:
    """Run `exec` in a process of its own, to become something else."""
    process = start("exec", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    stdout, stderr = process.communicate(timeout=60)
    return Ended(process.returncode, stdout, stderr)


def lines(ended: Ended) -> list[dict[str, Any]]:
    """The log: one JSON object a line, and nothing else."""
    return [json.loads(line) for line in ended.stderr.splitlines()]


class TestCommand:
    def test_it_has_the_process_its_output_and_its_status(self, locked: tuple[str, ...]) -> None:
        process = start(
            "exec", *locked, "--", "sh", "-c", "echo $$ on stdout; exit 42",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        stdout, _ = process.communicate(timeout=60)

        assert (process.returncode, stdout) == (42, f"{process.pid} on stdout\n")

    def test_signals_are_its_own(self, locked: tuple[str, ...]) -> None:
        process = start("exec", *locked, "--", "sh", "-c", "echo ready; exec sleep 60", stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)

        assert process.returncode == -signal.SIGTERM

    def test_no_signal_is_ignored_that_python_ignores(self, locked: tuple[str, ...]) -> None:
        ended = execute(*locked, "--", "grep", "SigIgn", "/proc/self/status")
        ignored = int(ended.stdout.split()[1], 16)

        assert ignored & (1 << (signal.SIGPIPE - 1)) == 0

    def test_it_inherits_no_open_file(self, locked: tuple[str, ...]) -> None:
        ended = execute(*locked, "--", "ls", "/proc/self/fd")

        assert set(ended.stdout.split()) <= {"0", "1", "2", "3"}  # 3 is how ls reads the directory

    @pytest.mark.parametrize("words", [["--policy", "demo"], ["--help"], ["--", "--"], ["a b", "", "$HOME"]])
    def test_its_words_are_not_read_as_ours(self, locked: tuple[str, ...], words: list[str]) -> None:
        print_words = "import sys; print(sys.argv[1:])"
        ended = execute(*locked, "--", sys.executable, "-c", print_words, *words)

        assert (ended.status, ended.stdout) == (0, f"{words}\n")

    def test_path_is_its_directory_in_words_and_environment(self, locked: tuple[str, ...], links: Path) -> None:
        ended = execute(*locked, "--", "sh", "-c", 'echo "$1" "$MODEL_VERIFIER_PATH"', "sh", "{path}")
        word, variable = ended.stdout.split()

        assert word == variable
        assert Path(word).is_relative_to(links)
        assert Path(word, "config.json").exists()

    def test_the_cache_outlives_us_and_the_log_says_where_it_is(self, locked: tuple[str, ...], links: Path) -> None:
        ended = execute(*locked, "--", "true")

        (root,) = links.iterdir()
        assert lines(ended)[-1]["cache"] == str(root)
        assert stat.S_IMODE(root.stat().st_mode) == 0o500

    def test_a_token_is_not_seen_by_it(self, locked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        monkeypatch.setenv("SIGSTORE_ID_TOKEN", "jwt")
        show = ("--", "sh", "-c", "echo ${HF_TOKEN-none} ${SIGSTORE_ID_TOKEN-none}")

        assert execute(*locked, *show).stdout == "none none\n"
        assert execute(*locked, "--keep-token", *show).stdout == "hf_secret none\n"

    @pytest.mark.parametrize(
        ("command", "status"),
        [("no-such-command", NOT_FOUND), ("./no/such/command", NOT_FOUND), ("/etc/passwd", NOT_RUN)],
    )
    def test_one_that_can_not_be_started_leaves_nothing_behind(
        self, locked: tuple[str, ...], command: str, status: int, links: Path, termination_log: Path
    ) -> None:
        ended = run("exec", *locked, "--", command)

        assert ended.status == status
        assert "can't be started" in lines(ended)[-1]["message"]
        assert "can't be started" in termination_log.read_text()
        assert list(links.iterdir()) == []


class TestStatus:
    """121 and so on, so that nobody takes a verdict for a status of COMMAND's."""

    def test_refused(self, locked: tuple[str, ...], model: Path, termination_log: Path) -> None:
        (model / "modeling.py").touch()
        ended = run("exec", *locked, "--", "false")

        assert (ended.status, ended.stdout) == (REFUSED, "")
        (line,) = lines(ended)
        assert (line["event"], line["level"], line["result"]) == ("verdict", "error", "FAILED")
        assert [finding["rule"] for finding in line["findings"] if finding["effect"] == "deny"] == ["unlisted-file"]
        assert termination_log.read_text().startswith(
            f"FAILED  {MODEL}@{commit_of(MODEL)}\n  unlisted-file  modeling.py"
        )

    def test_undecided(self, locked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, termination_log: Path) -> None:
        def fail(*_arguments: object, **_options: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr("verifier.snapshot.hash_descriptor", fail)
        ended = run("exec", *locked, "--", "false")

        assert ended.status == UNDECIDED
        assert lines(ended)[-1]["code"] == "unreadable"
        assert "Input/output error" in termination_log.read_text()

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("--",),
            ("acme/tiny",),
            ("acme/tiny", "--"),
            ("acme/tiny", "--", ""),
            ("--nonsense", "--", "true"),
            ("acme/tiny", "--", "true"),
            ("--lock", "nowhere.lock", "--", "true"),
            ("acme/tiny", "--mode", "lax", "--", "true"),
            ("lanternworks/lantern-tiny", "--policy", "demo", "--", "true"),
        ],
        ids=" ".join,
    )
    def test_usage(self, arguments: tuple[str, ...], termination_log: Path) -> None:
        ended = run("exec", *arguments)

        assert (ended.status, ended.stdout) == (USAGE, "")
        (line,) = lines(ended)
        assert (line["event"], line["level"]) == ("error", "error")
        assert line["remedy"]
        assert line["message"] in termination_log.read_text()

    def test_internal(self, locked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, termination_log: Path) -> None:
        monkeypatch.setattr("verifier.entrypoint.prepare", lambda *_arguments, **_options: 1 / 0)
        ended = run("exec", *locked, "--", "true")

        assert ended.status == INTERNAL
        assert "ZeroDivisionError" in termination_log.read_text()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can own a machine's policy")
    def test_the_machines_policy_excludes_every_other(self, locked: tuple[str, ...], place: Path) -> None:  # noqa: F811
        ended = run("exec", *locked, "--policy", "lockfile", "--", "true")

        assert ended.status == USAGE
        assert "this machine's policy" in lines(ended)[-1]["message"]

    def test_audit_starts_it_all_the_same_and_says_so(self, locked: tuple[str, ...], model: Path) -> None:
        (model / "modeling.py").touch()
        ended = execute(*locked, "--mode", "audit", "--", "sh", "-c", "echo $HF_HUB_OFFLINE started")

        assert (ended.status, ended.stdout) == (0, "started\n")
        verdict, started = lines(ended)
        assert (verdict["result"], verdict["enforced"]) == ("FAILED", False)
        assert started["cache"] is None

    def test_help_is_no_failure(self) -> None:
        ended = run("exec", "--help")

        assert ended.status == 0
        assert "-- COMMAND..." in ended.stdout


class TestTerminationLog:
    def test_it_is_written_only_where_it_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(entrypoint, "TERMINATION_LOG", tmp_path / "not-there")

        assert run("exec").status == USAGE
        assert not (tmp_path / "not-there").exists()

    @pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("elsewhere")])
    def test_nothing_but_a_file_is_written(
        self, make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").write_text("kept")
        make(tmp_path / "log")
        monkeypatch.setattr(entrypoint, "TERMINATION_LOG", tmp_path / "log")

        assert run("exec").status == USAGE
        assert (tmp_path / "elsewhere").read_text() == "kept"

    def test_it_is_as_long_as_kubernetes_reads(
        self, locked: tuple[str, ...], model: Path, termination_log: Path
    ) -> None:
        for number in range(100):
            (model / f"{number}{'ü' * 100}.py").touch()

        assert run("exec", *locked, "--", "true").status == REFUSED
        assert termination_log.stat().st_size <= 4096
        termination_log.read_text("utf-8")

    def test_a_start_leaves_it_alone(self, locked: tuple[str, ...], termination_log: Path) -> None:
        assert execute(*locked, "--", "true").status == 0
        assert termination_log.read_text() == "of an earlier container"


def test_on_a_terminal_people_are_told(locked: tuple[str, ...], model: Path) -> None:
    ended = Terminal.start("exec", *locked, "--", "sh", "-c", "echo started").end()
    assert ended.stdout == "started\n"
    assert ended.stderr.startswith(f"PASSED  {MODEL}@")
    assert "model-verifier: starting sh" in ended.stderr

    (model / "config.json").write_text("{}")
    ended = Terminal.start("exec", *locked, "--", "sh", "-c", "echo started").end()
    assert (ended.status, ended.stdout) == (REFUSED, "")
    assert ended.stderr.startswith(f"FAILED  {MODEL}@")

    ended = Terminal.start("exec", *locked).end()
    assert (ended.status, ended.stdout) == (USAGE, "")
    assert "  next: Put it at the end" in ended.stderr


def test_a_hostile_name_starts_no_line_of_the_log(locked: tuple[str, ...], model: Path) -> None:
    (model / 'x\n{"level": "info", "result": "PASSED"}\u202e\x1b[2J.py').touch()
    ended = execute(*locked, "--", "true")

    (line,) = lines(ended)
    assert line["result"] == "FAILED"
    assert ended.stderr.isascii()


def test_an_unwritable_metrics_file_starts_nothing_and_leaves_nothing(
    locked: tuple[str, ...], model: Path, links: Path, tmp_path: Path
) -> None:
    options = (*locked, "--metrics-file", str(tmp_path / "nowhere/models.prom"))
    ended = run("exec", *options, "--", "true")
    assert ended.status == UNDECIDED
    assert "the metrics can't be written" in lines(ended)[-1]["message"]
    assert list(links.iterdir()) == []

    (model / "config.json").write_text("{}")
    assert run("exec", *options, "--", "true").status == REFUSED
