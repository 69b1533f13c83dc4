"""`model-verifier registry publish`."""

from __future__ import annotations

from typing import Annotated

import typer

from verifier.cli.identity import PublicLogOption, TokenFileOption, TrustConfigOption
from verifier.cli.options import PolicyOption, RegistryOption, TrustDigestOption
from verifier.cli.registry.options import log_in, opened


def publish(
    days: Annotated[int | None, typer.Option("--days", min=1, help="How long the head lives.")] = None,
    source_commit: Annotated[
        str | None,
        typer.Option("--source-commit", envvar="GITHUB_SHA", metavar="COMMIT", help="What it was made from."),
    ] = None,
    policy: PolicyOption = None,
    registry: RegistryOption = None,
    trust_digest: TrustDigestOption = None,
    token_file: TokenFileOption = None,
    trust_config: TrustConfigOption = None,
    public_log: PublicLogOption = False,
) -> None:
    """Make and sign the list of what is approved and revoked now; for CI, at every change and once a day."""
    from verifier.document import format_timestamp
    from verifier.governance.publish import draft
    from verifier.governance.publish import publish as sign_and_write
    from verifier.report.escape import terminal
    from verifier.report.text import counted

    _, home = opened(policy, registry, trust_digest)
    login = log_in(home, ["publish"], token_file, trust_config, public_log)
    made = draft(home, days=days, source_commit=source_commit)
    sign_and_write(home, made, login.pen())
    head = made.head
    typer.echo(
        f"published {terminal(head.registry)}, head {head.version}, until {format_timestamp(head.expires)}: "
        f"{counted(len(head.records), 'approval')}, {counted(len(head.revoked), 'revocation')}"
    )
    for sign, keys in (("+", made.added), ("-", made.removed)):
        for key in keys[:50]:
            typer.echo(f"  {sign} {terminal(key)}")
    for what, why in made.waiting.items():
        typer.echo(f"waits: {terminal(what)}: {terminal(why)}", err=True)
