"""What `exec` says where stderr is no terminal: one JSON object a line, in ASCII, so that a name can start no other."""

from __future__ import annotations

import json
from collections.abc import Sequence

from verifier import limits
from verifier.document import format_timestamp
from verifier.report.text import render
from verifier.verdict import Effect, Result, Verdict

_LEVELS = {Result.PASSED: "info", Result.FAILED: "error", Result.UNDECIDED: "error"}


def verdict(verdict: Verdict, seconds: float) -> str:
    """Write a verdict, with the first findings of those that are not ignored; the denying ones come first."""
    warned = any(verdict.findings(Effect.WARN))
    level = "warning" if verdict.result is Result.PASSED and warned else _LEVELS[verdict.result]
    registry = verdict.registry
    order = [Effect.DENY, Effect.WARN, Effect.WAIVED, Effect.NOTE]
    findings = sorted(verdict.findings(*order), key=lambda judged: order.index(judged.effect))
    shown = findings[: limits.MAX_FINDINGS_IN_LOG]
    details: dict[str, object] = {
        "result": verdict.result.value,
        "enforced": verdict.enforced,
        "model": verdict.subject.reference,
        "path": verdict.subject.path,
        "set": verdict.subject.set,
        "files": verdict.subject.files,
        "bytes": verdict.subject.size,
        "seconds": round(seconds, 3),
        "policy": verdict.policy.name if verdict.policy else None,
        "registry": registry.name if registry else None,
        "head_expires": format_timestamp(registry.expires) if registry else None,
        "approval_expires": format_timestamp(registry.approved_until) if registry and registry.approved_until else None,
        "findings": [
            {
                "rule": judged.finding.rule,
                "effect": judged.effect.value,
                "message": judged.finding.message,
                "remedy": judged.finding.remedy,
            }
            for judged in shown
        ],
        "findings_omitted": len(findings) - len(shown) + sum(outcome.omitted for outcome in verdict.outcomes),
        "notices": list(verdict.notices),
    }
    if verdict.error is not None:
        details |= {"code": verdict.error.code, "reason": verdict.error.message, "remedy": verdict.error.remedy}
    message = f"{verdict.result.value} {verdict.subject.reference}"
    return line(format_timestamp(verdict.time), level, "verdict", message, **details)


def line(time: str, level: str, event: str, message: str, **details: object) -> str:
    """Write one event at a `time` of RFC 3339; the line ends in a line feed and holds no other."""
    what = {"time": time, "level": level, "event": event, "message": message}
    return json.dumps(what | details, ensure_ascii=True) + "\n"


def termination(verdicts: Sequence[Verdict]) -> bytes:
    """Write why nothing was started, as Kubernetes shows it."""
    return cut("\n".join(render(verdict) for verdict in verdicts if verdict.result is not Result.PASSED))


def cut(text: str) -> bytes:
    """Give as much of the text in UTF-8 as is read, never half a character."""
    return text.encode("utf-8", "backslashreplace")[: limits.MAX_TERMINATION_MESSAGE].decode("utf-8", "ignore").encode()
