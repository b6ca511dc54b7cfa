"""One result as the tracking store holds it, and which images of its task it is of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

OTHER_IMAGES = "of other images: the data of its task has changed since"
"""Why a result is left out beside newer ones: their accuracies are no comparison of models, and less a paired one."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One recipe with one seed, measured in one environment, as the tracking store holds it.

    Attributes:
        run_id: Run in the store that holds these figures.
        sweep: Name of the sweep.
        recipe_key: Content name of the recipe.
        name: Short text for people.
        seed: Seed of this variant.
        recipe: `Recipe.document`.
        parent: Recipe key of the parent, whether it was measured or not; None where there is nothing to undo.
        technique: Technique of the step that leads from the parent; `architecture` where there is no parent.
        step: That step in a few words; empty where there is no parent.
        runtime: Name and version of the runtime, as `onnxruntime 1.32.0`.
        environment: Key of the environment; empty where nothing was measured.
        structure: Content name of the structure that latency and memory belong to.
        status: `FINISHED`, `FAILED`, `RUNNING` or `SCHEDULED`.
        error: Cause, where it failed.
        noisy: Whether the measurement is marked as noisy.
        metrics: Figures by name, intervals as `<metric>_low` and `<metric>_high`.
        artifact: Path of the deployable file inside the run's artifacts.
        started_ms, ended_ms: Unix time.
        measures: Run of the variant that this run holds the figures of in a further environment; None for its own run.
        data: Which images of its task it learned and was tested on, as `data_mark` names them; empty where that was not recorded.
        data_ms: When it was written with them, Unix time; a measurement later changes nothing of it.
    """

    run_id: str
    sweep: str
    recipe_key: str
    name: str
    seed: int
    recipe: Mapping[str, Any] = field(repr=False)
    parent: str | None
    technique: str
    step: str
    runtime: str
    environment: str
    structure: str
    status: str
    error: str | None
    noisy: bool
    metrics: Mapping[str, float]
    artifact: str | None
    started_ms: int
    ended_ms: int | None
    measures: str | None = None
    data: str = ""
    data_ms: int = 0


def newest_data(variants: Iterable[Variant]) -> str:
    """Which images the newest results are of, among variants of one task; empty where none says it."""
    return max(((v.data_ms, v.data) for v in variants if v.data and v.status == "FINISHED"), default=(0, ""))[1]


def is_of_data(variant: Variant, data: str) -> bool:
    """Whether a variant may stand beside results of those images; one of which they were not recorded may."""
    return not variant.data or not data or variant.data == data
