"""unsafe-pickle: a pickle names or does what the reviewed list does not hold. The walker tells, this judges."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from verifier.allowlist import BASE, allowed, danger
from verifier.checks.check import Check, Needs, contents, found, within
from verifier.evidence import Evidence, Pickles
from verifier.finding import Finding, Location, Severity
from verifier.formats.content import Program, Role, Use

RULE = "unsafe-pickle"
_GETTERS = frozenset({("builtins", "getattr"), ("__builtin__", "getattr")})
_GRAVEST = (Role.CALL, Role.NEW, Role.PATCH, Role.STATE, Role.FILL, Role.IMPORT)
_DOES = {
    Role.IMPORT: "imports",
    Role.CALL: "calls",
    Role.NEW: "makes an instance of",
    Role.STATE: "sets the state of what it made with",
    Role.FILL: "puts items into what it made with",
    Role.PATCH: "changes",
}
_WHY = {
    Role.IMPORT: "importing runs a module's code, and what is imported is there to be called",
    Role.CALL: "it runs as soon as the file is loaded",
    Role.NEW: "its constructor runs as soon as the file is loaded",
    Role.STATE: "its __setstate__ runs as soon as the file is loaded",
    Role.FILL: "its methods run as soon as the file is loaded",
    Role.PATCH: "everything that uses it afterwards does what the file says",
}


def run(evidence: Evidence) -> Iterable[Finding]:
    """Judge every global of every pickle, once each, and what hides a global."""
    for path, member, content in contents(evidence):
        if content.program is not None:
            yield from _judged(content.program, path, member, evidence)


def _judged(program: Program, path: str, member: str | None, evidence: Evidence) -> Iterator[Finding]:
    tiers: dict[str, list[Use]] = {}
    for uses in _by_global(program).values():
        refused = [use for use in uses if not _is_allowed(use)]
        if refused:
            use = min(refused, key=lambda use: _GRAVEST.index(use.role))
            finding = found(RULE, _message(use, path), path, remedy=_remedy(path))
            yield replace(finding, location=_at(path, member, use))
        elif (tier := allowed()[uses[0].module, uses[0].name].tier) != BASE and tier not in evidence.frameworks:
            tiers.setdefault(tier, []).append(uses[0])
    for tier, needed in tiers.items():
        yield replace(_needs(tier, needed, path, evidence.pickles), location=_at(path, member, needed[0]))
    for oddity in program.oddities:
        message = f"{path} hides what it does: {oddity.message} ({oddity.opcode})"
        finding = found(RULE, message, path, remedy=_remedy(path))
        yield within(finding, member, offset=oddity.offset)


def _by_global(program: Program) -> dict[tuple[str, str], list[Use]]:
    uses: dict[tuple[str, str], list[Use]] = {}
    for use in program.uses:
        uses.setdefault((use.module, use.name), []).append(use)
    return uses


def _is_allowed(use: Use) -> bool:
    if (use.module, use.name) in _GETTERS and use.role is Role.CALL:
        return _takes_a_member(use)
    entry = allowed().get((use.module, use.name))
    return entry is not None and use.role.value in entry.uses


def _takes_a_member(use: Use) -> bool:
    """Tell whether getattr does no more than to name a member of an allowed enumeration."""
    if len(use.arguments) != 2:
        return False
    owner, member = use.arguments
    entry = allowed().get(owner) if isinstance(owner, tuple) else None
    plain = isinstance(member, str) and member.isidentifier() and not member.startswith("_")
    return entry is not None and "member" in entry.uses and plain


def _message(use: Use, path: str) -> str:
    times = f", {use.count} times" if use.count > 1 else ""
    known = danger(use.module, use.name)
    why = f"a global that {known}" if known else f"not on the reviewed list; {_WHY[use.role]}"
    return f"{path} {_DOES[use.role]} {use.dotted}{_given(use)} ({use.opcode}{times}): {why}"


def _remedy(path: str) -> str:
    """Give the command that converts the file, for whoever trusts where it comes from; torch checks it again."""
    load = f"torch.load({path!r}, weights_only=True)"
    code = f"import torch, safetensors.torch as s; s.save_file({load}, 'model.safetensors')"
    return (
        f"Do not load it. Use a safetensors file; or convert it in a sandbox without network: "
        f"python -c {shlex.quote(code)}; or have it waived by a signed, dated record with the reason."
    )


def _given(use: Use) -> str:
    """Write a call's arguments as far as the file shows them."""
    if use.role not in (Role.CALL, Role.NEW) or not use.arguments:
        return ""
    shown = [
        ".".join(argument) if isinstance(argument, tuple) else "…" if argument is None else repr(argument)
        for argument in use.arguments
    ]
    return f"({', '.join(shown)})"


def _needs(tier: str, uses: list[Use], path: str, pickles: Pickles) -> Finding:
    """Report a framework's class: a note where files are described, a refusal where they would be loaded."""
    others = f" and {len(uses) - 1} more" if len(uses) > 1 else ""
    finding = found(
        RULE,
        f"{path} needs {tier}: {uses[0].dotted}{others} run that framework's code",
        path,
        remedy=f'Where {tier} is to be loaded from pickles, set [pickle] frameworks = ["{tier}"] in the policy.',
    )
    return replace(finding, severity=Severity.NOTE) if pickles is Pickles.DESCRIBE else finding


def _at(path: str, member: str | None, use: Use) -> Location:
    return Location(path, member, offset=use.offset, global_name=use.dotted)


CHECK = Check("unsafe-pickle", RULE, Needs.CONTENT, run)
