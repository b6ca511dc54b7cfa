"""How well what is cheap to know of a network ranks what is measured, as plain data: what `effcore proxies` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from effcore.analysis.frontier import Variant
from effcore.analysis.ranking import ranking
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, Shape, plain
from effcore.catalogue.subnetwork import Subnetwork
from effcore.catalogue.training import Training
from effcore.plan import rungs
from effcore.recipe import Recipe, from_document
from effcore.tracking import Store

OF_THE_FILE = ("params", "macs", "size_mb")
"""Proxies that every exported file has."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """What is known of one variant.

    Attributes:
        latency_ms: Measured.
        early: Accuracy on validation at each rung below the last, by its share of the epochs, of a network that was trained alone.
        shape: Of a sub-network of the family elastic, else None.
        cut: Whether it was cut out of a trained network; otherwise it was trained as it is.
        twin: What a sub-network that was cut out and one that was trained alone share.
    """

    name: str
    structure: str
    metrics: Mapping[str, float]
    early: Mapping[float, float] = field(default_factory=dict)
    shape: Shape | None = None
    cut: bool = False
    twin: str = ""
    table_ms: float | None = None


Predict = Callable[[Recipe, Sequence[Shape]], Sequence[float]]
"""(a recipe of the family elastic, its sub-networks) -> their latencies by a table, in ms."""


def read_proxies(store: Store, *, sweep: str | None = None, table: Predict | None = None) -> dict[str, Any]:
    """Rank correlations of proxies with what was measured, over the float networks of a sweep.

    Args:
        store: Where the results are.
        sweep: Name or run id; the newest where it is None.
        table: Where latencies by a table are wanted.

    Returns:
        `sweep`, `networks` and `proxies`: a row for each pair of proxy and truth; and `table_error` where a table was asked for.

    Raises:
        StoreError: There is no such sweep.
    """
    record = store.sweep(sweep)
    variants = [v for v in store.variants(sweep=record.run_id) if v.status == "FINISHED" and {"accuracy", "latency_ms"} <= v.metrics.keys()]
    first: dict[tuple[str, int], Variant] = {}
    for variant in sorted(variants, key=lambda v: (v.started_ms, v.run_id)):  # of several environments the sweep's own
        first.setdefault((variant.recipe_key, variant.seed), variant)
    recipes = {v.run_id: from_document(v.recipe) for v in first.values()}
    kept = [v for v in first.values() if is_plain(recipes[v.run_id])]
    predicted = _predicted(kept, recipes, table) if table else {}
    networks = [network_of(v, recipes[v.run_id], _curve(store, v), table_ms=predicted.get(v.run_id)) for v in kept]
    return {
        "sweep": record.name, "task": record.task, "networks": len(networks), "proxies": proxy_rows(networks), "table_error": table_error(networks),
    }  # fmt: skip


def is_plain(recipe: Recipe) -> bool:
    """Whether a recipe's file is the float network itself: nothing pruned, quantized or of another runtime."""
    return all(s.technique in ("architecture", "subnetwork", "runtime") or s.record.role in ("phase", "contribute") for s in recipe.steps)


def network_of(variant: Variant, recipe: Recipe, curve: Sequence[Mapping[str, Any]], *, table_ms: float | None = None) -> Network:
    """What proxies need to know of a variant.

    Args:
        variant: Finished.
        recipe: Its recipe.
        curve: Its learning curve, a row an epoch.
        table_ms: Its predicted latency, where there is one.
    """
    cut = next((s.config for s in recipe.steps if isinstance(s.config, Subnetwork)), None)
    shape = plain(cut) if cut is not None else recipe.architecture.subnetwork
    whole = recipe.architecture.model_copy(update={"subnetwork": None})
    twin = f"{whole.model_dump_json()} {shape} {variant.seed}" if shape is not None else ""
    phases = [s.config for s in recipe.steps if isinstance(s.config, Training)]
    early = {}
    if cut is None and len(phases) == 1:
        epochs = phases[0].epochs
        by_epoch = {row["epoch"]: row["val_accuracy"] for row in curve}
        early = {round(e / epochs, 2): by_epoch[e] for e in rungs(epochs)[:-1] if e in by_epoch}
    return Network(
        name=variant.name, structure=variant.structure, metrics=variant.metrics, early=early, shape=shape, cut=cut is not None, twin=twin,
        table_ms=table_ms,
    )  # fmt: skip


def proxy_rows(networks: Sequence[Network]) -> list[dict[str, Any]]:
    """One row for each proxy and what it is to rank; `kendall` and `spearman` with intervals, None where they can't be told.

    Latency is compared over different structures, accuracy over networks that were trained as they are.
    """
    structures = list({n.structure: n for n in networks}.values())
    alone = [n for n in networks if not n.cut]
    rows = [_row(name, "latency_ms", structures, lambda n, name=name: n.metrics.get(name)) for name in OF_THE_FILE]  # type: ignore[misc]
    rows.append(_row("table latency", "latency_ms", structures, lambda n: n.table_ms))
    rows += [_row(name, "accuracy", alone, lambda n, name=name: n.metrics.get(name)) for name in OF_THE_FILE]  # type: ignore[misc]
    shares = sorted({share for n in alone for share in n.early})
    rows += [_row(f"val_accuracy after {s:.0%} of the epochs", "accuracy", alone, lambda n, s=s: n.early.get(s)) for s in shares]  # type: ignore[misc]
    rows.append(_row("val_accuracy at the end", "accuracy", alone, lambda n: n.metrics.get("val_accuracy")))
    cut = {n.twin: n for n in networks if n.cut}
    for name, metric in (("supernet val_accuracy", "val_accuracy"), ("supernet accuracy", "accuracy")):
        twins = [n for n in alone if n.twin in cut]
        rows.append(_row(name, "accuracy", twins, lambda n, metric=metric: cut[n.twin].metrics.get(metric)))  # type: ignore[misc]
    return [row for row in rows if row["count"]]


def _row(proxy: str, truth: str, networks: Sequence[Network], value: Callable[[Network], float | None]) -> dict[str, Any]:
    pairs = [(found, n.metrics[truth]) for n in networks if truth in n.metrics and (found := value(n)) is not None]
    return {"proxy": proxy, "truth": truth} | ranking([p for p, _ in pairs], [t for _, t in pairs]).document


def table_error(networks: Sequence[Network]) -> dict[str, float] | None:
    """How far predicted latencies are from those of the measured files, as a share of these; None where none was predicted."""
    structures = {n.structure: n for n in networks if n.table_ms is not None}.values()
    shares = sorted(abs((n.table_ms or 0.0) / n.metrics["latency_ms"] - 1) for n in structures)
    if not shares:
        return None
    return {"structures": len(shares), "median": shares[len(shares) // 2], "largest": shares[-1]}


def choices_of(shapes: Sequence[Shape]) -> list[list[ElasticStage]]:
    """What each stage of some sub-networks is, the smallest first."""

    def size(stage: ElasticStage) -> tuple[int, float, int]:
        return stage.depth, stage.width, stage.kernel

    return [sorted(set(stages), key=size) for stages in zip(*(s.stages for s in shapes), strict=True)]


def _predicted(
    variants: Sequence[Variant], recipes: Mapping[str, Recipe], table: Predict
) -> dict[str, float]:
    """Latency of every sub-network by the table of its family, by run id."""
    groups: dict[Architecture, list[tuple[str, Shape]]] = {}
    for variant in variants:
        network = network_of(variant, recipes[variant.run_id], [])
        if network.shape is not None:
            whole = recipes[variant.run_id].architecture.model_copy(update={"subnetwork": None})
            groups.setdefault(whole, []).append((variant.run_id, network.shape))
    found: dict[str, float] = {}
    for members in groups.values():
        times = table(recipes[members[0][0]], [shape for _, shape in members])
        found |= {run_id: time for (run_id, _), time in zip(members, times, strict=True)}
    return found


def _curve(store: Store, variant: Variant) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(store.file(variant.run_id, "curve.json").read_text())
    return [row for row in rows if row.get("phase", "train") == "train"]
