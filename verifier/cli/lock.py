"""`model-verifier lock`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verifier.cli.options import NoProgressOption, SetOption


def lock(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="REFERENCE", help="Models: org/name or org/name@<revision>.")
    ] = None,
    from_cache: Annotated[
        Path | None, typer.Option("--from-cache", metavar="DIR", help="Lock every model in the Hub's cache there.")
    ] = None,
    file: Annotated[
        Path,
        typer.Option("--lock", envvar="MODEL_VERIFIER_LOCK", metavar="FILE", help="The lock to add to."),
    ] = Path("models.lock"),
    set_name: SetOption = None,
    no_progress: NoProgressOption = False,
) -> None:
    """Write commit, set and every digest to models.lock. It pins what is in use; it approves nothing."""
    from verifier.cli.progress import ProgressBar
    from verifier.errors import UsageError
    from verifier.lock import Locked, lock_cache, lock_reference
    from verifier.lockfile import write_lock
    from verifier.report.escape import terminal
    from verifier.report.text import size

    if references and from_cache is not None:
        raise UsageError("both models and --from-cache were given", "Leave one of them out.")
    if not references and from_cache is None:
        raise UsageError("nothing to lock was named", "model-verifier lock ORG/NAME, or lock --from-cache DIR")
    watch = ProgressBar("hashing", wanted=not no_progress)
    if from_cache is not None:
        results = [lock_cache(from_cache, watch=watch)]
    else:
        from verifier._hub import Hub
        from verifier.reference import ModelReference

        hub = Hub()
        results = [
            lock_reference(ModelReference.parse(text), hub, set_name=set_name or "default", watch=watch)
            for text in references or ()
        ]
    if findings := [finding for result in results for finding in result.findings]:
        for finding in findings:
            typer.echo(f"{finding.rule}  {terminal(finding.message)}", err=True)
            if finding.expected is not None:
                typer.echo(f"  found     {terminal(finding.found or '')}", err=True)
                typer.echo(f"  expected  {terminal(finding.expected)}", err=True)
        typer.echo("nothing was locked", err=True)
        raise typer.Exit(3)
    merged = Locked(
        tuple(entry for result in results for entry in result.entries),
        needs=tuple(dict.fromkeys(need for result in results for need in result.needs)),
    )
    lock_file = write_lock(file, merged.entries)
    for entry in merged.entries:
        amount = f"{len(entry.files)} files, {size(entry.manifest.size)}"
        typer.echo(f"locked {entry.model}@{entry.revision} ({entry.set}): {amount}")
    held = {entry.model.casefold() for entry in lock_file.models}
    for model, other in merged.needs:
        if other.casefold() not in held:
            typer.echo(f"{model} needs {terminal(other)}, too: model-verifier lock {terminal(other)}", err=True)
    typer.echo(f"wrote {terminal(str(file))}; it pins, nobody approved anything", err=True)
