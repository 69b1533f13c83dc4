"""`pull`: all of the approved files under the final name, or nothing; whatever the endpoint does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.hub import Hub as FakeHub
from tests.fakes.hub import faults, tiny_model
from tests.fakes.registry import NOW, FakeRegistry, rules_of
from verifier import _hub, transfer
from verifier._hub import Hub
from verifier.errors import UndecidedError, UsageError
from verifier.lock import lock_reference
from verifier.lockfile import write_lock
from verifier.pull import pull
from verifier.reference import ModelReference
from verifier.verdict import Result, Verdict

DEFAULT = set(tiny_model()) - {"README.md", ".gitattributes"}
SHARD = "model-00002-of-00002.safetensors"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hub, "_TIMEOUTS", (1.0, 0.5))
    monkeypatch.setattr(transfer, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(_hub, "_FIRST_WAIT", 0.001)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as running:
        running.add("acme/tiny", tiny_model())
        yield running


@pytest.fixture
def lock(hub: FakeHub, tmp_path: Path) -> Path:
    entries = lock_reference(
        ModelReference("acme", "tiny"), Hub(hub.url, ""), cache_directory=tmp_path / "none"
    ).entries
    write_lock(tmp_path / "models.lock", entries)
    hub.requests.clear()
    return tmp_path / "models.lock"


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def _pull(hub: FakeHub, lock: Path, to: Path) -> Verdict:
    return pull("acme/tiny", to=to, lock=lock, policy="lockfile", hub=Hub(hub.url, ""))


def test_only_the_sets_files_arrive_under_the_final_name(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    verdict = _pull(hub, lock, tmp_path / "out" / "model")
    assert verdict.result is Result.PASSED
    assert names(tmp_path / "out" / "model") == DEFAULT
    assert names(tmp_path / "out") == {"model"}


def test_with_a_lock_in_hand_only_content_is_asked_for(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    _pull(hub, lock, tmp_path / "model")
    assert not [request.path for request in hub.requests if request.path.startswith("/api/models")]


def test_a_mirror_that_knows_nothing_but_paths_suffices(lock: Path, tmp_path: Path) -> None:
    with FakeHub(prefix="/artifactory/api/huggingfaceml/remote", mirror=True) as mirror:
        mirror.add("acme/tiny", tiny_model())
        assert _pull(mirror, lock, tmp_path / "model").result is Result.PASSED


def test_a_registrys_refusal_fetches_nothing(hub: FakeHub, registry: FakeRegistry, tmp_path: Path) -> None:
    verdict = pull("acme/other", to=tmp_path / "model-x", policy=registry.policy(), hub=Hub(hub.url, ""), now=NOW)
    assert rules_of(verdict) == {"unapproved-model"}
    assert hub.requests == []
    assert not (tmp_path / "model-x").exists()


@pytest.mark.parametrize(
    "fault",
    [faults.AlteredByte(at=700), faults.LongBody(), faults.CaptivePortal()],
    ids=lambda fault: type(fault).__name__,
)
def test_other_bytes_are_refused(hub: FakeHub, lock: Path, tmp_path: Path, fault: faults.Fault) -> None:
    hub.fault(f"*{SHARD}", fault, host="cdn")
    if isinstance(fault, faults.CaptivePortal):
        with pytest.raises(UndecidedError):  # it is shorter than the file, again and again
            _pull(hub, lock, tmp_path / "model")
    else:
        assert rules_of(_pull(hub, lock, tmp_path / "model")) >= {"digest-mismatch"}
    assert not (tmp_path / "model").exists()
    hub.restore()
    assert _pull(hub, lock, tmp_path / "model").result is Result.PASSED


@pytest.mark.parametrize(
    "fault",
    [
        faults.Reset(after=300),
        faults.ShortBody(300),
        faults.Stall(1.2, after=300),
        faults.Status(503),
        faults.Status(429, {"Retry-After": "0"}),
        faults.Gzip(),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_passing_trouble_is_overcome(hub: FakeHub, lock: Path, tmp_path: Path, fault: faults.Fault) -> None:
    hub.fault(f"*{SHARD}", fault, times=1)
    assert _pull(hub, lock, tmp_path / "model").result is Result.PASSED


@pytest.mark.parametrize("fault", [faults.RangeIgnored(), faults.WrongContentRange()], ids=("ignored", "wrong"))
def test_a_range_that_is_not_honoured_is_noticed(hub: FakeHub, lock: Path, tmp_path: Path, fault: faults.Fault) -> None:
    hub.fault(f"*{SHARD}", faults.Reset(after=300), times=1, host="cdn")
    hub.fault(f"*{SHARD}", fault, times=1, host="cdn")
    assert _pull(hub, lock, tmp_path / "model").result is Result.PASSED


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.Status(401), "hub-unauthorized"),
        (faults.Status(401, {"X-Error-Code": "GatedRepo"}), "hub-gated"),
        (faults.Status(403), "hub-forbidden"),
        (faults.Status(404), "hub-not-found"),
        (faults.Status(404, {"X-Error-Code": "EntryNotFound"}), "hub-no-file"),
        (faults.Status(429, {"Retry-After": "3600"}), "hub-busy"),
        (faults.Status(500), "hub-broken"),
        (faults.RedirectLoop(), "hub-redirects"),
        (faults.Reset(), "hub-broken-off"),
        (faults.Stall(1.0), "hub-broken-off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lasting_trouble_ends_undecided_with_words_of_its_own(
    hub: FakeHub, lock: Path, tmp_path: Path, fault: faults.Fault, code: str
) -> None:
    hub.fault(f"*{SHARD}", fault)
    with pytest.raises(UndecidedError) as raised:
        _pull(hub, lock, tmp_path / "model")
    assert raised.value.code == code
    assert raised.value.remedy
    assert not (tmp_path / "model").exists()


def test_the_token_goes_to_the_endpoint_only(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    verdict = pull(
        "acme/tiny",
        to=tmp_path / "model",
        lock=lock,
        policy="lockfile",
        hub=Hub(hub.url, token="hf_secret"),  # noqa: S106
    )
    assert verdict.result is Result.PASSED
    leaked = [request for request in hub.requests if request.host == "cdn" and "hf_secret" in str(request.headers)]
    sent = [request for request in hub.requests if request.host == "hub" and "hf_secret" in str(request.headers)]
    assert sent
    assert not leaked


def test_netrc_is_not_read(hub: FakeHub, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(
        "machine 127.0.0.1 login a password netrc-secret\nmachine localhost login a password b\n"
    )
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    _pull(hub, lock, tmp_path / "model")
    assert not [request for request in hub.requests if "Authorization" in {key.title() for key in request.headers}]


def test_what_lies_there_from_before_is_not_trusted(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    hub.fault(f"*{SHARD}", faults.Status(404))
    with pytest.raises(UndecidedError):
        _pull(hub, lock, tmp_path / "model")
    (staging,) = tmp_path.glob(".model.*.partial")
    (staging / "config.json").write_bytes(b"x" * len(tiny_model()["config.json"]))
    (staging / "planted.py").write_text("")
    (staging / SHARD).unlink(missing_ok=True)
    (staging / SHARD).symlink_to(tmp_path / "elsewhere")
    hub.restore()
    assert _pull(hub, lock, tmp_path / "model").result is Result.PASSED
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "model" / "planted.py").exists()


def test_a_directory_that_is_there_is_verified_and_nothing_is_fetched(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    _pull(hub, lock, tmp_path / "model")
    hub.requests.clear()
    assert _pull(hub, lock, tmp_path / "model").result is Result.PASSED
    (tmp_path / "model" / "config.json").write_text("{}")
    assert rules_of(_pull(hub, lock, tmp_path / "model")) == {"digest-mismatch"}
    assert hub.requests == []


def test_a_full_disk_leaves_nothing_under_the_final_name(
    hub: FakeHub, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer.FileSink, "write", _no_space)
    with pytest.raises(UndecidedError, match="No space left"):
        _pull(hub, lock, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def _no_space(sink: transfer.FileSink, chunk: bytes) -> None:
    raise sink._failed(OSError(28, os.strerror(28)))


_SLOW = """
import sys
from pathlib import Path
from verifier import transfer
from verifier._hub import Hub
from verifier.pull import pull
to, lock = Path(sys.argv[3]), Path(sys.argv[2])
step = int(sys.argv[4])
calls = 0
def slow(original):
    def wrapped(*args, **kwargs):
        global calls
        calls += 1
        if calls == step:
            print("here", flush=True)
            import time; time.sleep(30)
        return original(*args, **kwargs)
    return wrapped
import os
transfer.FileSink.write = slow(transfer.FileSink.write)
os.fsync = slow(os.fsync)
Path.rename = slow(Path.rename)
pull("acme/tiny", to=to, lock=lock, policy="lockfile", hub=Hub(sys.argv[1], ""))
print("here", flush=True)
"""


@pytest.mark.parametrize("step", [1, 3, 8, 14, 20])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_at_any_step_nothing_wrong_stands_under_the_final_name(
    hub: FakeHub, lock: Path, tmp_path: Path, step: int, how: signal.Signals
) -> None:
    target = tmp_path / "model"
    command = [sys.executable, "-c", _SLOW, hub.url, str(lock), str(target), str(step)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(how)
        if how is signal.SIGINT:
            time.sleep(0.1)
            process.kill()
    assert not target.exists() or names(target) == DEFAULT
    assert _pull(hub, lock, target).result is Result.PASSED


def test_two_pulls_into_one_place_do_not_mix(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    target = tmp_path / "model"
    command = [sys.executable, "-c", _SLOW, hub.url, str(lock), str(target), "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(UndecidedError, match="another pull"):
            _pull(hub, lock, target)
        process.kill()
    assert _pull(hub, lock, target).result is Result.PASSED


def test_an_empty_directory_is_filled(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    assert _pull(hub, lock, tmp_path / "model").result is Result.PASSED


def test_a_directory_that_holds_something_else_is_left_alone(hub: FakeHub, lock: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        _pull(hub, lock, tmp_path / "work")
    assert names(tmp_path / "work") == {"notes"}
