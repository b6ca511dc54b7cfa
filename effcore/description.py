"""The catalogue as plain data: what `describe` prints and the JSON schemas behind the launch form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from pydantic import BaseModel

from effcore.catalogue import BLOCKS, FAMILIES, RUNTIMES, TASKS, TECHNIQUES, Block, Card, allowances, block_allowances
from effcore.catalogue.devices import DEVICES
from effcore.catalogue.orders import order_table, roles_of
from effcore.catalogue.search import STOPPINGS, STRATEGIES, USES
from effcore.objectives import METRICS
from effcore.spec import KEYS, SECTIONS

EXAMPLE = (32, 64, 14, 14)
"""Channels in and out, height and width of the images for which a block shows what it takes."""


def describe_all() -> dict[str, dict[str, Any]]:
    """Everything that a spec can say, by kind and by name; of each technique the JSON schema of its parameters."""
    techniques, orders = {}, order_table(roles_of(TECHNIQUES))
    for name, t in TECHNIQUES.items():
        schema = t.parameters.model_json_schema()
        techniques[name] = {
            **_card(t), "title": t.title, "category": t.category, "role": t.role, "optional": t.optional,
            "cards": [_card(c) for c in t.cards], "version": t.version, "origin": t.origin,
            "other_roles": {f"{name}/{way}": {"role": role, "followed_by": orders[f"{name}/{way}"]} for way, role in t.roles.items()},
            "parameters": list(_parameters(schema, schema.get("$defs", {}))), "schema": schema, "followed_by": orders[name],
        }  # fmt: skip
    metrics = {name: asdict(m) | {"summary": m.help} for name, m in METRICS.items()}
    return {
        "techniques": techniques,
        "tasks": {name: asdict(t) for name, t in TASKS.items()},
        "blocks": {name: _block(b) for name, b in BLOCKS.items()},
        "families": {
            name: asdict(f) | {"ways": allowances(f, TECHNIQUES), "ways_by_block": block_allowances(f, TECHNIQUES)} for name, f in FAMILIES.items()
        },
        "runtimes": {name: asdict(r) for name, r in RUNTIMES.items()},
        "metrics": metrics,
        "strategies": {name: asdict(card) | {"uses": list(USES[name])} for name, card in STRATEGIES.items()},
        "stoppings": {name: asdict(card) for name, card in STOPPINGS.items()},
        "spec": {key: {"summary": text} for key, text in KEYS.items()},
        "sections": {name: _section(model) for name, model in SECTIONS.items()},
        "devices": {name: asdict(d) for name, d in DEVICES.items()},
    }


def _section(model: type[BaseModel]) -> dict[str, Any]:
    """A part of a spec beside its recipe."""
    schema = model.model_json_schema()
    return {"summary": schema["description"], "parameters": list(_parameters(schema, schema.get("$defs", {}))), "schema": schema}


def _block(block: Block) -> dict[str, Any]:
    """A block, with what it takes for an example; one that keeps its channels has as many as come out."""
    inputs, outputs, height, width = EXAMPLE
    inputs = outputs if block.keeps else inputs
    options = {"tokens": height * width} if block.tokens else {}
    example = {
        "inputs": inputs, "outputs": outputs, "height": height, "width": width,
        "parameters": block.parameters(inputs, outputs, **options), "macs": block.macs(inputs, outputs, height, width, **options),
    }  # fmt: skip
    return _card(block) | {"example": example}


def _card(of: Card) -> dict[str, Any]:
    """What a student needs to know of a technique, a way, a block: the fields of a card and no others."""
    return {field.name: getattr(of, field.name) for field in fields(Card)}


def _parameters(schema: Mapping[str, Any], definitions: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    """A row for each parameter, those of a nested model under its name."""
    for name, field in schema["properties"].items():
        inner = _nested(field, definitions)
        if inner is not None:
            yield from _parameters(inner, definitions, f"{prefix}{name}.")
            continue
        default = "must be given" if name in schema.get("required", ()) else f"default {_text(field.get('default'))}"
        unit = f" {field['unit']}" if "unit" in field else ""
        yield {"name": prefix + name, "allowed": _allowed(field) + unit, "default": default, "help": field.get("description", "")}


def _nested(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any] | None:
    alone = [part for part in field.get("anyOf", ()) if part.get("type") != "null"]  # what may be left out is none or the model
    reference = field.get("$ref") or (alone[0].get("$ref") if len(alone) == 1 else None)
    inner: Mapping[str, Any] | None = definitions[reference.rsplit("/", 1)[-1]] if reference else None
    return inner


def _allowed(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(_text(v) for v in field["enum"])
    if "const" in field:
        return _text(field["const"])
    if "anyOf" in field:
        return " or ".join(text for text in map(_allowed, field["anyOf"]) if text)
    if field.get("type") == "null":
        return "none"
    kind = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}.get(field.get("type", ""), "value")
    bounds = [
        text.format(field[key])
        for key, text in (("minimum", ">= {:g}"), ("exclusiveMinimum", "> {:g}"), ("maximum", "<= {:g}"), ("exclusiveMaximum", "< {:g}"))
        if key in field
    ]
    return " ".join([kind, ", ".join(bounds)]).strip()


def _text(value: Any) -> str:
    return {None: "none", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
