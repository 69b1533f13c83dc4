"""The command line: one file a verb; parse, one library call, report, exit status. Verbs import late."""

from verifier.cli.app import main

__all__ = ["main"]
