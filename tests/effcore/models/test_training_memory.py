"""The prediction is near what a training takes, grows with the batch, and what does not fit is refused with what would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

from effcore.catalogue import FAMILIES, TASKS
from effcore.catalogue.architecture import Architecture
from effcore.errors import EffcoreError
from effcore.models import build
from effcore.models.training_memory import (
    CONVOLVED,
    KEPT,
    TrainingMemory,
    _kept,
    _kept_bytes,
    _passing_bytes,
    require_room,
    training_memory,
)

DIGITS = TASKS["digits"]
CASES = [
    ("digits", "mlp", 1, 1, 32), ("mnist5k", "mlp", 4, 2, 128), ("digits", "cnn", 1, 1, 64), ("mnist5k", "cnn", 1, 1, 128),
    ("digits", "residual", 0.5, 1, 32), ("mnist5k", "residual", 1, 1, 64), ("digits", "mobile", 1, 2, 64), ("mnist5k", "mobile", 1, 1, 128),
    ("mnist5k", "lenet_300_100", 1, 1, 64), ("digits", "lenet_5", 1, 1, 32), ("mnist5k", "lenet_5", 1, 1, 128),
    ("mnist5k", "bottleneck", 1, 1, 64), ("mnist5k", "squeeze", 1, 1, 64), ("digits", "shuffle", 1, 2, 64), ("mnist5k", "shuffle", 1, 1, 128),
    ("mnist5k", "ghost", 1, 1, 64), ("mnist5k", "mobile_se", 1, 1, 128),
    ("mnist5k", "convnext", 1, 1, 64), ("mnist5k", "mixer", 1, 1, 128), ("digits", "mixer", 2, 2, 128), ("mnist5k", "attention", 1, 1, 64),
    ("mnist5k", "attention", 2, 1, 32), ("mnist5k", "convnext", 0.5, 2, 128), ("mnist5k", "elastic", 1, 2, 64),
    ("mnist5k", "separable", 1, 1, 64), ("mnist5k", "staged", 1, 1, 64),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's")
def test_predictions_are_within_a_quarter_of_what_was_measured() -> None:
    assert {family for _, family, *_ in CASES} == set(FAMILIES)
    script = Path(__file__).parent / "predicted_memory.py"
    done = subprocess.run([sys.executable, str(script)], input=json.dumps(CASES), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    pairs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(pairs) == len(CASES)
    measured = [m for _, m in pairs]
    assert max(measured) > 5 * min(measured)
    wrong = {str(c): (p, m) for c, (p, m) in zip(CASES, pairs, strict=True) if not 0.75 * m <= p <= 1.25 * m}
    assert wrong == {}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_training_takes_more_with_its_batch_and_with_its_teacher(family: str) -> None:
    model = build(Architecture(family=family, width=0.5), DIGITS)  # type: ignore[arg-type]
    alone = training_memory(model, DIGITS, images=100, evaluated=64)
    assert 20 < alone.fixed_mb < alone.at(64) < alone.at(512) < 300
    taught = training_memory(model, DIGITS, images=100, evaluated=64, teachers=[build(Architecture(family="residual", width=2), DIGITS)])
    assert taught.fixed_mb > alone.fixed_mb and taught.image_mb == alone.image_mb
    more = training_memory(model, DIGITS, images=1_000_100, evaluated=64)
    assert more.fixed_mb - alone.fixed_mb == pytest.approx(64.0)


def test_every_member_of_an_ensemble_counts_with_what_it_answers() -> None:
    model = build(Architecture(family="mlp"), DIGITS)
    small, large = (build(Architecture(family="residual", width=width), DIGITS) for width in (1, 2))
    single = training_memory(model, DIGITS, images=1000, evaluated=64, teachers=[large])
    both = training_memory(model, DIGITS, images=1000, evaluated=64, teachers=[small, large])
    assert both.fixed_mb - single.fixed_mb == pytest.approx((10 * 4 + 64) * 1000 / 1e6)
    features = training_memory(model, DIGITS, images=1000, evaluated=64, teachers=[small, large], features=True)
    assert features.fixed_mb - both.fixed_mb == pytest.approx((192 + 384) * 4 * 1000 / 1e6)
    assert (both.pair_mb, features.image_mb) == (0.0, both.image_mb) and features.at(1000) - features.at(0) > 1000 * both.image_mb + 20


def test_a_teacher_that_is_shown_changed_images_takes_more_with_the_batch_and_keeps_no_answers() -> None:
    model, teacher = (build(Architecture(family=family), DIGITS) for family in ("mlp", "residual"))
    once = training_memory(model, DIGITS, images=1000, evaluated=64, teachers=[teacher])
    always = training_memory(model, DIGITS, images=1000, evaluated=64, teachers=[teacher], changed=True)
    assert always.image_mb > once.image_mb
    assert once.fixed_mb - always.fixed_mb == pytest.approx((10 * 4 + 64) * 1000 / 1e6)
    alone = training_memory(model, DIGITS, images=1000, evaluated=64)
    assert training_memory(model, DIGITS, images=1000, evaluated=64, changed=True) == alone


def test_what_is_kept_is_counted_once_and_without_the_weights() -> None:
    model = nn.Sequential(nn.Flatten(), _Scaled(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    # Pixels as numbers for the first layer; what ReLU gives, for itself and the last layer; log-probabilities; labels; a weight of the loss.
    assert _kept(model, DIGITS, 2) == (2 * (64 * 4 + 32 * 4 + 10 * 4 + 8) + 4, 0)
    assert _kept_bytes(model, DIGITS, 2) == KEPT * _kept(model, DIGITS, 2)[0]


def test_what_convolutions_read_and_give_is_counted_apart() -> None:
    model = nn.Sequential(_Scaled(), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10))
    # Pixels as numbers go in; what ReLU gives stands for itself and the last layer.
    assert _kept(model, DIGITS, 1) == (4 * 36 * 4 + 10 * 4 + 8 + 4, 64 * 4)
    assert _kept_bytes(model, DIGITS, 1) == KEPT * (4 * 36 * 4 + 52) + CONVOLVED * 64 * 4


def test_what_passes_lives_two_layers_at_a_time() -> None:
    model = nn.Sequential(nn.Flatten(), _Scaled(), nn.Linear(64, 1000), nn.Linear(1000, 10), nn.Linear(10, 10))
    assert _passing_bytes(model, DIGITS, 4) == 4 * (64 * 4 + 1000 * 4) + 4 * 64


class _Scaled(nn.Module):
    def forward(self, x):
        return x.float()


def test_counting_leaves_the_network_as_it_is() -> None:
    model = build(Architecture(family="cnn", width=0.25), DIGITS, seed=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    training_memory(model, DIGITS, images=10, evaluated=64)
    assert model.training and all((tensor == before[name]).all() for name, tensor in model.state_dict().items())


def test_the_largest_batch_is_the_last_that_fits() -> None:
    for pair in (0.0, 0.001):
        memory = TrainingMemory(fixed_mb=50.0, image_mb=0.3, pair_mb=pair)
        largest = memory.largest_batch(100.0)
        assert memory.at(largest) <= 100.0 < memory.at(largest + 1)
        assert memory.largest_batch(20.0) == 0


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    memory, limits = TrainingMemory(fixed_mb=50.0, image_mb=0.5), [("the machine", 400.0), ("limits.train_ram_mb", 100.0)]
    require_room(memory, batch=100, limits_mb=limits)
    require_room(memory, batch=10_000, limits_mb=[])
    text = r"must fit into limits.train_ram_mb, 100 MB. It would take about 101 MB with training.batch_size 102. Take training.batch_size 100 or"
    with pytest.raises(EffcoreError, match=text):
        require_room(memory, batch=102, limits_mb=limits)
    with pytest.raises(EffcoreError, match="No batch fits: take a smaller network"):
        require_room(memory, batch=64, limits_mb=[("the machine", 50.5)])
