"""YAML text to plain data, strictly: no duplicate key, no anchor, no alias, no tag, and the line of every value."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from effcore.errors import Problem, SpecError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 50_000
MAX_INTEGER = 2**63 - 1

_SCALARS = ("null", "bool", "int", "float", "str")
_PREFIX = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """Plain data and where it stands.

    Attributes:
        data: Mappings, lists, numbers, strings, booleans and None only.
        lines: Line of each path, from 1.
    """

    data: Any
    lines: dict[str, int]

    def line(self, path: str) -> int | None:
        """Line of a path, or of the closest value around it."""
        while path and path not in self.lines:
            cut = max(path.rfind("."), path.rfind("["))
            path = path[:cut] if cut > 0 else ""
        return self.lines.get(path)


def read(text: str, *, source: str) -> Document:
    """Read one YAML 1.2 document.

    Args:
        text: At most 256 KiB.
        source: Name for error texts.

    Raises:
        SpecError: Not YAML, empty, too large, too deep, an anchor, a tag, or a key that stands twice.
    """
    if not _is_unicode(text):
        raise SpecError([Problem(where="text", message="must be Unicode. Got half of a surrogate pair.")], source=source)
    if len(text.encode()) > MAX_BYTES:
        raise SpecError([Problem(where="text", message=f"must be at most {MAX_BYTES // 1024} KiB.")], source=source)
    yaml = YAML(typ="safe", pure=True)
    try:
        _refuse_dangerous(yaml.parse(text), source)
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = (error.problem or "It cannot be read").strip().capitalize()
        begun = error.context_mark.line + 1 if error.context_mark and "flow" in (error.context or "") else None  # a bracket
        message = f"must be YAML. {said}" + (f", in what line {begun} begins." if begun and mark and begun != mark.line + 1 else ".")
        raise SpecError([Problem(where="text", message=message, line=mark.line + 1 if mark else None)], source=source) from error
    except (YAMLError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise SpecError([Problem(where="text", message=f"must be YAML. {first}.")], source=source) from error
    if node is None:
        raise SpecError([Problem(where="text", message="must be a mapping. Got an empty document.")], source=source)
    reader = _Reader(yaml)
    data = reader.plain(node, "")
    if reader.problems:
        raise SpecError(reader.problems, source=source)
    return Document(data, reader.lines)


def _refuse_dangerous(events: Any, source: str) -> None:
    """Look at the events alone, which needs no memory, before anything is built from them."""
    depth, count = 0, 0
    for event in events:
        count += isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent)
        depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
        depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
        message = ""
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            message = "must hold no anchor (`&name`) and no alias (`*name`): write the value out."
        elif getattr(event, "tag", None) is not None and not _known_tag(str(event.tag)):
            message = f"must hold no tag. Got {str(event.tag)!r}: a spec is plain data, nothing in it is built or run."
        elif getattr(event, "version", None) not in (None, (1, 2)):
            message = "must be YAML 1.2: leave the %YAML line out."
        elif depth > MAX_DEPTH:
            message = f"must not be nested deeper than {MAX_DEPTH} levels."
        elif count > MAX_NODES:
            message = f"must hold at most {MAX_NODES:,} values."
        if message:
            raise SpecError([Problem(where="text", message=message, line=event.start_mark.line + 1)], source=source)


def _is_unicode(text: str) -> bool:
    """Whether the text can be stored: Python and YAML's escapes let halves of surrogate pairs through."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _known_tag(tag: str) -> bool:
    return tag in {_PREFIX + name for name in (*_SCALARS, "map", "seq")} or tag == "!"


class _Reader:
    """Turns nodes into plain data, and collects lines and problems on the way."""

    def __init__(self, yaml: YAML) -> None:
        self.constructor = yaml.constructor
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def plain(self, node: Node, path: str) -> Any:
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.plain(child, f"{path}[{index}]") for index, child in enumerate(node.value)]
        assert isinstance(node, ScalarNode), "a YAML node is a mapping, a sequence or a scalar"
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._problem(path, "must have plain names as keys.", line)
                continue
            key = str(key_node.value)
            inner = f"{path}.{key}" if path else key
            if key in result:
                self._problem(inner, f"must stand once. The key {key!r} is there again.", line)
            result[key] = self.plain(value_node, inner)
            self.lines[inner] = line
        return result

    def _scalar(self, node: ScalarNode, path: str) -> Any:
        kind = str(node.tag).removeprefix(_PREFIX)
        if kind not in _SCALARS:  # a date, a merge key and the like: keep what was written
            return str(node.value)
        try:
            value = getattr(self.constructor, f"construct_yaml_{kind}")(node)
        except (ValueError, KeyError, IndexError):  # `!!bool maybe`, `!!int ''`: the constructor trusts the tag
            value = None
        readable = kind == "null" if value is None else not isinstance(value, str) or _is_unicode(value)
        if not readable or (isinstance(value, int) and abs(value) > MAX_INTEGER):
            what = f"a whole number of at most {MAX_INTEGER}" if kind == "int" else f"a {kind} that can be read"
            self._problem(path, f"must be {what}. Got {_short(str(node.value))}.", node.start_mark.line + 1)
            return None
        return value

    def _problem(self, where: str, message: str, line: int) -> None:
        self.problems.append(Problem(where=where or "spec", message=message, line=line))


def write(data: Any) -> str:
    """Plain data as YAML 1.2, mappings in their order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.width = 140
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()
