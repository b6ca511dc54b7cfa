"""What every technique, family, task and runtime must do; a new one is tested by being in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from everyfamily import OFTEN, every
from pydantic import ValidationError
from torch import nn

from effcore.catalogue import BLOCKS, FAMILIES, RUNTIMES, TASKS, TECHNIQUES, Card, Parameters, Task, family_problems
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.search import STOPPINGS, STRATEGIES
from effcore.catalogue.training import Training
from effcore.models import build, snapshot
from effcore.runtimes import RUNTIME_MODULES
from effcore.tasks import READERS, Data, load
from effcore.techniques import CONTRIBUTORS, FUNCTIONS, Context
from effcore.training import Fit, evaluate, fit

SMALLEST: dict[str, dict[str, Any]] = {
    "architecture": {"family": "mlp"},
    "distillation": {"teacher": {"family": "residual"}},
    "pruning": {"fine_tune": 1},
    "quantization": {"reduce_range": True},
    "subnetwork": {"images": 200},
}
"""Parameters that a technique must be given, and those that make it quick and the same on every processor."""
WRONG: dict[str, tuple[str, object]] = {
    "architecture": ("width", 100.0),
    "training": ("epochs", 0),
    "augmentation": ("degrees", float("nan")),
    "averaging": ("decay", 1.0),
    "distillation": ("temperature", 0.0),
    "factorization": ("keep", 1.0),
    "pruning": ("amount", 1.5),
    "subnetwork": ("images", 1),
    "weight_sharing": ("sampled", 9),
    "quantization": ("bits", 3),
    "runtime": ("name", "abacus"),
}
"""A field of each technique with a value that it refuses."""
CONTRIBUTES = [name for name, record in TECHNIQUES.items() if "contribute" in (record.role, *record.roles.values())]
TRANSFORMS = [name for name, record in TECHNIQUES.items() if record.role == "transform"]
SHIPPED = [record for record in TECHNIQUES.values() if not record.origin]
CARDS: dict[str, Card] = {
    **{record.name: record for record in SHIPPED},
    **{f"{record.name}/{card.name}": card for record in SHIPPED for card in record.cards},
    **{f"{kind} {card.name}": card for kind, group in (("block", BLOCKS), ("runtime", RUNTIMES), ("strategy", STRATEGIES), ("stopping", STOPPINGS))
       for card in group.values()},
}  # fmt: skip
"""What a student needs to know of each technique that ships, of each of its ways, and of each block, runtime and strategy."""
LOWERS = [name for name, record in TECHNIQUES.items() if record.role == "lower"]
TOLERANCE = 0.02
"""Largest difference in accuracy between a network and its integer file, both over 400 images."""


def smallest(name: str) -> Parameters:
    return TECHNIQUES[name].parameters.model_validate(SMALLEST.get(name, {}))


def allows(family: str, name: str) -> bool:
    return not family_problems([("architecture", Architecture(family=family)), (name, smallest(name))])  # type: ignore[arg-type]


def short(data: Data) -> Data:
    return data.fraction(0.1)


def run_transform(name: str, model: nn.Module, data: Data) -> tuple[nn.Module, Any, dict[str, Any]]:
    def tune(smaller: nn.Module, epochs: int) -> Fit:
        return fit(smaller, short(data), Training(epochs=epochs), seed=0)

    return FUNCTIONS[name](model, smallest(name), data, tune=tune)  # type: ignore[no-any-return]


FAMILY_OF = {"weight_sharing": "elastic"}
"""Of the network on which a technique is tried, where it does not take every family."""


SHAPING: dict[str, dict[str, Any]] = {"pruning": {"structure": "weights", "schedule": "gradual"}}
"""Parameters with which a technique shapes a phase, where it does something else without them."""


def trained_with(name: str, data: Data, teacher: nn.Module, *, seed: int = 0, use: bool = True) -> nn.Module:
    config = TECHNIQUES[name].parameters.model_validate(SHAPING.get(name, SMALLEST.get(name, {})))
    assert TECHNIQUES[name].role_of(config) == "contribute"
    hooks = [CONTRIBUTORS[name](config, Context(data=short(data), seed=seed, teachers=(teacher,)))] if use else []
    model = build(Architecture(family=FAMILY_OF.get(name, "mlp"), width=0.25), TASKS["digits"], seed=seed)  # type: ignore[arg-type]
    fit(model, short(data), Training(epochs=1), seed=seed, hooks=hooks)
    return model


@pytest.mark.parametrize("name", sorted(TECHNIQUES))
def test_a_technique_is_described_and_its_parameters_survive_json(name: str) -> None:
    record = TECHNIQUES[name]
    assert record.name == name and record.summary and record.source and record.link.startswith("https://")
    config = smallest(name)
    assert record.parameters.model_validate_json(config.model_dump_json()) == config
    assert record.label(config)
    assert 1 <= len(record.parameters.model_fields) <= 10
    assert all(field.description for field in record.parameters.model_fields.values())


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_what_it_is_what_it_costs_and_gives_when_it_does_not_help_and_what_is_reported(name: str) -> None:
    card = CARDS[name]
    for text, most in ((card.summary, 3), (card.cost, 2), (card.unhelpful, 3)):
        assert text.endswith(".") and 1 <= text.count(". ") + 1 <= most
    assert card.formula and card.source and card.link.startswith("https://")
    assert len(card.figure) > 20 and not card.figure.endswith(".")


@pytest.mark.parametrize("name", sorted(TECHNIQUES))
def test_a_bad_value_and_an_unknown_field_are_named(name: str) -> None:
    field, value = WRONG.get(name) or (next(iter(TECHNIQUES[name].parameters.model_fields)), {"no": "value"})
    for bad, expected in (({field: value}, field), ({"no_such_field": 1}, "no_such_field")):
        with pytest.raises(ValidationError) as caught:
            TECHNIQUES[name].parameters.model_validate(SMALLEST.get(name, {}) | bad)
        assert expected in {str(part) for error in caught.value.errors() for part in error["loc"]}


def test_every_optional_technique_has_its_function() -> None:
    assert set(FUNCTIONS) == {name for name, record in TECHNIQUES.items() if record.optional}
    assert set(CONTRIBUTORS) == set(CONTRIBUTES)


@pytest.mark.parametrize("name", CONTRIBUTES)
def test_what_shapes_a_phase_changes_the_training_and_repeats_for_a_seed(
    name: str, digits: Data, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str]
) -> None:
    teacher = trained("residual")
    before = state_of(teacher)
    first, again = (state_of(trained_with(name, digits, teacher)) for _ in range(2))
    assert first == again
    assert first != state_of(trained_with(name, digits, teacher, use=False))
    assert first != state_of(trained_with(name, digits, teacher, seed=1))
    assert state_of(teacher) == before


@pytest.mark.parametrize(
    ("name", "family"),
    [pytest.param(n, f, marks=() if f in OFTEN else pytest.mark.slow) for n in TRANSFORMS for f in sorted(FAMILIES) if allows(f, n)],
)
def test_a_transform_leaves_its_model_alone_repeats_and_can_be_replayed(
    name: str, family: str, digits: Data, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str]
) -> None:
    model = trained(family)
    before = state_of(model)
    changed, edit, facts = run_transform(name, model, digits)
    again, _, _ = run_transform(name, model, digits)
    assert state_of(model) == before != state_of(changed) == state_of(again)
    assert facts and not changed.training
    logits = changed(torch.tensor(digits.test.images))
    assert logits.shape == (400, 10) and bool(logits.isfinite().all())
    kept = snapshot.take(changed, "digits", Architecture(family=family, width=0.5), [edit] if edit else [])  # type: ignore[arg-type]
    assert torch.equal(snapshot.rebuild(kept)(torch.tensor(digits.test.images)), logits)


@pytest.mark.parametrize("family", every())
@pytest.mark.parametrize("name", LOWERS)
def test_what_lowers_keeps_the_accuracy_in_the_file_and_leaves_its_model_alone(
    name: str,
    family: str,
    digits: Data,
    trained: Callable[[str], nn.Module],
    state_of: Callable[[nn.Module], str],
    artifact: Callable[[str, str], Path],
    tmp_path: Path,
) -> None:
    model = trained(family)
    before = state_of(model)
    runtime, path = RUNTIME_MODULES["onnxruntime"], tmp_path / "model.onnx"
    program, facts = FUNCTIONS[name](model, smallest(name), digits)
    assert facts and state_of(model) == before
    runtime.export(program, path, task=TASKS["digits"])
    if name == "quantization":
        assert path.read_bytes() == artifact(family, "int8").read_bytes()
    right = runtime.load(path)(digits.test.images).argmax(1) == digits.test.labels
    assert float(right.mean()) == pytest.approx(evaluate(model, digits.test), abs=TOLERANCE)


@pytest.mark.parametrize("name", sorted(RUNTIMES))
@pytest.mark.parametrize("family", every())
def test_a_float_file_is_exactly_as_accurate_as_its_network(
    name: str,
    family: str,
    digits: Data,
    trained: Callable[[str], nn.Module],
    artifact: Callable[[str, str], Path],
) -> None:
    record, module, model = RUNTIMES[name], RUNTIME_MODULES[name], trained(family)
    path = artifact(family, "torch" if name == "torch" else "float")
    right = module.load(path)(digits.test.images).argmax(1) == digits.test.labels
    assert float(right.mean()) == evaluate(model, digits.test)
    assert module.class_names(path) == TASKS["digits"].classes
    counts = module.counts(path)
    assert counts.params >= counts.nonzero_params > 0 and counts.macs > 0
    assert record.summary and module.version()


@pytest.mark.parametrize("name", every())
def test_a_family_is_described_and_learns_every_task(name: str) -> None:
    family = FAMILIES[name]
    assert (
        family.name == name
        and family.summary
        and family.source
        and family.link.startswith("https://")
        and (family.blocks or family.origin)
    )
    for task in TASKS.values():
        assert any(learns(name, task, images=images, epochs=epochs) for images, epochs in PATIENCE)


PATIENCE = ((1000, 3), (3000, 4))
"""Images, and epochs with them: in the more every family has learned, and most in the fewer already."""


def learns(family: str, task: Task, *, images: int, epochs: int) -> bool:
    """Whether a network becomes three times as good as one that guesses."""
    model = build(Architecture(family=family, width=0.5), task, seed=0)  # type: ignore[arg-type]
    first = fit(model, load(task.name).fraction(min(0.3, images / task.train)), Training(epochs=epochs, learning_rate=0.01), seed=0)
    assert np.isfinite(first.curve[-1]["train_loss"])
    return first.curve[-1]["val_accuracy"] > 3 / len(task.classes)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_task_is_described_and_has_data(name: str) -> None:
    task = TASKS[name]
    assert (
        task.name == name
        and task.summary
        and task.source
        and (task.link.startswith("https://") or task.origin)
        and len(task.fingerprint) == 64
    )
    assert name in READERS and load(name).fingerprint == task.fingerprint
