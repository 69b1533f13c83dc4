"""Day one, as a person types it: lock the cache, verify, refuse a planted file, pull, refuse a mirror and a rename."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.hub import Hub, faults, fill_cache, tiny_model


def test_day_one(tmp_path: Path) -> None:
    with Hub() as hub:
        repository = hub.add("acme/tiny", tiny_model())
        snapshot = fill_cache(tmp_path / "home" / "hub", "acme/tiny", repository.refs["main"], tiny_model())
        environment = {**os.environ, **hub.environment(), "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": "hf_secret"}

        def run(*arguments: str) -> tuple[int, str]:
            command = [sys.executable, "-I", "-m", "verifier", *arguments]
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
            )
            assert "Traceback" not in done.stderr
            assert "hf_secret" not in done.stdout + done.stderr
            return done.returncode, done.stdout + done.stderr

        assert run("lock", "--from-cache", "home/hub")[0] == 0
        status, said = run("verify", "acme/tiny", "--lock", "models.lock")
        assert (status, "approved by nobody" in said) == (0, True)

        planted = snapshot / "modeling_tiny.py"
        planted.write_text("")
        status, said = run("verify", "acme/tiny", "--lock", "models.lock")
        assert (status, "unlisted-file" in said, str(planted) in said) == (3, True, True)
        planted.unlink()

        assert run("pull", "acme/tiny", "--lock", "models.lock", "--to", "model")[0] == 0
        assert run("verify", "acme/tiny", "--lock", "models.lock", "--path", "model")[0] == 0

        hub.fault("*.safetensors", faults.AlteredByte(at=900))
        status, said = run("pull", "acme/tiny", "--lock", "models.lock", "--to", "tampered")
        assert (status, "digest-mismatch" in said, (tmp_path / "tampered").exists()) == (3, True, False)
        hub.restore()

        repository.move_to("acme-labs/tiny")
        status, said = run("lookup", "acme/tiny", "--lock", "models.lock")
        assert (status, "renamed-model" in said, "acme-labs/tiny" in said) == (3, True, True)
        assert run("lock", "acme/tiny")[0] == 4
