"""`model-verifier registry verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from verifier.cli.options import (
    OutputOption,
    PolicyOption,
    RegistryOption,
    TrustDigestOption,
)
from verifier.cli.registry.options import Wording, WordingOption, opened


def verify(
    records: Annotated[bool, typer.Option("--records", help="Verify all signatures, however many.")] = False,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REF", help="Judge the change since this commit."),
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", metavar="LOGIN", help="Who opened the pull request, as the forge says.")
    ] = None,
    policy: PolicyOption = None,
    registry: RegistryOption = None,
    trust_digest: TrustDigestOption = None,
    format_: WordingOption = Wording.TEXT,
    output: OutputOption = None,
) -> None:
    """Does the registry hold: its head, its records, and what a pull request does to it?"""
    from verifier.cli.output import write_text
    from verifier.governance.audit import audit
    from verifier.governance.change import Change
    from verifier.report.registry import render_audit
    from verifier.report.registry_json import audit_json

    _, home = opened(policy, registry, trust_digest)
    change = Change.since(home, base) if base is not None else None
    found = audit(home, all_records=records, change=change, author=author)
    write_text(audit_json(found) if format_ is Wording.JSON else render_audit(found), format_.among_all, output)
    raise typer.Exit(3 if found.problems else 0)
