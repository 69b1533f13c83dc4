"""YAML as a stream of events: tags and scalar pairs, with nothing constructed. The only importer of PyYAML.

Tags arrive resolved (`%TAG` handles, percent-encoding), as any loader sees them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from verifier import limits


@dataclass(frozen=True, slots=True)
class Pair:
    """A key and its value where both are scalars; `value` is None where it is a list, a mapping or an alias."""

    key: str
    value: str | None
    line: int


@dataclass(slots=True)
class Events:
    """What a YAML text holds, as far as it was followed; `unfollowed` says why it was not to its end."""

    tags: list[tuple[str, int]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    unfollowed: str | None = None


@dataclass(slots=True)
class _Level:
    """A collection that is open: in a mapping, `key` is the key whose value comes next."""

    is_mapping: bool
    key: str | None = None
    at_key: bool = True


def read(text: str) -> Events:
    """Read a text's events within bounds. Never raises for what it holds."""
    events = Events()
    stack: list[_Level] = []
    count = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            count += 1
            if count > limits.MAX_YAML_EVENTS:
                events.unfollowed = "it has more parts than are followed"
                break
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            if isinstance(event, yaml.NodeEvent):
                tag = getattr(event, "tag", None)
                if tag is not None:
                    events.tags.append((tag, line))
                _place(events, stack, event, line)
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                stack.append(_Level(isinstance(event, yaml.MappingStartEvent)))
                if len(stack) > limits.MAX_YAML_DEPTH:  # the time that PyYAML takes grows with the square of the depth
                    events.unfollowed = f"it is nested more than {limits.MAX_YAML_DEPTH} levels deep"
                    break
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                stack.pop()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "a character that is not allowed"
        events.unfollowed = f"it is not YAML: {problem}{place}"
    except (RecursionError, ValueError, OverflowError) as error:
        events.unfollowed = f"it is not YAML that can be read ({type(error).__name__})"
    return events


def _place(events: Events, stack: list[_Level], event: yaml.NodeEvent, line: int) -> None:
    """Note where a node stands: as a key, as the value of one, or in a list."""
    level = stack[-1] if stack else None
    if level is None or not level.is_mapping:
        return
    scalar = event.value if isinstance(event, yaml.ScalarEvent) else None
    if level.at_key:
        level.key = scalar
        if scalar is None and events.unfollowed is None:
            events.unfollowed = f"a key at line {line} is no plain text"
    elif level.key is not None:
        events.pairs.append(Pair(level.key, scalar, line))
    level.at_key = not level.at_key
