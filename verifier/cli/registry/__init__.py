"""`model-verifier registry`: the registry's life, one file a subverb."""

from __future__ import annotations

import typer

from verifier.cli.registry.add import add
from verifier.cli.registry.approve import approve
from verifier.cli.registry.init import init
from verifier.cli.registry.publish import publish
from verifier.cli.registry.revoke import revoke
from verifier.cli.registry.rotate import rotate

registry = typer.Typer(
    name="registry",
    help="Propose, approve, renew, revoke and publish approved models; show what is approved.",
    no_args_is_help=True,
)
for verb in (init, add, approve, revoke, publish, rotate):
    registry.command()(verb)

__all__ = ["registry"]
