"""`model-verifier pull`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from verifier.cli.options import (
    Format,
    FormatOption,
    LockOption,
    MetricsFileOption,
    MinVersionOption,
    ModeOption,
    NoProgressOption,
    OutputOption,
    PolicyOption,
    RegistryOption,
    SetOption,
    TrustDigestOption,
)


def pull(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="The model: org/name or org/name@<commit>.")],
    to: Annotated[Path, typer.Option("--to", envvar="MODEL_VERIFIER_TO", metavar="DIR", help="The new directory.")],
    policy: PolicyOption = None,
    registry: RegistryOption = None,
    trust_digest: TrustDigestOption = None,
    min_version: MinVersionOption = 0,
    lock: LockOption = None,
    set_name: SetOption = None,
    mode: ModeOption = None,
    format_: FormatOption = Format.TEXT,
    output: OutputOption = None,
    metrics_file: MetricsFileOption = None,
    no_progress: NoProgressOption = False,
) -> None:
    """Download a model: only the approved files at the approved commit, verified on the way, all or nothing."""
    from verifier.cli.metrics import write_metrics
    from verifier.cli.output import write_report
    from verifier.cli.policy import deciding_policy
    from verifier.cli.progress import ProgressBar
    from verifier.errors import UndecidedError
    from verifier.judge import undecided
    from verifier.pull import pull as pull_model

    deciding = deciding_policy(policy, registry, trust_digest, mode, min_version, lock)
    watch = ProgressBar("downloading", wanted=not no_progress)
    began = time.monotonic()
    try:
        verdict = pull_model(reference, to=to, lock=lock, policy=deciding, set_name=set_name, watch=watch)
    except UndecidedError as error:
        verdict = undecided(error, reference, deciding)
    write_report([verdict], format_, output)
    write_metrics(metrics_file, [(verdict, time.monotonic() - began)])
    raise typer.Exit(verdict.exit_status)
