"""`model-verifier registry renew`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from verifier.cli.options import PolicyOption, RegistryOption, TrustDigestOption
from verifier.cli.registry.options import opened


def renew(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="REFERENCE", help="Models: org/name or org/name@<commit>.")
    ] = None,
    expiring: Annotated[
        str | None, typer.Option("--expiring", metavar="30d", help="All that ends within so many days.")
    ] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="About how long the approval counts.")] = None,
    policy: PolicyOption = None,
    registry: RegistryOption = None,
    trust_digest: TrustDigestOption = None,
) -> None:
    """Prolong approvals: the same records with a later end, which the approvers sign again."""
    from verifier.document import format_timestamp
    from verifier.errors import UsageError
    from verifier.governance.approve import key_of
    from verifier.governance.renew import expiring as ends_within
    from verifier.governance.renew import renew as prolong
    from verifier.report.escape import terminal

    if bool(references) == (expiring is not None):
        raise UsageError(
            "nothing to renew was named, or both models and --expiring",
            "model-verifier registry renew --expiring 30d",
        )
    _, home = opened(policy, registry, trust_digest)
    keys = [key_of(home, name) for name in references or ()]
    if expiring is not None:
        keys = ends_within(home, span(expiring))
    renewed = prolong(home, keys, days)
    for item in renewed:
        before, now = format_timestamp(item.before)[:10], format_timestamp(item.now)[:10]
        typer.echo(f"{terminal(item.reference)}: until {now} instead of {before}")
    if renewed:
        typer.echo("  next: the approvers sign again: model-verifier registry approve --all-pending", err=True)
    else:
        typer.echo("nothing ends so soon")


def span(text: str) -> timedelta:
    """Read a number of days, `30d`; raises `UsageError`."""
    from verifier.errors import UsageError

    if not re.fullmatch(r"[0-9]{1,4}d?", text):
        raise UsageError(f"{text!r} is no number of days", "Write it as 30d.")
    return timedelta(days=int(text.removesuffix("d")))
