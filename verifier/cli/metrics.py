"""The file that node_exporter's textfile collector reads: written aside and renamed, so that it is never half there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verifier.errors import UndecidedError
from verifier.verdict import Verdict


def write_metrics(path: Path | None, answers: Sequence[tuple[Verdict, float]]) -> None:
    """Write the verdicts and their durations in seconds; raises `UndecidedError` where that can't be done."""
    if path is None or not answers:
        return
    from verifier.atomic import write_atomically
    from verifier.cli.output import refusal_first, regular
    from verifier.report.metrics import render

    try:
        write_atomically(regular(path), render(answers).encode())
    except OSError as error:
        with refusal_first(verdict for verdict, _ in answers):
            raise UndecidedError(
                f"the metrics can't be written to {str(path)!r}: {error.strerror}",
                "Check the directory, its permissions and the disk.",
                code="report-unwritable",
            ) from error
