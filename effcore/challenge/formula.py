"""Formulas of scores: arithmetic over metrics, read without ever running code."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from effcore.errors import EffcoreError, nearest
from effcore.objectives import METRICS

MOST_CHARACTERS = 500
BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: math.pow,
}  # fmt: skip
UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "log2": math.log2, "log10": math.log10, "sqrt": math.sqrt, "abs": abs, "min": min, "max": max,
}  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """A score as its author wrote it, checked.

    Attributes:
        text: As `100 * accuracy - 10 * log2(size_mb / 0.05)`.
        names: Metrics it uses, each once, in the order of the text.
    """

    text: str
    names: tuple[str, ...]

    def score(self, metrics: Mapping[str, float]) -> float:
        """The value for the metrics of one model.

        Raises:
            EffcoreError: A metric is missing, or the value is not a finite number.
        """
        missing = [name for name in self.names if not math.isfinite(metrics.get(name, math.nan))]
        if missing:
            raise EffcoreError(f"The score {self.text!r} needs {', '.join(missing)}, which this model has no figure of.")
        try:
            value = float(_value(ast.parse(self.text, mode="eval").body, metrics))
        except (ArithmeticError, ValueError) as error:
            raise EffcoreError(f"The score {self.text!r} can't be computed for this model: {error}.") from error
        if not math.isfinite(value):
            raise EffcoreError(f"The score {self.text!r} must be a finite number. Got {value}.")
        return value


def read_formula(text: str) -> Formula:
    """Check a formula.

    Args:
        text: Numbers, metrics, + - * / **, parentheses, log2, log10, sqrt, abs, min, max.

    Raises:
        EffcoreError: It holds something else.
    """
    if len(text) > MOST_CHARACTERS:
        raise EffcoreError(f"A score must have at most {MOST_CHARACTERS} characters. Got {len(text)}.")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise EffcoreError(f"A score must be arithmetic over metrics, as `100 * accuracy - size_mb`. Got {text[:80]!r}.") from error
    names = dict.fromkeys(_names(body))
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise EffcoreError(f"A score must use metrics of the catalogue. Got {unknown[0]!r}. {nearest(unknown[0], METRICS)}")
    if not names:
        raise EffcoreError(f"A score must use at least one metric, or every model gets the same. Got {text[:80]!r}.")
    return Formula(text.strip(), tuple(names))


def _names(node: ast.AST) -> list[str]:
    """Metrics in a formula; refuses every node that is not listed here."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
            return []
        case ast.Name(id=name):
            return [name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _names(left) + _names(right)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
            return _names(operand)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS and _fits(name, arguments):
            return [found for argument in arguments for found in _names(argument)]
    allowed = f"numbers, metrics, + - * / **, {', '.join(FUNCTIONS)}"
    raise EffcoreError(f"A score may hold {allowed}. Got {ast.unparse(node)[:80]!r}.")


def _fits(name: str, arguments: list[ast.expr]) -> bool:
    return len(arguments) >= 2 if name in ("min", "max") else len(arguments) == 1


def _value(node: Any, metrics: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            return float(metrics[name])
        case ast.BinOp(left=left, op=op, right=right):
            return BINARY[type(op)](_value(left, metrics), _value(right, metrics))
        case ast.UnaryOp(op=op, operand=operand):
            return UNARY[type(op)](_value(operand, metrics))
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name), "`read_formula` let nothing else through"
    return FUNCTIONS[node.func.id](*(_value(argument, metrics) for argument in node.args))
