"""`model-verifier attest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verifier.cli.identity import (
    AmbientOption,
    ChainOption,
    KeyOption,
    PublicLogOption,
    TokenFileOption,
    TrustConfigOption,
)
from verifier.cli.options import NoProgressOption


def attest(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The checkpoint: a directory or a tarball.")],
    type_: Annotated[str, typer.Option("--type", metavar="URI", help="What kind of claim this is.")],
    predicate: Annotated[Path, typer.Option("--predicate", metavar="FILE", help="What is claimed: a JSON object.")],
    token_file: TokenFileOption = None,
    ambient: AmbientOption = True,
    trust_config: TrustConfigOption = None,
    key: KeyOption = None,
    chain: ChainOption = None,
    public_log: PublicLogOption = False,
    no_progress: NoProgressOption = False,
) -> None:
    """Add a signed claim about a checkpoint: any tool's JSON."""
    from verifier.attest import attest as add_claim
    from verifier.cli.identity import chosen_signer
    from verifier.cli.progress import ProgressBar
    from verifier.report.text import attested_text

    signer = chosen_signer(token_file, ambient, trust_config, public_log, key, chain)
    attested = add_claim(path, type_, predicate, signer, watch=ProgressBar("hashing", wanted=not no_progress))
    typer.echo(attested_text(attested))
