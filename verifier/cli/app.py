"""The application: its verbs, and the one place where errors and signals become exit statuses."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from verifier import __version__
from verifier.cli.explain import explain
from verifier.cli.lock import lock
from verifier.cli.lookup import lookup
from verifier.cli.pull import pull
from verifier.cli.verify import verify
from verifier.errors import VerifierError
from verifier.report.escape import terminal

app = typer.Typer(
    name="model-verifier",
    help="Refuse model weights that nobody approved: a signed registry, every file's SHA-256, no code on load.",
    epilog="Exit status: 0 passed, 1 internal error, 2 usage, 3 refused, 4 undecided.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(lookup)
app.command()(lock)
app.command()(pull)
app.command()(verify)
app.command()(explain)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"model-verifier {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line and exit; see the epilog for the statuses."""
    logging.getLogger("sigstore").addHandler(logging.NullHandler())
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except VerifierError as error:
        _say(error.message, error.remedy)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(4)
    except Exception as error:
        if os.environ.get("MODEL_VERIFIER_DEBUG"):
            raise
        _say(f"internal error: {type(error).__name__}: {error}", "Run again with MODEL_VERIFIER_DEBUG=1 and report it.")
        sys.exit(1)
    sys.exit(0)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(143)


def _say(message: str, remedy: str) -> None:
    print(f"model-verifier: {terminal(message)}", file=sys.stderr)
    if remedy:
        print(f"  next: {terminal(remedy)}", file=sys.stderr)
