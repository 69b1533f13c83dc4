"""Where a report goes: stdout or a file, in the format that was asked for; colour only on a terminal."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from verifier.atomic import write_atomically
from verifier.cli.options import Format
from verifier.errors import UndecidedError
from verifier.verdict import Verdict


def write_report(verdicts: list[Verdict], format_: Format, output: Path | None) -> None:
    """Render one verdict or several and write them; raises `UndecidedError` where they can't be written."""
    text = _render(verdicts, format_, colour=output is None and _wants_colour())
    try:
        if output is not None:
            write_atomically(_regular(output), text.encode())
        else:
            encoding = sys.stdout.encoding if format_ is Format.TEXT else "utf-8"
            sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
            sys.stdout.buffer.flush()
    except OSError as error:
        where = f"to {str(output)!r}" if output is not None else "to stdout"
        raise UndecidedError(
            f"the report can't be written {where}: {error.strerror}",
            "Check the directory, its permissions and the disk.",
            code="report-unwritable",
        ) from error


def _render(verdicts: list[Verdict], format_: Format, *, colour: bool) -> str:
    """Write the report; each format is imported only where it is asked for."""
    if format_ is Format.JSON:
        from verifier.report import json

        return json.render(verdicts[0]) if len(verdicts) == 1 else json.render_all(verdicts)
    if format_ is Format.SARIF:
        from verifier.report import sarif

        return sarif.render_all(verdicts)
    if format_ is Format.GITHUB:
        from verifier.report import github

        return github.commands(verdicts)
    from verifier.report import text

    return text.render_all(verdicts, colour=colour)


def _regular(output: Path) -> Path:
    """Give the file behind a link; a device or FIFO (`/dev/null`) is never replaced by a file."""
    if output.exists() and not output.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file")
    return output.resolve()


def _wants_colour() -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()
