"""Grading: every hand-in's file is checked, measured and held against what its recipe makes here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from effcore.cache import Entry
from effcore.challenge.card import Challenge
from effcore.challenge.hand_in import hand_ins, read_hand_in
from effcore.challenge.judging import Evidence, Finding, Grade, HandIn, judge, leaderboard
from effcore.context import current_context
from effcore.errors import EffcoreError
from effcore.measure.environment import current
from effcore.measure.load import core_count
from effcore.own import VERSION_VARIABLE, pinned, refresh
from effcore.plan import Planner, make_plan, measure_stage
from effcore.spec import Measure
from effcore.worker import Worker

RECEIVED = "hand-ins"
"""Folder of the state folder that files are copied into, under their hash."""


def grade(
    challenge: Challenge,
    folder: Path,
    *,
    home: Path,
    received: Mapping[str, datetime] | None = None,
    rebuild: bool = True,
    report: Callable[[str], None] = lambda line: None,
) -> list[Grade]:
    """Grade a folder of hand-ins.

    Args:
        challenge: The card.
        folder: One folder for each student, as `effcore export` writes it.
        home: The state folder; what was measured or trained before is taken from its cache.
        received: When each came in; the age of its files tells where it is not said.
        rebuild: Whether the recipe of each hand-in is run again, to see that it makes this file.
        report: Called with a line for each hand-in.

    Returns:
        Accepted ones first, the best first.

    Raises:
        EffcoreError: There are no hand-ins.
    """
    folders = hand_ins(folder)
    refresh(home, challenge.task, say=report)
    worker = Worker(home, preload="effcore.stages.preload", environment={VERSION_VARIABLE: pinned(home)})

    def one(path: Path) -> Grade:
        try:
            hand_in, model = read_hand_in(path, received=(received or {}).get(path.name))
            found = judge(hand_in, _evidence(hand_in, model, challenge, worker, rebuild=rebuild), challenge=challenge)
        except EffcoreError as error:  # what is wrong with one hand-in is its grade
            found = Grade(student=path.name, findings=(Finding("broken", str(error)),))
        report(f"{path.name}: {'accepted' if found.accepted else '; '.join(f.text for f in found.findings)}")
        return found

    try:
        with ThreadPoolExecutor(max_workers=core_count()) as pool:
            return leaderboard(list(pool.map(one, folders)))
    finally:
        worker.close()


def _evidence(hand_in: HandIn, model: Path, challenge: Challenge, worker: Worker, *, rebuild: bool) -> Evidence:
    recipe, context = hand_in.recipe, current_context()
    planner = Planner(context)
    kept = worker.home / RECEIVED / f"{hand_in.sha256}{model.suffix}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, kept)
    admit = planner.admit(str(kept), hand_in.sha256, task=recipe.task, runtime=recipe.runtime)
    admitted = worker.perform(admit).entry
    evaluated = worker.perform(planner.stages[planner.evaluate(recipe, admit.key)]).entry
    measured = worker.perform(measure_stage(
        str(admitted.facts["structure"]), admit.key, task=recipe.task, runtime=recipe.runtime, settings=Measure().settings, environment=current().key,
        context=context,
    )).entry  # fmt: skip
    correct = _correct(evaluated)
    structure, test = _rebuilt(hand_in, worker) if rebuild else (None, None)
    metrics = {**admitted.facts["metrics"], **evaluated.facts["metrics"], **measured.facts["metrics"]}
    return Evidence(
        metrics=metrics, structure=str(admitted.facts["structure"]), test=correct["test"], validation=correct["validation"],
        rebuilt_structure=structure, rebuilt_test=test,
    )  # fmt: skip


def _rebuilt(hand_in: HandIn, worker: Worker) -> tuple[str, list[int]]:
    """Structure and right answers of what the recipe makes here."""
    plan = make_plan([(hand_in.recipe, hand_in.seed)], context=current_context())
    variant = plan.variants[0]
    entries = {key: worker.perform(plan.stages[key]).entry for key in variant.stages}
    return str(entries[variant.export].facts["structure"]), _correct(entries[variant.evaluate])["test"]


def _correct(evaluated: Entry) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((evaluated.folder / "correct.json").read_text())
    return answers


def grade_document(challenge: Challenge, grades: list[Grade]) -> dict[str, Any]:
    """As plain data for JSON: the card, and a row for each hand-in in the order of the leaderboard."""
    rows = [
        {
            "student": g.student, "name": g.name, "accepted": g.accepted, "score": g.score,
            "findings": [{"kind": f.kind, "text": f.text} for f in g.findings], "metrics": dict(g.metrics),
        }
        for g in grades
    ]  # fmt: skip
    return {"challenge": challenge.model_dump(mode="json"), "environment": current().key, "grades": rows}
