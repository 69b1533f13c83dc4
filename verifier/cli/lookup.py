"""`model-verifier lookup`."""

from __future__ import annotations

from typing import Annotated

import typer

from verifier.cli.options import (
    Format,
    FormatOption,
    LockOption,
    MinVersionOption,
    ModeOption,
    OfflineOption,
    OutputOption,
    PolicyOption,
    RegistryOption,
    SetOption,
    TrustDigestOption,
)


def lookup(
    references: Annotated[
        list[str], typer.Argument(metavar="REFERENCE", help="Models: org/name or org/name@<commit>.")
    ],
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
) -> None:
    """May we use this model? Asks the registry and, unless --offline, the Hub; reads no weights."""
    from verifier.cli.output import write_report
    from verifier.cli.policy import deciding_policy
    from verifier.errors import UndecidedError
    from verifier.judge import undecided
    from verifier.lookup import lookup as lookup_model

    deciding = deciding_policy(policy, registry, trust_digest, mode, min_version, lock)
    verdicts = []
    for reference in references:
        try:
            verdict = lookup_model(reference, lock=lock, policy=deciding, set_name=set_name, offline=offline)
        except UndecidedError as error:
            verdict = undecided(error, reference, deciding)
        verdicts.append(verdict)
    write_report(verdicts, format_, output)
    statuses = {verdict.exit_status for verdict in verdicts}
    raise typer.Exit(next((status for status in (3, 4) if status in statuses), 0))
