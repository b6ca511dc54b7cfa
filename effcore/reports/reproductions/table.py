"""The tables of reproductions as Markdown, as plain data, and put between two marks of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from effcore.analysis.changes import points
from effcore.analysis.comparison import MARGIN
from effcore.errors import EffcoreError
from effcore.reports.reproductions.judge import Result
from effcore.reports.reproductions.sizes import SPEC, SizeRow

NOISY = " \N{ALMOST EQUAL TO}"
"""Behind a figure whose measurement is marked as noisy."""
NOISY_TEXT = f"{NOISY.strip()}: a measurement behind it is marked as noisy."


def claims_table(results: Sequence[Result]) -> str:
    """A row for each claim: what is claimed, the paper's figure, ours with its interval, the verdict."""
    head = ["| claim | paper | reported | here (95 % interval) | verdict |", "|---|---|---|---|---|"]
    rows = [
        f"| {r.claim.text} | [{r.claim.paper}]({r.claim.link}) | {r.claim.reported} | {ours(r)} | {r.words} |" for r in results
    ]
    seeds = sorted({r.seeds for r in results if r.value is not None})
    notes = [f"{' or '.join(map(str, seeds))} seeds on each side; a latency's interval is over processes."] if seeds else []
    notes += [f"No loss: the whole interval is above a loss of {points(MARGIN, sign=False)} points."]
    notes += [NOISY_TEXT] if any(r.noisy for r in results) else []
    return "\n".join([*head, *rows, "", " ".join(notes)])


def ours(result: Result) -> str:
    """Our figure with its interval: a ratio as x3.85, a difference of accuracies in points; a dash where it is missing."""
    if result.value is None or result.low is None or result.high is None:
        return "\N{EN DASH}"
    ratio = result.claim.kind == "ratio"
    value, low, high = (f"{v:.3g}" if ratio else points(v) for v in (result.value, result.low, result.high))
    interval = "" if low == high else f" ({low} to {high})"
    return f"x{value}{interval}{NOISY if result.noisy else ''}" if ratio else f"{value} points{interval}"


def sizes_table(rows: Sequence[SizeRow]) -> str:
    """A row for each network and way to store its numbers."""
    if not rows:
        return f"Missing: `effcore run experiments/{SPEC}`"
    lines = ["| network | bits | file, MB | of 32 bits | latency, ms | accuracy, % | against 32 bits, points |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        noisy = NOISY if row.noisy else ""
        loss = "" if row.loss is None or row.loss.low is None or row.loss.high is None else (
            f"{points(row.loss.change)} ({points(row.loss.low)} to {points(row.loss.high)})"
        )  # fmt: skip
        lines.append(
            f"| {row.network} | {row.bits} | {row.point.metrics['size_mb']:.3f} | {row.share:.3f} | "
            f"{_figure(row, 'latency_ms', '{:.4f}')}{noisy} | {_figure(row, 'accuracy', '{:.2f}', 100)} | {loss} |"
        )
    seeds = sorted({len(row.point.seeds) for row in rows})
    notes = [f"{' or '.join(map(str, seeds))} seeds."] + ([NOISY_TEXT] if any(row.noisy for row in rows) else [])
    return "\n".join([*lines, "", " ".join(notes)])


def _figure(row: SizeRow, name: str, digits: str, factor: float = 1.0) -> str:
    metrics = row.point.metrics
    if name not in metrics:
        return "\N{EN DASH}"
    value = digits.format(factor * metrics[name])
    if f"{name}_low" not in metrics:
        return value
    low, high = (digits.format(factor * metrics[f"{name}_{end}"]) for end in ("low", "high"))
    return f"{value} ({low} to {high})"


def document(results: Sequence[Result], rows: Sequence[SizeRow]) -> dict[str, Any]:
    """The same as plain data: `margin`, `claims` and `sizes`."""
    return {
        "margin": MARGIN,
        "claims": [
            {
                "claim": r.claim.text, "paper": r.claim.paper, "link": r.claim.link, "reported": r.claim.reported, "published": r.claim.published,
                "kind": r.claim.kind, "metric": r.claim.metric, "sweep": r.claim.sweep, "value": r.value, "low": r.low, "high": r.high,
                "seeds": r.seeds, "noisy": r.noisy, "verdict": r.verdict, "text": r.words,
            }
            for r in results
        ],
        "sizes": [
            {
                "network": row.network, "bits": row.bits, "share": row.share, "seeds": list(row.point.seeds), "noisy": row.noisy,
                "metrics": dict(row.point.metrics), "loss": None if row.loss is None else [row.loss.change, row.loss.low, row.loss.high],
            }
            for row in rows
        ],
    }  # fmt: skip


def written_between(path: Path, name: str, body: str) -> None:
    """Replaces what stands between `<!-- name -->` and `<!-- /name -->` in a file, which is replaced whole or not at all.

    Raises:
        EffcoreError: The file can't be read, or does not hold both marks once, in this order.
    """
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise EffcoreError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EffcoreError(f"{path} must be a text in UTF-8. Byte {error.start} is not.") from error
    if text.count(first) != 1 or text.count(last) != 1 or text.index(first) > text.index(last):
        raise EffcoreError(f"{path} must hold {first} and after it {last}, each once. Got {text.count(first)} and {text.count(last)}.")
    before, after = text.split(first)[0], text.split(last)[1]
    part = path.with_name(f".{path.name}.part")
    part.write_text(f"{before}{first}\n{body}\n{last}{after}", encoding="utf-8")
    part.replace(path)
