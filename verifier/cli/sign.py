"""`model-verifier sign`."""

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


def sign(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The checkpoint: a directory or a tarball.")],
    name: Annotated[
        str | None,
        typer.Option("--name", envvar="MODEL_VERIFIER_NAME", help="Its name, as the policy's [checkpoint] has it."),
    ] = None,
    base: Annotated[
        list[str] | None,
        typer.Option("--base", metavar="org/name@COMMIT|none", help="A model it was trained from; may be repeated."),
    ] = None,
    tar: Annotated[
        Path | None,
        typer.Option("--tar", envvar="MODEL_VERIFIER_TAR", metavar="OUT", help="Pack the directory there and sign it."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", envvar="MODEL_VERIFIER_BUNDLE", metavar="FILE", help="Where the bundle goes."),
    ] = None,
    token_file: TokenFileOption = None,
    ambient: AmbientOption = True,
    trust_config: TrustConfigOption = None,
    key: KeyOption = None,
    chain: ChainOption = None,
    public_log: PublicLogOption = False,
    no_progress: NoProgressOption = False,
) -> None:
    """Make the Sigstore bundle for a checkpoint, beside it."""
    from verifier.cli.identity import chosen_signer
    from verifier.cli.progress import ProgressBar
    from verifier.report.text import signed_text
    from verifier.sign import sign as sign_checkpoint

    signer = chosen_signer(token_file, ambient, trust_config, public_log, key, chain)
    bases = None if not base else [] if base == ["none"] else base
    watch = ProgressBar("hashing", wanted=not no_progress)
    signed = sign_checkpoint(path, signer, name=name, bases=bases, tar=tar, bundle=bundle, watch=watch)
    typer.echo(signed_text(signed))
