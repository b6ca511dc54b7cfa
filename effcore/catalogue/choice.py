"""A choice among names that may become more while a program runs, as those that an operator brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema


@dataclass(frozen=True)
class OneOf:
    """Marks a field whose value is one of the names that there are at the moment it is read, as `Literal` does for fixed ones.

    Attributes:
        names: The names, in the order in which they are shown.
        optional: Whether None is allowed too.
        missing: What it must be where there is no name yet, and how one comes to be there.
    """

    names: Callable[[], Iterable[str]]
    optional: bool = False
    missing: str = "nothing, since there is none"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        choice = {"type": "string", "enum": list(self.names())}
        return {"anyOf": [choice, {"type": "null"}]} if self.optional else choice

    def _check(self, value: Any) -> str | None:
        names = list(self.names())
        if (isinstance(value, str) and value in names) or (value is None and self.optional):
            return value
        *first, last = [repr(name) for name in names] or [self.missing]
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(first)} or {last}" if first else last})
