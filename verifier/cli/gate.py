"""`model-verifier gate`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from verifier.cli.options import (
    Format,
    FormatOption,
    LockOption,
    MinVersionOption,
    Mode,
    ModeOption,
    OfflineOption,
    OutputOption,
    PolicyOption,
    RegistryOption,
    TrustDigestOption,
)


def gate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Judge these files as the work tree has them (pre-commit does)."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            envvar="MODEL_VERIFIER_BASE",
            metavar="REF",
            help="The branch that the change goes to (origin/HEAD; with PATH: HEAD).",
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option("--head", envvar="MODEL_VERIFIER_HEAD", metavar="REF", help="The change's last commit (HEAD)."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", envvar="MODEL_VERIFIER_ALL", help="Judge every reference, not only new ones.")
    ] = False,
    policy: PolicyOption = None,
    registry: RegistryOption = None,
    trust_digest: TrustDigestOption = None,
    min_version: MinVersionOption = 0,
    lock: LockOption = None,
    mode: ModeOption = None,
    format_: FormatOption = Format.TEXT,
    output: OutputOption = None,
    offline: OfflineOption = False,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary", envvar="MODEL_VERIFIER_SUMMARY", metavar="FILE", help="Also write a Markdown job summary."
        ),
    ] = None,
    comment: Annotated[
        Path | None,
        typer.Option(
            "--comment", envvar="MODEL_VERIFIER_COMMENT", metavar="FILE", help="Also write a pull request's comment."
        ),
    ] = None,
    sarif: Annotated[
        Path | None,
        typer.Option("--sarif", envvar="MODEL_VERIFIER_SARIF", metavar="FILE", help="Also write SARIF 2.1.0."),
    ] = None,
) -> None:
    """Which models does this change add, and is each approved?"""
    from verifier.cli.output import refusal_first, write_file, write_report
    from verifier.errors import UndecidedError
    from verifier.gate import Options
    from verifier.gate import gate as judge_change
    from verifier.judge import undecided
    from verifier.report import github
    from verifier.report import sarif as sarif_report
    from verifier.system_policy import choose

    chosen = choose(policy=policy, registry=registry, trust_digest=trust_digest, mode=mode, has_lock=lock is not None)
    options = Options(registry, trust_digest, mode, min_version, offline)
    try:
        verdict = judge_change(
            paths or (), policy=chosen, base=base, head=head, everything=everything, lock=lock, options=options
        )
    except UndecidedError as error:
        verdict = replace(undecided(error, "the change", None), enforced=mode is not Mode.AUDIT)
    with refusal_first([verdict]), ExitStack() as reports:  # written from the last to the first, whichever fails
        reports.callback(write_report, [verdict], format_, output)
        for render, file in ((sarif_report.render_all, sarif), (github.comment, comment), (github.summary, summary)):
            if file is not None:
                reports.callback(write_file, render([verdict]), file)
    raise typer.Exit(verdict.exit_status)
