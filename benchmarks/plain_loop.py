"""What a practitioner writes without effcore, for `against_plain_loop.py`: each variant trained from scratch and measured in a process.

The techniques, runtimes and the training loop are effcore's own, so that equal recipes are equal arithmetic; its stages, cache and
scheduler are not used. Optuna chooses, MLflow logs, a pool of processes works. Done as well as is usual: one thread a process, data and
libraries loaded once a process, a teacher trained once and kept in a file, nothing that waits for it begun before it is there, logging
beside the work.
"""

from __future__ import annotations

import random
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

WARM_UP = 50
"""Predictions before those that count."""


def run_loop(recipes: Sequence[Any], folder: Path, *, processes: int, measure_s: float, kept: bool) -> list[dict[str, Any]]:
    """Run every recipe once, in a mixed order.

    Args:
        recipes: With seed 0.
        folder: Gets the MLflow store and a file for each recipe, named by its key.
        processes: At once.
        measure_s: Seconds of predictions that latency is taken from.
        kept: Whether a process goes on with the next variant; otherwise each variant has its own.

    Returns:
        What each came to: its key, seconds and figures.
    """
    import mlflow
    import optuna

    began = time.monotonic()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("plain loop", artifact_location=str(folder / "artifacts")))
    directions = ["maximize", "minimize", "minimize"]
    study = optuna.create_study(directions=directions)
    for index in random.Random(0).sample(range(len(recipes)), len(recipes)):
        study.enqueue_trial({"recipe": index})  # a grid, in an order of its own
    left, held, rows = len(recipes), deque[Any](), []
    running: dict[Future[dict[str, Any]], Any] = {}
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=None if kept else 1)
    with pool:
        teacher = _teacher_of(recipes)
        if teacher is not None:
            running[pool.submit(train_teacher, *teacher, folder)] = None
        while left or held or running:
            waits = any(trial is None for trial in running.values())
            while len(running) < processes and (left or (held and not waits)):
                if held and not waits:
                    trial = held.popleft()
                else:
                    trial, left = study.ask(), left - 1
                    recipe = recipes[trial.suggest_int("recipe", 0, len(recipes) - 1)]
                    if waits and any(step.technique == "distillation" for step in recipe.steps):
                        held.append(trial)
                        continue
                recipe = recipes[trial.params["recipe"]]
                running[pool.submit(run_variant, recipe.document, recipe.key, folder, measure_s)] = trial
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                trial, row = running.pop(future), future.result()
                if trial is not None:
                    study.tell(trial, [row["accuracy"], row["latency_ms"], row["size_mb"]])
                    rows.append(row)
                    print(f"loop: {len(rows)} of {len(recipes)} variants after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
                    _log(mlflow, recipes[trial.params["recipe"]], row, folder)
    return rows


def _log(mlflow: Any, recipe: Any, row: Mapping[str, Any], folder: Path) -> None:
    with mlflow.start_run(run_name=recipe.name):
        for step in recipe.steps:
            ((name, fields),) = step.document.items()
            mlflow.log_params({f"{name}.{field}": value for field, value in fields.items()})
        mlflow.log_metrics({name: value for name, value in row.items() if isinstance(value, float)})
        mlflow.log_artifact(str(folder / f"{recipe.key}.onnx"))


def _teacher_of(recipes: Sequence[Any]) -> tuple[dict[str, Any], int] | None:
    """The recipe of the teacher and its seed, where there is one; all students have the same."""
    from effcore.recipe import teacher_recipe, teachers

    found = {(teacher_recipe(r, t).key, t.seed): teacher_recipe(r, t).document for r in recipes for t in teachers(r)}
    if len(found) > 1:
        raise ValueError(f"The plain loop knows one teacher. Got {len(found)}.")
    return next(((document, seed) for (_, seed), document in found.items()), None)


# In a process of the pool


def train_teacher(document: Mapping[str, Any], seed: int, folder: Path) -> dict[str, Any]:
    """Train the teacher and keep its weights."""
    import torch

    from effcore.recipe import from_document

    torch.set_num_threads(1)
    model, _ = _trained(from_document(document), seed, folder)
    torch.save(model.state_dict(), folder / "teacher.pt")
    return {}


def run_variant(document: Mapping[str, Any], key: str, folder: Path, measure_s: float) -> dict[str, Any]:
    """Train, change, export, evaluate and measure one recipe."""
    began = time.perf_counter()
    import torch

    from effcore.catalogue import TASKS
    from effcore.measure.accuracy import measure_accuracy
    from effcore.measure.size import measure_size
    from effcore.recipe import from_document
    from effcore.runtimes import runtime_module
    from effcore.tasks import load

    torch.set_num_threads(1)
    recipe, runtime, path = from_document(document), runtime_module("onnxruntime"), folder / f"{key}.onnx"
    model, tune = _trained(recipe, 0, folder)
    model = _pruned(recipe, model, tune)
    trained = time.perf_counter()
    _export(recipe, model, path)
    data = load(recipe.task)
    accuracy = measure_accuracy(runtime.load(path), data.test).accuracy
    validation = measure_accuracy(runtime.load(path), data.validation).accuracy
    figures = asdict(measure_size(path)) | asdict(runtime.counts(path))
    exported = time.perf_counter()
    latency = _latency_ms(path, TASKS[recipe.task].shape, measure_s)
    ended = time.perf_counter()
    return {
        "key": key, "accuracy": accuracy, "val_accuracy": validation, **{name: float(v) for name, v in figures.items()}, **latency,
        "train_s": trained - began, "export_s": exported - trained, "measure_s": ended - exported, "seconds": ended - began,
    }  # fmt: skip


def _trained(recipe: Any, seed: int, folder: Path) -> tuple[Any, Any]:
    """The trained network, and what fine-tunes it as it was trained."""
    import torch

    from effcore.catalogue import TASKS
    from effcore.models import build
    from effcore.recipe import teacher_recipe, teachers
    from effcore.tasks import load
    from effcore.techniques import CONTRIBUTORS, Context
    from effcore.training import fit

    data, training = load(recipe.task), next(s.config for s in recipe.steps if s.technique == "training")
    torch.manual_seed(seed)
    model = build(recipe.architecture, TASKS[recipe.task])
    masters = []
    for teacher in teachers(recipe):
        masters.append(build(teacher_recipe(recipe, teacher).architecture, TASKS[recipe.task]).eval())
        masters[-1].load_state_dict(torch.load(folder / "teacher.pt", weights_only=True))
    context = Context(data=data, seed=seed, teachers=tuple(masters))
    hooks = [CONTRIBUTORS[s.technique](s.config, context) for s in recipe.steps if s.role == "contribute"]
    fit(model, data, training, seed=seed, hooks=hooks)

    def tune(network: Any, epochs: int, *, hooks: Sequence[Any] = (), learning_rate: float | None = None, named_by: Any = None) -> Any:
        again = [*hooks, *(CONTRIBUTORS[s.technique](s.config, context) for s in recipe.steps if s.role == "contribute")]
        short = training.model_copy(update={"epochs": epochs, "learning_rate": learning_rate or training.learning_rate / 3})
        return fit(network, data, short, seed=seed, hooks=again)

    return model, tune


def _pruned(recipe: Any, model: Any, tune: Any) -> Any:
    import torch

    from effcore.tasks import load
    from effcore.techniques import FUNCTIONS

    for step in (s for s in recipe.steps if s.role == "transform"):
        torch.manual_seed(0)
        model = FUNCTIONS[step.technique](model, step.config, load(recipe.task), tune=tune)[0]
    return model.eval()


def _export(recipe: Any, model: Any, path: Path) -> None:
    """Write the file, lowered before or after it is made."""
    from effcore.catalogue import TASKS
    from effcore.context import current_context
    from effcore.runtimes import runtime_module
    from effcore.tasks import load
    from effcore.techniques import CONVERTERS, FUNCTIONS

    program, data = model, load(recipe.task)
    steps = [(s, s.config) for s in recipe.steps if s.role == "lower"]
    steps = [(s, c if c.mode != "static" else c.model_copy(update={"reduce_range": not current_context().exact_int8})) for s, c in steps]
    for step, config in steps:
        if not step.record.converts(config):
            program, _ = FUNCTIONS[step.technique](program, config, data)
    runtime_module("onnxruntime").export(program, path, task=TASKS[recipe.task])
    for step, config in steps:
        if step.record.converts(config):
            path.write_bytes(CONVERTERS[step.technique](path.read_bytes(), config, data)[0])


def _latency_ms(path: Path, shape: tuple[int, ...], measure_s: float) -> dict[str, float]:
    """Median and 90 % percentile of single predictions in this process, for so many seconds."""
    import numpy as np

    from effcore.runtimes import runtime_module

    predict = runtime_module("onnxruntime").load(path)
    image = np.random.default_rng(0).integers(0, 256, (1, *shape), dtype=np.uint8)
    for _ in range(WARM_UP):
        predict(image)
    samples, end = [], time.perf_counter() + measure_s
    while (began := time.perf_counter()) < end:
        predict(image)
        samples.append(time.perf_counter() - began)
    return {"latency_ms": float(np.median(samples) * 1000), "latency_p90_ms": float(np.percentile(samples, 90) * 1000)}
