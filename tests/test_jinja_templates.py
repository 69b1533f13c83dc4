"""What a template reaches for: walks that are written out, walks that are put together, and what ordinary ones do."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier import limits
from verifier._jinja import Kind, TemplateError, accesses


def kinds(text: str) -> set[Kind]:
    return {access.kind for access in accesses(text)}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", Kind.ATTRIBUTE),
        ("{{ x['__class__'] }}", Kind.ATTRIBUTE),
        (r"{{ x['\x5f\x5fclass\x5f\x5f'] }}", Kind.ATTRIBUTE),
        ("{{ cycler['__in' 'it__'] }}", Kind.ATTRIBUTE),
        ("{{ namespace.__init__.__globals__ }}", Kind.ATTRIBUTE),
        ("{% set ns = namespace() %}{% set ns.__class__ = 1 %}", Kind.ATTRIBUTE),
        ("{{ x._private }}", Kind.ATTRIBUTE),
        ("{{ f.func_globals }}{{ x.mro() }}", Kind.ATTRIBUTE),
        ("{{ __builtins__ }}", Kind.NAME),
        ("{{ x|attr('a') }}", Kind.FILTER),
        ("{% filter attr('a') %}x{% endfilter %}", Kind.FILTER),
        ("{{ x|map('attr', 'a')|list }}", Kind.FILTER),
        ("{{ x|map(attribute='__class__')|list }}", Kind.TEXT),
        ("{{ x|selectattr('__class__')|list }}", Kind.TEXT),
        ("{{ x|map(attribute='a' ~ b)|list }}", Kind.COMPUTED),
        ("{{ '{0.a}'.format(x) }}", Kind.FORMAT),
        ("{{ '{0[a]}'.format_map(x) }}", Kind.FORMAT),
        ("{{ ('{0.' ~ a).format(x) }}", Kind.FORMAT),
        ("{% include 'x' %}", Kind.TEMPLATE),
        ("{% extends 'x' %}", Kind.TEMPLATE),
        ("{% import 'x' as y %}", Kind.TEMPLATE),
        ("{% from 'x' import y %}", Kind.TEMPLATE),
    ],
)
def test_a_walk_is_seen(text: str, kind: Kind) -> None:
    """CVE-2024-34359: llama-cpp-python rendered a model's template without a sandbox."""
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''['__cl' ~ 'ass__'] }}",
        "{% set a = '__cl' ~ 'ass__' %}{{ ''[a] }}",
        "{% set u = '_' %}{% set c = u*2 ~ 'class' ~ u*2 %}{{ ''[c] }}",
        "{% set a = ['_', '_class_', '_']|join %}{{ ''[a] }}",
        "{{ ''['%c%cclass%c%c'|format(95, 95, 95, 95)] }}",
        "{{ ''['%c' % 95] }}",
        "{{ ''['__ssalc__'[::-1]] }}",
        "{{ ''['__ssalc__'|reverse] }}",
        "{{ ''['xxclassxx'.replace('x', '_')] }}",
        "{% for a in ['__cl' ~ 'ass__'] %}{{ ''[a] }}{% endfor %}",
        "{% with a = 'x' ~ 'y' %}{{ b[a] }}{% endwith %}",
        "{% macro f(a) %}{{ ''[a] }}{% endmacro %}{{ f('_' ~ '_') }}",
        "{% macro f(a) %}{{ ''[a] }}{% endmacro %}{{ f(a='_' ~ '_') }}",
        "{% set a %}__class__{% endset %}{{ ''[a] }}",
        "{% set ns = namespace(a='') %}{% set ns.a = ns.a ~ '_' %}{{ ''[ns.a] }}",
        "{% set ns = namespace(a='_' ~ '_') %}{{ ''[ns.a] }}",
        "{% set ns = namespace({'a': '_' ~ '_'}) %}{{ ''[ns.a] }}",
        "{% set ns = namespace(a='_' ~ '_') %}{% set b = ns.a %}{{ ''[b] }}",
        "{% set a = x ~ y %}{% set b = a %}{% set c = b %}{{ ''[c] }}",
        "{% set c = b %}{% set b = a %}{% set a = x ~ y %}{{ ''[c] }}",
    ],
)
def test_a_name_that_is_put_together_is_seen(text: str) -> None:
    assert Kind.COMPUTED in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] }}{% endfor %}",
        "{% if not loop.first %}{{ raise_exception('roles must alternate ' ~ loop.index) }}{% endif %}",
        "{{ strftime_now('%d %b %Y') }}{{ bos_token }}{{ tools | tojson(indent=4) }}",
        "{% set ns = namespace(found=false, last=-1) %}{% set ns.found = true %}{{ ns.last }}",
        "{{ messages[0]['role'] }}{{ messages[loop.index0 - 1].content.strip().split('</think>')[-1] }}",
        "{{ messages[1:][::-1] }}{{ messages[(messages|length - 1) - loop.index0] }}{{ messages[-1].role }}",
        "{% macro render(tool, indent=2) -%}{{ tool.name|upper }}{%- endmacro %}{{ render(tools[0]) }}",
        "{% for k, v in params.items()|sort %}{{ k }}: {{ v|string }}{% endfor %}",
        "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|join('\n') }}",
        "{{ '%s: %s'|format(a, b) }}{{ '{} {}'.format(a, b) }}{{ content.replace('_', ' ').lstrip('\n') }}",
        "{% generation %}{{ message.content }}{% endgeneration %}{% break %}",
        "{% set content = '<s>' + message.content %}{% if content[-1] == '\n' %}{{ content[:-1] }}{% endif %}",
        "{% set ns = namespace(i=0, text='a' ~ b) %}{% set ns.text = ns.text ~ 'x' %}{{ messages[ns.i].content }}",
        "{{ messages[('a' ~ b)|length - 1] }}{{ x['a' if role ~ 'b' == 'cb' else 'd'] }}",
        "{% set data = dict(a=1) %}{% do data.update({'b': 2}) %}{{ data[key] }}",
        "{# a comment about __class__ #}{% raw %}{{ x.__class__ }}{% endraw %} plain __init__ text",
        "",
    ],
)
def test_what_ordinary_templates_do_is_nothing(text: str) -> None:
    assert accesses(text) == ()


def test_the_line_is_told() -> None:
    (access,) = accesses("{{ a }}\n{{ b }}\n{{ c._d }}")

    assert (access.name, access.line) == ("_d", 3)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ a", "no Jinja template"),
        ("{% unknown %}", "unknown tag 'unknown'"),
        ("{% for %}", "no Jinja template"),
        ("{{" + "(" * 5_000, "nested too deeply"),
        ("x" * (limits.MAX_TEMPLATE + 1), "a template is read up to"),
        ("".join(f"{{% set a{n} = a{n + 1} %}}" for n in range(40)) + "{% set a40 = x ~ y %}", "too many steps"),
        ("{{ " + "9" * 5_000 + " }}", "can't be read"),
    ],
)
def test_what_can_not_be_judged_says_so(text: str, why: str) -> None:
    with pytest.raises(TemplateError, match=why):
        accesses(text)


@pytest.mark.parametrize(
    "text",
    ["{{ a" + "[a]" * 40_000 + " }}", "{% set a=b~c %}" * 8_000],
    ids=["indices", "assignments"],
)
def test_the_largest_templates_take_seconds(text: str) -> None:
    start = time.process_time()
    accesses(text)

    assert time.process_time() - start < 20


PIECES = ("{{ ", " }}", "{% ", " %}", "set a = ", "for a in ", "endfor", "macro f(a)", "endmacro", "a", "'_'", " ~ ",
          "[", "]", "|attr(", ")", ".b", "{#", "#}", "\n", "if ", "endif", "9", "(", ", ")  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        found = accesses(text)
    except TemplateError:
        return
    assert len(set(found)) == len(found)
