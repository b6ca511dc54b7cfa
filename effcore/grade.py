"""Grading: every hand-in's file is checked, measured and held against what its recipe makes here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from effcore.cache import Entry
from effcore.challenge.card import Challenge
from effcore.challenge.hand_in import hand_ins, read_hand_in
from effcore.challenge.judging import Evidence, Finding, Grade, HandIn, judge, leaderboard, refusals, too_costly
from effcore.context import current_context
from effcore.errors import EffcoreError
from effcore.execution.worker import Worker
from effcore.forecast import Rates
from effcore.measure.environment import current
from effcore.measure.load import core_count
from effcore.own import VERSION_VARIABLE, pinned, refresh
from effcore.plan import Plan, Planner, make_plan, measure_stage
from effcore.spec import Measure
from effcore.stages import CPU_VARIABLE

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
    variables = {VERSION_VARIABLE: pinned(home), CPU_VARIABLE: repr(challenge.rebuild_minutes * 60)}
    worker = Worker(home, preload="effcore.stages.preload", environment=variables)

    def one(path: Path) -> Grade:
        try:
            hand_in, model = read_hand_in(path, received=(received or {}).get(path.name))
            found = _grade(hand_in, model, challenge, worker, rebuild=rebuild)
        except Exception as error:  # what is wrong with one hand-in is its grade, also what nobody thought of
            cause = str(error) if isinstance(error, EffcoreError) else f"It can't be graded: {type(error).__name__}: {str(error)[:200]}"
            found = Grade(student=path.name, findings=(Finding("broken", cause),))
        report(f"{path.name}: {'accepted' if found.accepted else '; '.join(f.text for f in found.findings)}")
        return found

    try:
        with ThreadPoolExecutor(max_workers=core_count()) as pool:
            return leaderboard(list(pool.map(one, folders)))
    finally:
        worker.close()


def _grade(hand_in: HandIn, model: Path, challenge: Challenge, worker: Worker, *, rebuild: bool) -> Grade:
    """The verdict on one hand-in; what is refused without a measurement is neither measured nor trained."""
    refused = refusals(hand_in, challenge)
    plan = make_plan([(hand_in.recipe, hand_in.seed)], context=current_context()) if rebuild and not refused else None
    if plan is not None:
        refused = too_costly(_left_s(plan, worker), challenge)
    if not refused:
        evidence = _evidence(hand_in, model, worker)
        rebuilt, refused = _rebuilt(plan, challenge, worker) if plan is not None else ({}, [])
        if not refused:
            return judge(hand_in, replace(evidence, **rebuilt), challenge=challenge)
    return Grade(student=hand_in.student, name=hand_in.recipe.name, findings=tuple(refused))


def _evidence(hand_in: HandIn, model: Path, worker: Worker) -> Evidence:
    """What is measured of the file itself."""
    recipe, context = hand_in.recipe, current_context()
    planner = Planner(context)
    kept = worker.home / RECEIVED / f"{hand_in.sha256}{model.suffix}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, kept)
    admit = planner.admit(str(kept), hand_in.sha256, task=recipe.task, runtime=recipe.runtime)
    admitted = worker.perform(admit).entry
    evaluated = worker.perform(planner.stages[planner.evaluate(recipe, admit.key)]).entry
    measured = worker.perform(measure_stage(
        str(admitted.facts["structure"]), admit.key, task=recipe.task, runtime=recipe.runtime, settings=Measure().settings,
        environment=current().key, context=context,
    )).entry  # fmt: skip
    correct = _correct(evaluated)
    return Evidence(
        metrics={**admitted.facts["metrics"], **evaluated.facts["metrics"], **measured.facts["metrics"]},
        structure=str(admitted.facts["structure"]), test=correct["test"], validation=correct["validation"],
    )  # fmt: skip


def _rebuilt(plan: Plan, challenge: Challenge, worker: Worker) -> tuple[dict[str, Any], list[Finding]]:
    """What evidence holds of the model that the recipe makes here, or why it was not made to the end.

    What a training costs is forecast again after each of its rungs, from what they took.
    """
    variant, entries, spent_s = plan.variants[0], dict[str, Entry](), 0.0
    for key in variant.stages:
        if plan.stages[key].trains and (refused := too_costly(spent_s + _left_s(plan, worker), challenge)):
            return {}, refused
        outcome = worker.perform(plan.stages[key])
        entries[key] = outcome.entry
        spent_s += 0.0 if outcome.reused else outcome.entry.seconds
    structure, test = str(entries[variant.export].facts["structure"]), _correct(entries[variant.evaluate])["test"]
    return {"rebuilt_structure": structure, "rebuilt_test": test}, []


def _left_s(plan: Plan, worker: Worker) -> float:
    """Expected seconds of a core of what is still to be trained."""
    cached, rates = worker.cache.keys(), Rates.of(worker.home)
    return sum(rates.seconds(stage) for key, stage in plan.stages.items() if stage.trains and key not in cached)


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
