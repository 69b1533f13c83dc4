"""`model-verifier registry`: the registry's life, one file a subverb."""

from __future__ import annotations

import typer

from verifier.cli.registry.add import add
from verifier.cli.registry.approve import approve
from verifier.cli.registry.diff import diff
from verifier.cli.registry.export import export
from verifier.cli.registry.init import init
from verifier.cli.registry.list import list_
from verifier.cli.registry.publish import publish
from verifier.cli.registry.renew import renew
from verifier.cli.registry.revoke import revoke
from verifier.cli.registry.rotate import rotate
from verifier.cli.registry.verify import verify
from verifier.cli.registry.whoami import whoami

registry = typer.Typer(
    name="registry",
    help="Propose, approve, renew, revoke and publish approved models; show what is approved.",
    no_args_is_help=True,
)
registry.command()(init)
registry.command()(add)
registry.command()(approve)
registry.command()(renew)
registry.command()(revoke)
registry.command()(publish)
registry.command()(verify)
registry.command()(diff)
registry.command(name="list")(list_)
registry.command()(export)
registry.command()(whoami)
registry.command()(rotate)

__all__ = ["registry"]
