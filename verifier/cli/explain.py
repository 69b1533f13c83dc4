"""`model-verifier explain`."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    rule: Annotated[str | None, typer.Argument(metavar="RULE", help="The rule; without one, all are listed.")] = None,
) -> None:
    """Why is there this rule, what does it look like, what can be done?"""
    from verifier.errors import UsageError
    from verifier.rules import RULES

    if rule is None:
        width = max(map(len, RULES))
        for entry in RULES.values():
            typer.echo(f"{entry.id:<{width}}  {entry.summary}")
        return
    rule = rule.lower()
    if rule not in RULES:
        import difflib

        near = difflib.get_close_matches(rule, RULES, n=1)
        hint = f"Did you mean {near[0]}?" if near else "`model-verifier explain` lists all rules."
        raise UsageError(f"there is no rule {rule!r}", hint)
    entry = RULES[rule]
    moves = "always denies" if entry.fixed else "a policy may move it"
    waivers = "a signed record may waive it" if entry.content else "no record can waive it"
    example = entry.example.replace("\n", "\n  ")
    typer.echo(f"{entry.id} ({entry.severity.value}; {moves}; {waivers})\n\n{entry.summary}\n\nWhy: {entry.why}")
    typer.echo(f"\nExample:\n  {example}\n\nWhat to do: {entry.remedy}")
