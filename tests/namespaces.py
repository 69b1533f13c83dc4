"""A private view of the system for a test: without a route, or with mounts of its own."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


def unshare(*flags: str) -> list[str]:
    """Give the words that put a command into new namespaces (unshare(1)).

    Where the system allows none the test is skipped, or fails under REQUIRE_NAMESPACES=1.
    """
    command = ["unshare", *flags]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        message = f"`{' '.join(command)}` is not allowed here"
        if os.environ.get("REQUIRE_NAMESPACES") == "1":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return command
