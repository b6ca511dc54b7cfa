"""One training makes all parts of a network work; a part takes its own statistics."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, Shape, largest, shape, smallest
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.subnetwork import Subnetwork
from effcore.catalogue.training import Training
from effcore.catalogue.weight_sharing import WeightSharing
from effcore.errors import TechniqueError
from effcore.models import build, snapshot
from effcore.models.elastic import forward
from effcore.tasks import Data
from effcore.techniques import FUNCTIONS, Context
from effcore.training import Batch, Fit, Hooks, evaluate, fit, predict

ARCHITECTURE = Architecture(family="elastic", width=0.5, depth=2)
MIDDLE = shape([ElasticStage(depth=2), ElasticStage(kernel=5), ElasticStage(width=0.75)])


def no_tuning(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


def of(part: Shape, **options: Any) -> Subnetwork:
    return Subnetwork(stage_1=part.stage_1, stage_2=part.stage_2, stage_3=part.stage_3, **options)


def supernet(data: Data, *, shared: bool = True, epochs: int = 4) -> nn.Module:
    model = build(ARCHITECTURE, TASKS["digits"], seed=0)
    hooks = [FUNCTIONS["weight_sharing"](WeightSharing(), Context(data=data, seed=0))] if shared else []
    fit(model, data, Training(epochs=epochs, learning_rate=0.01), seed=0, hooks=hooks)
    return model


def accuracy(model: nn.Module, part: Shape, data: Data, **options: Any) -> float:
    smaller, _, _ = FUNCTIONS["subnetwork"](model, of(part, **options), data, tune=no_tuning)
    return evaluate(smaller, data.validation)


def test_parts_work_after_weight_sharing_with_statistics_of_their_own_and_not_otherwise(digits: Data) -> None:
    shared, alone = supernet(digits), supernet(digits, shared=False)
    for part in (smallest(), MIDDLE):
        own = accuracy(shared, part, digits)
        assert own > 0.7 and own > accuracy(alone, part, digits) + 0.2 and own > accuracy(shared, part, digits, statistics="inherited") + 0.2
    assert evaluate(shared, digits.validation) > 0.8


@pytest.mark.parametrize("labels", ["soft", "hard"])
def test_the_loss_is_that_of_the_whole_network_and_of_every_part_of_the_step(labels: str, digits: Data) -> None:
    model = build(ARCHITECTURE, TASKS["digits"], seed=0)
    hooks: Hooks = FUNCTIONS["weight_sharing"](WeightSharing(labels=labels, sampled=0), Context(data=digits, seed=0))  # type: ignore[arg-type]
    images, targets = torch.tensor(digits.train.images[:32]), torch.tensor(digits.train.labels[:32])
    batch = Batch(images=images, labels=targets, indices=torch.arange(32))
    assert hooks.attach and hooks.batch and hooks.loss
    with hooks.attach(model):
        batch = hooks.batch(batch, torch.Generator())
        logits = model.train()(images)
        added = hooks.loss(logits, batch, torch.tensor(2.0)) - 2
        own = forward(model, smallest(), images)
        wanted = functional.cross_entropy(own, targets)
        if labels == "soft":
            p = logits.detach().softmax(1)
            wanted = (p * (p.log() - own.log_softmax(1))).sum(1).mean()
        assert torch.allclose(added, wanted, atol=1e-5) and float(added.detach()) > 0
        (gradient,) = torch.autograd.grad(added, logits, allow_unused=True)
        assert gradient is None  # parts learn from the whole network, which does not learn from them


@pytest.mark.parametrize(("labels", "smoothed"), [("hard", True), ("soft", False)])
def test_parts_that_learn_the_labels_learn_them_as_smooth_as_the_whole_network(labels: str, smoothed: bool, digits: Data) -> None:
    images, targets = torch.tensor(digits.train.images[:32]), torch.tensor(digits.train.labels[:32])
    batch, added = Batch(images=images, labels=targets, indices=torch.arange(32)), []
    for smoothing in (0.0, 0.2):
        model = build(ARCHITECTURE, TASKS["digits"], seed=0).train()
        config = WeightSharing(labels=labels, sampled=0)  # type: ignore[arg-type]
        hooks: Hooks = FUNCTIONS["weight_sharing"](config, Context(data=digits, seed=0, label_smoothing=smoothing))
        assert hooks.attach and hooks.batch and hooks.loss
        with hooks.attach(model):
            added.append(hooks.loss(model(images), hooks.batch(batch, torch.Generator()), torch.tensor(0.0)))
        own = forward(model, smallest(), images)
        if labels == "hard":
            assert torch.allclose(added[-1], functional.cross_entropy(own, targets, label_smoothing=smoothing), atol=1e-5)
    assert bool(added[0] != added[1]) == smoothed


def test_a_training_that_is_cut_into_rungs_has_the_same_bits(digits: Data) -> None:
    part, training = digits.fraction(0.1), Training(epochs=2)
    models = [build(ARCHITECTURE, TASKS["digits"], seed=0) for _ in range(2)]

    def hooks() -> list[Hooks]:
        return [FUNCTIONS["weight_sharing"](WeightSharing(), Context(data=part, seed=0))]

    fit(models[0], part, training, seed=0, hooks=hooks())
    first = fit(models[1], part, training, seed=0, end_epoch=1, hooks=hooks())
    fit(models[1], part, training, seed=0, start_epoch=1, optimizer_state=first.optimizer_state, hooks=hooks())
    images = digits.test.images
    assert torch.equal(predict(models[0], images), predict(models[1], images))


def test_a_part_is_tuned_and_pruned_further_and_its_snapshot_is_the_same_network(digits: Data) -> None:
    model = supernet(digits, epochs=1)

    def tune(smaller: nn.Module, epochs: int) -> Fit:
        return fit(smaller, digits.fraction(0.1), Training(epochs=epochs), seed=0)

    cut, edit, facts = FUNCTIONS["subnetwork"](model, of(MIDDLE, fine_tune=1, images=100), digits, tune=tune)
    assert len(facts["curve"]) == 1 and facts["statistics_images"] == 100 and facts["params_after"] < 0.5 * facts["params_before"]
    pruned, second, _ = FUNCTIONS["pruning"](cut, Pruning(fine_tune=0, round_to=4), digits, tune=no_tuning)
    kept = snapshot.take(pruned, "digits", ARCHITECTURE, [edit, second])
    assert torch.equal(predict(snapshot.rebuild(kept), digits.test.images), predict(pruned, digits.test.images))
    with pytest.raises(TechniqueError, match="whole network of the family elastic"):
        FUNCTIONS["subnetwork"](pruned, of(MIDDLE), digits, tune=no_tuning)


def test_what_leaves_nothing_out_is_refused(digits: Data) -> None:
    with pytest.raises(TechniqueError, match="must leave something out"):
        FUNCTIONS["subnetwork"](build(ARCHITECTURE, TASKS["digits"]), of(largest(2)), digits, tune=no_tuning)
