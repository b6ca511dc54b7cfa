"""The launch form without a page: fields from the JSON schemas of the catalogue, and the spec of a filled form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from effcore.catalogue import TECHNIQUES, Parameters, Technique
from effcore.errors import Problem

Kind = Literal["number", "integer", "boolean", "choice", "text"]
AUTOMATIC = "automatic"
"""How the value that means `decided by effcore` stands in the form; null in the spec."""

_RANGE = re.compile(r"(\S+) to (\S+)(?: (log)| step (\S+))?")


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One parameter as the form asks for it.

    Attributes:
        path: Names from the step down, as `("teacher", "family")`.
        options: What a choice may be, as it stands in the form.
        default: As it stands in the form; empty where it must be given, or is a text that may be left out.
        bounds: `0 < x < 1`; empty where there are none.
        nullable: Whether `automatic` is allowed.
        several: Whether its value is a list.
    """

    path: tuple[str, ...]
    kind: Kind
    options: tuple[str, ...]
    default: str
    required: bool
    unit: str
    bounds: str
    help: str
    nullable: bool
    several: bool = False

    @property
    def name(self) -> str:
        """The path with dots, as problems of a spec name it."""
        return ".".join(self.path)

    @property
    def fixed(self) -> bool:
        """Whether there is only one value it can have."""
        return len(self.options) == 1 and not self.nullable

    @property
    def label(self) -> str:
        """Name with unit, as `learning rate` or `width (x)`."""
        words = " ".join(part.replace("_", " ") for part in self.path).removesuffix(f" {self.unit.lower()}")
        return f"{words} ({self.unit})" if self.unit and self.unit not in words else words


def fields(technique: Technique) -> tuple[FieldSpec, ...]:
    """The parameters of a technique in the order of its schema, nested ones in place."""
    return fields_of(technique.parameters)


def fields_of(model: type[Parameters]) -> tuple[FieldSpec, ...]:
    """The fields of a model in the order of its schema, nested ones in place."""
    schema = model.model_json_schema()
    return tuple(_walk(schema, schema.get("$defs", {}), ()))


def _walk(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: tuple[str, ...]) -> list[FieldSpec]:
    found: list[FieldSpec] = []
    required = schema.get("required", ())
    for name, raw in schema.get("properties", {}).items():
        entry = _nested(_resolve(raw, definitions), definitions)
        if entry.get("type") == "object":
            found.extend(_walk(entry, definitions, (*path, name)))
        elif not _without_choices(entry):
            found.append(_field(entry, (*path, name), required=name in required))
    return found


def _resolve(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with its reference followed; what stands beside a reference wins. Of parameters that may be left out, the parameters."""
    alone = [part for part in entry.get("anyOf", ()) if part.get("type") != "null"]
    if len(alone) == 1 and "$ref" in alone[0]:
        return _resolve(alone[0], definitions)
    if "$ref" not in entry:
        return dict(entry)
    target = definitions[entry["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in entry.items() if key != "$ref"}}


def _nested(entry: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that an entry holds where it may also be left out as a whole; any other entry as it is."""
    kinds = [_resolve(kind, definitions) for kind in entry.get("anyOf", ()) if kind.get("type") != "null"]
    return kinds[0] if len(kinds) == 1 and kinds[0].get("type") == "object" else entry


def _without_choices(entry: Mapping[str, Any]) -> bool:
    """Whether a field can only be left out, as a checkpoint where the operator named none."""
    return any(part.get("enum") == [] for part in entry.get("anyOf", [entry]))


def _field(entry: Mapping[str, Any], path: tuple[str, ...], *, required: bool) -> FieldSpec:
    kinds = [k for k in entry.get("anyOf", [entry]) if k.get("type") != "null"]
    main = {**entry, **kinds[0]} if kinds else dict(entry)
    several = main.get("type") == "array"
    if several:
        main = dict(main["items"])
    options = [main["const"]] if "const" in main else list(main.get("enum", ()))
    nullable = len(kinds) < len(entry.get("anyOf", [entry]))
    if options:
        kind: Kind = "choice"
    else:
        kind = main.get("type", "text") if main.get("type") in ("number", "integer", "boolean") else "text"
    if kind == "boolean":
        options = [True, False]
    return FieldSpec(
        path=path,
        kind=kind,
        options=((AUTOMATIC,) if nullable and options else ()) + tuple(_text(o) for o in options),
        default="" if required or (kind == "text" and nullable) else _text(entry.get("default")),
        required=required,
        unit=str(entry.get("unit", "")),
        bounds=_bounds(main),
        help=str(entry.get("description", "")),
        nullable=nullable,
        several=several,
    )


def _bounds(entry: Mapping[str, Any]) -> str:
    low = next(
        (f"{entry[k]:.10g} {sign} " for k, sign in (("minimum", "≤"), ("exclusiveMinimum", "<")) if k in entry), ""
    )
    high = next(
        (f" {sign} {entry[k]:.10g}" for k, sign in (("maximum", "≤"), ("exclusiveMaximum", "<")) if k in entry), ""
    )
    if "maxLength" in entry:
        return f"{entry.get('minLength', 0)} to {entry['maxLength']} characters"
    return f"{low}x{high}" if low or high else ""


def _text(value: Any) -> str:
    if value is None:
        return AUTOMATIC
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def field_help(field: FieldSpec, *, alternatives: bool = True) -> str:
    """Help of a field with its bounds, its default and, in a step, how to give alternatives."""
    parts = [field.help]
    if field.bounds:
        parts.append(f"Allowed: {field.bounds}.")
    parts.append("Must be given." if field.required else f"Default: {field.default}." if field.default else "May be left empty.")
    if alternatives and field.kind in ("number", "integer"):
        parts.append("Several values with commas are alternatives; for a search, `1 to 3`, `0.001 to 0.1 log` or `0 to 0.2 step 0.05` is a range.")
    return " ".join(part for part in parts if part)


def read_values(field: FieldSpec, given: str | Sequence[str]) -> list[Any]:
    """The alternatives that a field holds, typed where they can be.

    What can't be read stays text, so that reading the spec says what is wrong with it.

    Args:
        field: Which field.
        given: Text with commas, or the chosen options.
    """
    entries = [part.strip() for part in given.split(",")] if isinstance(given, str) else list(given)
    values = [_typed(field, entry) for entry in entries if entry != ""]
    return [value for index, value in enumerate(values) if value not in values[:index]]


def _typed(field: FieldSpec, entry: str) -> Any:
    if field.nullable and entry == AUTOMATIC:
        return None
    if field.kind == "boolean" and entry in ("true", "false"):
        return entry == "true"
    numeric = field.kind in ("number", "integer") or (field.kind == "choice" and entry.lstrip("-").isdigit())
    if not numeric:
        return entry
    span = _RANGE.fullmatch(entry)
    return _number(entry) if span is None else _range(*span.groups())


def _range(low: str, high: str, log: str | None, step: str | None) -> dict[str, Any]:
    ends = {"low": _number(low), "high": _number(high)}
    return ends | ({"log": True} if log else {}) | ({"step": _number(step)} if step else {})


def _number(entry: str) -> Any:
    try:
        return int(entry)
    except ValueError:
        pass
    try:
        return float(entry)
    except ValueError:
        return entry


Inclusion = Literal["without", "with", "both"]


@dataclass(frozen=True, kw_only=True)
class StepChoice:
    """What the form holds of one technique.

    Attributes:
        values: Alternatives by path; a field that is not there keeps its default.
    """

    technique: str
    inclusion: Inclusion
    values: Mapping[tuple[str, ...], Sequence[Any]]


def step_document(choice: StepChoice) -> dict[str, Any] | None:
    """One entry of a recipe; None where the step is left out."""
    if choice.inclusion == "without":
        return None
    parameters: dict[str, Any] = {}
    for path, alternatives in choice.values.items():
        if not alternatives:
            continue
        inner = parameters
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = alternatives[0] if len(alternatives) == 1 else list(alternatives)
    shorthand = TECHNIQUES[choice.technique].shorthand
    value: Any = parameters
    if shorthand and list(parameters) == [shorthand]:
        value = parameters[shorthand]
    return {choice.technique: ["none", value] if choice.inclusion == "both" else value}


def spec_document(
    *, name: str, task: str, objectives: Sequence[str], seeds: Sequence[Any], steps: Sequence[StepChoice], **rest: Any
) -> dict[str, Any]:
    """The spec of a filled form as plain data; whether it is a good one, `effcore.spec.parse` says.

    Args:
        rest: Further keys of a spec; those that hold nothing are left out.
    """
    entries = [entry for entry in map(step_document, steps) if entry is not None]
    spec = {"name": name, "task": task, "objectives": list(objectives), "seeds": list(seeds), "recipe": entries}
    return spec | {key: value for key, value in rest.items() if value}


def problems_by_field(problems: Sequence[Problem], document: Mapping[str, Any]) -> dict[tuple[str, str], list[Problem]]:
    """The problems of a spec by where the form shows them.

    Args:
        problems: As `SpecError` holds them.
        document: The spec that they are of.

    Returns:
        By (technique, field), with an empty field for the step as a whole, and by (key, "") for the keys of the spec.
    """
    placed: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        placed.setdefault(_place(problem.where, document), []).append(problem)
    return placed


def _place(where: str, document: Mapping[str, Any]) -> tuple[str, str]:
    step = re.match(r"recipe\[(\d+)\](.*)", where)
    recipe = document.get("recipe", ())
    if step and int(step[1]) < len(recipe):
        (technique,) = recipe[int(step[1])]
        rest = re.sub(r"\[\d+\]", "", step[2]).lstrip(".").removeprefix(technique).lstrip(".")
        return technique, rest
    return re.sub(r"\[\d+\].*", "", where), ""


def in_order(technique: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters in the order of the catalogue, those it does not know last: the store keeps them by letter."""
    known = list(TECHNIQUES[technique].parameters.model_fields) if technique in TECHNIQUES else []
    return {n: values[n] for n in sorted(values, key=lambda n: (known.index(n) if n in known else len(known), n))}


def point_document(recipe: Mapping[str, Any], *, name: str, seed: int, objectives: Sequence[str]) -> dict[str, Any]:
    """The spec that builds one recipe with one seed again, every parameter written out.

    Args:
        recipe: `Recipe.document`.
    """
    steps = [
        {k: {n: v for n, v in in_order(k, values).items() if n != "version"} for k, values in entry.items()}
        for entry in recipe["steps"]
    ]
    return {"name": name, "task": recipe["task"], "objectives": list(objectives), "seeds": [seed], "recipe": steps}


START: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("architecture", "family"): ("cnn",),
    ("distillation", "teacher.family"): ("residual",),
}
"""What the form starts with where the catalogue has no default, or one that needs another field."""


def start_values(technique: str, field: FieldSpec) -> tuple[str, ...]:
    """What a field holds when the form opens: a start value where there is one, or its default."""
    if (technique, field.name) in START:
        return START[technique, field.name]
    return (field.default,) if field.default else field.options[:1]


def is_default(field: FieldSpec, values: Sequence[Any]) -> bool:
    """Whether the spec can do without the field."""
    return not field.required and list(values) == read_values(field, [field.default])
