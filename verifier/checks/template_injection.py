"""template-injection: a chat template reaches for more than a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from verifier.checks.check import Check, Needs, contents, found, named, within
from verifier.evidence import Evidence
from verifier.finding import Finding
from verifier.formats.content import Template

RULE = "template-injection"
_MOST = 20
"""Findings that one template can give; the first say enough."""


def run(evidence: Evidence) -> Iterable[Finding]:
    """Parse every template, and report what none needs to write down a conversation."""
    for path, member, content in contents(evidence):
        for template in content.templates:
            for message, line in _judge(template):
                finding = found(RULE, f"{named(path, member)}: {template.where} {message}", path)
                yield within(finding, member, offset=template.offset, line=line)


def _judge(template: Template) -> Iterator[tuple[str, int | None]]:
    from verifier import _jinja  # late: it is needed where there is a template only

    words = {
        _jinja.Kind.ATTRIBUTE: "walks to Python's own attribute {}",
        _jinja.Kind.NAME: "uses Python's own name {}",
        _jinja.Kind.TEXT: "holds a name of Python's own, or a piece of one: {}",
        _jinja.Kind.COMPUTED: "puts a name together that it looks up: {}",
        _jinja.Kind.FILTER: "looks attributes up by the filter {}",
        _jinja.Kind.FORMAT: "reads attributes by the method {}",
        _jinja.Kind.TEMPLATE: "asks for another template by {}",
    }
    try:
        found_here = _jinja.accesses(template.text)
    except _jinja.TemplateError as error:
        yield f"can't be judged: {error}", None
        return
    for access in found_here[:_MOST]:
        yield words[access.kind].format(repr(access.name)), access.line


CHECK = Check("templates", RULE, Needs.CONTENT, run)
