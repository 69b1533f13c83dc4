"""`model-verifier registry diff`."""

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


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A commit, branch or tag.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another one.")] = "HEAD",
    policy: PolicyOption = None,
    registry: RegistryOption = None,
    trust_digest: TrustDigestOption = None,
    format_: WordingOption = Wording.TEXT,
    output: OutputOption = None,
) -> None:
    """What changed between two commits, in words. Whether it may be, `registry verify --base` says."""
    from verifier.cli.output import write_text
    from verifier.governance.change import Change
    from verifier.governance.diff import differences
    from verifier.report.registry import render_differences
    from verifier.report.registry_json import differences_json

    _, home = opened(policy, registry, trust_digest)
    found = differences(Change.between(home, old, new))
    write_text(
        differences_json(found) if format_ is Wording.JSON else render_differences(found), format_.among_all, output
    )
