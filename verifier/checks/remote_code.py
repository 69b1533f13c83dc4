"""remote-code: what `trust_remote_code` would run, in files or named by configurations; and programs as such.

A script that says so in its first line is a note: no loader runs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from verifier.checks.check import Check, Needs, contents, found, named, within
from verifier.evidence import Evidence
from verifier.finding import Finding, Severity

RULE = "remote-code"
CODE_SUFFIXES = (".py", ".pyc", ".pyd", ".so")
SCRIPT_SUFFIXES = (".bat", ".cmd", ".command", ".desktop", ".hta", ".js", ".ps1", ".scpt", ".sh", ".vbs", ".wsf")
CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "custom_pipeline", "custom_generate"})
"""Keys under which transformers and diffusers look for code to import."""
KERNEL_KEYS = frozenset({"attn_implementation", "_attn_implementation", "_attn_implementation_internal"})
"""Keys whose value names a kernel on the Hub where it holds a slash."""


def run(evidence: Evidence) -> Iterable[Finding]:
    """Report code among the files and in archives, then every place in a configuration that asks for code."""
    for path, member, content in contents(evidence):
        name = named(path, member)
        is_code = (member or path).lower().endswith(CODE_SUFFIXES) and content.format != "torchscript"
        if is_code:
            yield within(found(RULE, f"{name} is code, which trust_remote_code would run", path), member)
        elif not content.code and content.format == "text" and (member or path).lower().endswith(SCRIPT_SUFFIXES):
            yield within(found(RULE, f"{name} is a script by its name", path), member, severity=Severity.NOTE)
        for problem in content.code if not is_code else ():
            finding = within(found(RULE, f"{name} {problem.message}", path), member, offset=problem.offset)
            yield replace(finding, severity=Severity.NOTE) if content.format == "script" else finding
        if content.document is not None:
            for message, elsewhere in _asked_for(member or path, content.document.pairs, content.document.value):
                yield replace(within(found(RULE, f"{name} {message}", path), member), waivable=not elsewhere)


def _asked_for(path: str, pairs: Iterable[tuple[str, object]], value: object) -> Iterator[tuple[str, bool]]:
    """Give a message for each request for code, and whether the code is another repository's."""
    seen: set[int] = set()  # containers that an inner request, which comes first, has gone through
    for key, item in pairs:
        if key in CODE_KEYS and item:
            for target in _texts(item, seen):
                elsewhere = "--" in target or "/" in target
                origin = "another repository's " if elsewhere else ""
                yield f"asks under {key!r} for {origin}code: {target[:200]}", elsewhere
        if key in KERNEL_KEYS and (kernels := [text for text in _texts(item, seen) if "/" in text]):
            yield f"asks under {key!r} for a kernel from the Hub: {', '.join(kernels)[:200]}", True
        if key == "_class_name" and isinstance(item, list):
            for target in _texts(item, seen):
                yield f"asks under {key!r} for a pipeline's own code: {target[:200]}", "--" in target or "/" in target
    if path.rpartition("/")[2] == "modules.json" and isinstance(value, list):
        for module in value:
            kind = module.get("type") if isinstance(module, dict) else None
            if isinstance(kind, str) and not kind.startswith("sentence_transformers."):
                yield f"asks for a module that is not sentence-transformers' own: {kind[:200]}", "--" in kind


def _texts(value: object, seen: set[int]) -> Iterator[str]:
    """Give every text inside a value, however deep, but those of containers that were `seen`.

    What is neither text nor a container stands for itself.
    """
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list)):
            if id(item) in seen:
                continue
            seen.add(id(item))
        if isinstance(item, dict):
            waiting += reversed(item.values())
        elif isinstance(item, list):
            waiting += reversed(item)
        elif item is not None:
            yield str(item)


CHECK = Check("remote-code", RULE, Needs.CONTENT, run)
