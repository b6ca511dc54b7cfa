"""A worksheet made from the points of a sweep: questions whose answers the figures give, and the answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from effcore.analysis.comparison import Ratio, accuracy_difference_of_intervals, ratio_of_intervals
from effcore.analysis.frontier import Frontier, Point, Variant, find_frontier
from effcore.errors import EffcoreError
from effcore.objectives import METRICS

OBJECTIVES = ("accuracy", "latency_ms")
COLUMNS = ("accuracy", "latency_ms", "size_mb", "params", "macs")
MOST, FEWEST = len(ascii_uppercase), 3
"""Points that a worksheet shows: each has a letter."""
MOST_STEPS = 4


@dataclass(frozen=True)
class Question:
    """What is asked, and what the figures answer; both Markdown."""

    text: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Worksheet:
    """A table of points with letters, and questions about them.

    Attributes:
        title: Name of the sweep.
        points: By letter, in an order that tells nothing.
        frontier: Of these points alone.
    """

    title: str
    points: dict[str, Point]
    frontier: Frontier
    questions: tuple[Question, ...]


def make_worksheet(variants: Iterable[Variant], *, title: str) -> Worksheet:
    """The worksheet of a sweep.

    Args:
        variants: Of one sweep, of which those with accuracy and latency in the main environment are points.
        title: Name of the sweep.

    Raises:
        EffcoreError: Fewer than three points have both figures.
    """
    every = find_frontier(variants, OBJECTIVES)
    if len(every.points) < FEWEST:
        raise EffcoreError(f"A worksheet needs at least {FEWEST} points with accuracy and latency. {title} has {len(every.points)}.")
    chosen = _chosen(every)
    frontier = find_frontier([v for p in chosen for v in p.variants], OBJECTIVES, environment=every.environment)
    points = dict(zip(ascii_uppercase, sorted(frontier.points, key=lambda p: (p.name, p.key)), strict=False))
    found = [ask(points, frontier) for ask in _ASKED]
    return Worksheet(title=title, points=points, frontier=frontier, questions=tuple(q for group in found for q in group))


def _chosen(frontier: Frontier) -> list[Point]:
    """As many as there are letters: the frontier first, then others evenly."""
    front, others = list(frontier.front)[:MOST], [p for p in frontier.points if not p.on_frontier]
    room = MOST - len(front)
    if len(others) > room:
        others = [others[i * len(others) // room] for i in range(room)] if room else []
    return front + others


Points = dict[str, Point]


def _dominated(points: Points, frontier: Frontier) -> list[Question]:
    letters = {p.key: letter for letter, p in points.items()}
    front = sorted(letters[p.key] for p in frontier.front)
    lost = [letter for letter in points if letter not in front]
    said = "A point is dominated if another one is at least as accurate and at least as fast, and better in one of the two."
    found = [Question(
        f"{said} Which points are not dominated?",
        f"{_listed(front)}: the frontier. {len(lost)} of {len(points)} are dominated.",
    )]  # fmt: skip
    with_few = sorted((len(p.dominated_by), letter) for letter, p in points.items() if p.dominated_by)
    if with_few:
        letter = with_few[0][1]
        by = sorted(letters[key] for key in points[letter].dominated_by)
        found.append(Question(f"Which points dominate {letter}?", f"{_listed(by)}."))
    return found


def _budget(points: Points, frontier: Frontier) -> list[Question]:
    """A limit between two points of the frontier, so that it decides."""
    front = sorted(frontier.front, key=lambda p: p.metrics["latency_ms"])
    if len(front) < 2:
        return []
    letters = {p.key: letter for letter, p in points.items()}
    middle = (len(front) - 1) // 2
    cheap, dear = (p.metrics["latency_ms"] for p in front[middle : middle + 2])
    limit = _between(cheap, dear)
    fitting = [p for p in points.values() if p.metrics["latency_ms"] <= limit]
    best = max(fitting, key=lambda p: (p.metrics["accuracy"], -p.metrics["latency_ms"]))  # of equally accurate ones that of the frontier
    price = front[middle + 1]
    gain, times = 100 * (price.metrics["accuracy"] - best.metrics["accuracy"]), price.metrics["latency_ms"] / best.metrics["latency_ms"]
    return [
        Question(
            f"A prediction may take at most {limit:g} ms. Which point is the most accurate that fits?",
            f"{letters[best.key]}, {best.metrics['accuracy']:.1%} right in {_figure(best, 'latency_ms')}.",
        ),
        Question(
            f"What does the next point of the frontier cost, and what does it gain over {letters[best.key]}?",
            f"{letters[price.key]}: {times:.2f} times the latency for {gain:.1f} points of accuracy.",
        ),
    ]


def _between(low: float, high: float) -> float:
    """A short number from low to below high."""
    middle = math.sqrt(low * high) if low > 0 else (low + high) / 2
    for digits in range(1, 8):
        text = float(f"{middle:.{digits}g}")
        if low <= text < high:
            return text
    return low


def _steps(points: Points, frontier: Frontier) -> list[Question]:
    """What a step did: one of each technique, to the point from the one before it."""
    del frontier
    letters = {p.key: letter for letter, p in points.items()}
    seen: set[str] = set()
    found = []
    for letter, after in points.items():
        start = after.first.parent
        if start not in letters or after.first.technique in seen or len(seen) == MOST_STEPS:
            continue
        seen.add(after.first.technique)
        before = points[letters[start]]
        step = f"From {letters[start]} to {letter}, the step is {_plain(after.first.step or after.first.technique)}."
        asked = "How many times faster is it, how many times smaller the file, and how many points of accuracy does it gain or lose? Guess first."
        found.append(Question(f"{step} {asked}", _step_answer(before, after)))
    return found


def _step_answer(before: Point, after: Point) -> str:
    faster = ratio_of_intervals(_interval(before, "latency_ms"), _interval(after, "latency_ms"))
    points = accuracy_difference_of_intervals(_interval(after, "accuracy"), _interval(before, "accuracy"))
    speed = f"{faster.ratio:.2f} times as fast{_range(faster)}"
    gain = f"{100 * points.difference:+.1f} points of accuracy ({100 * points.low:+.1f} to {100 * points.high:+.1f})"
    sizes = [p.metrics.get("size_mb") for p in (before, after)]
    size = f", {sizes[0] / sizes[1]:.2f} times smaller" if sizes[0] and sizes[1] else ""
    unsure = [] if faster.shown else ["the speed"]
    unsure += [] if points.low > 0 or points.high < 0 else ["the accuracy"]
    said = f" The interval leaves open whether {' and '.join(unsure)} changed at all." if unsure else ""
    return f"{speed}{size}, {gain}.{said}"


def _range(ratio: Ratio) -> str:
    return f" ({ratio.low:.2f} to {ratio.high:.2f})" if ratio.low is not None and ratio.high is not None else ""


def _products(points: Points, frontier: Frontier) -> list[Question]:
    """A pair in which fewer products take longer, the one with the largest gap."""
    del frontier
    found = []
    for less, few in points.items():
        for more, many in points.items():
            a, b = few.metrics.get("macs"), many.metrics.get("macs")
            if not a or not b or a >= b or few.metrics["latency_ms"] <= many.metrics["latency_ms"]:
                continue
            ratio = ratio_of_intervals(_interval(few, "latency_ms"), _interval(many, "latency_ms"))
            if ratio.shown:
                found.append((b / a * ratio.ratio, less, more, b / a, ratio))
    if not found:
        return []
    _, less, more, products, ratio = max(found, key=lambda f: (f[0], f[1], f[2]))
    return [Question(
        f"{less} does {products:.1f} times fewer multiply-accumulates than {more}. Is it faster?",
        f"No: it takes {ratio.ratio:.2f} times as long{_range(ratio)}. Products are not milliseconds.",
    )]  # fmt: skip


def _bytes(points: Points, frontier: Frontier) -> list[Question]:
    """What the numbers of a float network weigh, against its file."""
    del frontier
    for letter, point in points.items():
        size, params = point.metrics.get("size_mb"), point.metrics.get("params")
        if size and params and "quantization" not in str(point.first.recipe.get("steps", "")):
            weight = 4 * params / 1e6
            text = f"{letter} has {params:,.0f} parameters of 32 bits. How many MB are these, and how much of its file is something else?"
            return [Question(text, f"4 bytes each: {weight:.4g} MB of {size:.4g} MB; the rest, {size - weight:.2g} MB, is the graph.")]
    return []


def _doubt(points: Points, frontier: Frontier) -> list[Question]:
    """The two neighbours on the frontier whose accuracies are the closest."""
    front = sorted(frontier.front, key=lambda p: p.metrics["accuracy"])
    if len(front) < 2:
        return []
    letters = {p.key: letter for letter, p in points.items()}
    low, high = min(zip(front, front[1:], strict=False), key=lambda pair: pair[1].metrics["accuracy"] - pair[0].metrics["accuracy"])
    found = accuracy_difference_of_intervals(_interval(high, "accuracy"), _interval(low, "accuracy"))
    said = f"{100 * found.difference:+.2f} points ({100 * found.low:+.2f} to {100 * found.high:+.2f})"
    verdict = "the interval is above zero, so yes" if found.low > 0 else "the interval holds zero, so the test images do not tell"
    return [Question(f"Is {letters[high.key]} really more accurate than {letters[low.key]}? Use the intervals.", f"{said}: {verdict}.")]


_ASKED: tuple[Callable[[Points, Frontier], list[Question]], ...] = (_dominated, _budget, _doubt, _steps, _products, _bytes)


def _interval(point: Point, name: str) -> tuple[float, float, float]:
    value = point.metrics[name]
    return value, point.metrics.get(f"{name}_low", value), point.metrics.get(f"{name}_high", value)


def _listed(letters: Sequence[str]) -> str:
    return ", ".join(letters[:-1]) + f" and {letters[-1]}" if len(letters) > 1 else "".join(letters)


def _plain(text: str) -> str:
    """Text that a user may have written, with what Markdown or HTML would read as its own made plain."""
    return re.sub(r"([\\`*_\[\]{}<>|#!~$&])", r"\\\1", " ".join(text.split()))


def _figure(point: Point, name: str) -> str:
    """A figure with its interval and unit, as `97.1 % (96.0 to 98.0)`."""
    value, low, high = _interval(point, name)
    about = METRICS[name]
    scale, form = (100.0, ".1f") if about.percent else (1.0, ".3g" if value < 1000 else ",.0f")
    text = f"{scale * value:{form}} {about.unit}".strip()
    return text + (f" ({scale * low:{form}} to {scale * high:{form}})" if low < high else "")


def worksheet_text(sheet: Worksheet) -> str:
    """The questions as Markdown, without the answers."""
    names = [n for n in COLUMNS if any(n in p.metrics for p in sheet.points.values())]
    lines = [
        f"# Worksheet: {_plain(sheet.title)}", "",
        f"{len(sheet.points)} models, each measured as the file that would be deployed, all in one environment: `{sheet.frontier.environment}`.",
        "In brackets the 95 % interval. Name: ______________________", "",
        "| | model | " + " | ".join(METRICS[n].label for n in names) + " |", "|---|---|" + "---|" * len(names),
    ]  # fmt: skip
    for letter, point in sheet.points.items():
        cells = [_figure(point, n) if n in point.metrics else "" for n in names]
        lines.append(f"| {letter} | {_plain(point.name)} | " + " | ".join(cells) + " |")
    for number, question in enumerate(sheet.questions, start=1):
        lines += ["", f"**{number}.** {question.text}", "", "&nbsp;", ""]
    return "\n".join(lines).rstrip() + "\n"


def answers_text(sheet: Worksheet) -> str:
    """The answers as Markdown, each under its question."""
    lines = [f"# Answers: {_plain(sheet.title)}"]
    for number, question in enumerate(sheet.questions, start=1):
        lines += ["", f"**{number}.** {question.text}", "", question.answer]
    return "\n".join(lines) + "\n"
