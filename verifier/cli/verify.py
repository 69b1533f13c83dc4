"""`model-verifier verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verifier.cli.options import (
    Format,
    FormatOption,
    LockOption,
    MinVersionOption,
    ModeOption,
    NoProgressOption,
    OfflineOption,
    OutputOption,
    PolicyOption,
    RegistryOption,
    SetOption,
    TrustDigestOption,
)


def verify(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="The model: org/name or org/name@<commit>.")],
    path: Annotated[
        Path | None, typer.Option("--path", envvar="MODEL_VERIFIER_PATH", metavar="DIR", help="Where its files are.")
    ] = None,
    policy: PolicyOption = None,
    registry: RegistryOption = None,
    trust_digest: TrustDigestOption = None,
    min_version: MinVersionOption = 0,
    lock: LockOption = None,
    set_name: SetOption = None,
    mode: ModeOption = None,
    format_: FormatOption = Format.TEXT,
    output: OutputOption = None,
    offline: OfflineOption = False,
    all_findings: Annotated[
        bool,
        typer.Option("--all-findings", envvar="MODEL_VERIFIER_ALL_FINDINGS", help="Hash even if the files differ."),
    ] = False,
    no_progress: NoProgressOption = False,
) -> None:
    """Are these bytes the approved (or locked) ones?"""
    from verifier import policy as policies
    from verifier.cli.output import write_report
    from verifier.cli.progress import ProgressBar
    from verifier.errors import UndecidedError
    from verifier.verify import undecided
    from verifier.verify import verify as verify_model

    chosen = policies.choose(
        policy=policy, registry=registry, trust_digest=trust_digest, mode=mode, has_lock=lock is not None
    )
    deciding = policies.Policy.load(chosen).override(
        registry=registry, trust_digest=trust_digest, mode=mode, min_version=min_version
    )
    try:
        verdict = verify_model(
            reference,
            path=path,
            lock=lock,
            policy=deciding,
            offline=offline,
            set_name=set_name,
            all_findings=all_findings,
            watch=ProgressBar(wanted=not no_progress),
        )
    except UndecidedError as error:
        verdict = undecided(error, reference, deciding)
    write_report(verdict, format_, output)
    raise typer.Exit(verdict.exit_status)
