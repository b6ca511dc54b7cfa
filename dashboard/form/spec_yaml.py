"""A spec as YAML that reads like the examples."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_MEANS_ELSE = {"true", "false", "null", "none", "yes", "no", "on", "off", "y", "n"}


def to_yaml(document: Mapping[str, Any]) -> str:
    """The document as YAML, a line a step, so that it reads like the examples."""
    lines = []
    for key, value in document.items():
        if key == "recipe":
            lines.append("recipe:" if value else "recipe: []")
            lines.extend(f"  - {_pair(*next(iter(entry.items())))}" for entry in value)
        elif key == "recipes":
            lines.append("recipes:" if value else "recipes: []")
            for recipe in value:
                lines.extend(f"{'    ' if i else '  - '}- {_pair(*next(iter(entry.items())))}" for i, entry in enumerate(recipe))
        else:
            lines.append(_pair(key, value))
    return "\n".join(lines) + "\n"


def _pair(key: str, value: Any) -> str:
    return f"{_scalar(key)}: {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(_pair(k, v) for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and value != "none":
        plain = _PLAIN.fullmatch(value) and value.lower() not in _MEANS_ELSE
        return value if plain else json.dumps(value, ensure_ascii=True)
    return "none" if value == "none" else json.dumps(value)
