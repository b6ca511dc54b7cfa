"""Predictions from measured candidates: right where the figure follows from the decisions, with doubt where nothing is near."""

from __future__ import annotations

import math
import random

import pytest

from effcore.search.outlook import FEWEST, Outlook, features, hopeless
from effcore.spec.dimensions import Dimension

SPACE = (
    Dimension(name="width", low=0.125, high=2.0, log=True),
    Dimension(name="family", labels=("mlp", "cnn")),
    Dimension(name="cnn.kernel", labels=("3", "5", "7"), ordered=True, needs=(("family", 1),)),
)


def latency(a: dict[str, float]) -> float:
    return 0.1 * a["width"] ** 1.5 * (1 + 3 * a["family"])


def learned(n: int) -> Outlook:
    generator, outlook = random.Random(3), Outlook(SPACE)
    for _ in range(n):
        a = {d.name: d.at(generator.random()) for d in SPACE}
        outlook.learn(a, {"latency_ms": latency(a), "val_accuracy": 0.99 - 0.1 / (1 + a["width"])})
    return outlook


def test_what_is_not_there_is_in_the_middle() -> None:
    assert features(SPACE, {"width": 0.5, "family": 0, "cnn.kernel": 2}) == [0.5, 1.0, 0.0, 0.5]
    assert features(SPACE, {"width": 2.0, "family": 1, "cnn.kernel": 2}) == [1.0, 0.0, 1.0, 1.0]


def test_too_few_candidates_predict_nothing() -> None:
    assert learned(FEWEST - 1).predict({"width": 1.0, "family": 0}, "latency_ms") is None
    assert learned(FEWEST).predict({"width": 1.0, "family": 0}, "size_mb") is None


@pytest.mark.parametrize("a", [{"width": 0.3, "family": 0.0}, {"width": 1.4, "family": 1.0, "cnn.kernel": 1.0}])
def test_a_figure_that_follows_from_the_decisions_is_predicted(a: dict[str, float]) -> None:
    outlook = learned(30)
    found, accuracy = outlook.predict(a, "latency_ms"), outlook.predict(a, "val_accuracy")
    assert found is not None and accuracy is not None
    assert found.mean == pytest.approx(latency(a), rel=0.1) and found.low < found.mean < found.high
    assert accuracy.mean == pytest.approx(0.99 - 0.1 / (1 + a["width"]), abs=0.01) and accuracy.high <= 1.0
    assert found.best(maximise=False) == found.low and accuracy.best(maximise=True) == accuracy.high


def test_the_doubt_grows_away_from_what_was_measured() -> None:
    outlook = Outlook(SPACE)
    for width in (0.125, 0.15, 0.18, 0.2, 0.22, 0.25):
        outlook.learn({"width": width, "family": 0}, {"latency_ms": latency({"width": width, "family": 0})})
    near, far = (outlook.predict({"width": w, "family": 0}, "latency_ms") for w in (0.19, 2.0))
    assert near is not None and far is not None and math.log(far.high / far.low) > 3 * math.log(near.high / near.low)


def test_a_candidate_is_hopeless_where_a_measured_one_is_as_good_as_its_best() -> None:
    assert hopeless((0.95, 1.0), [(0.96, 0.5)], maximise=(True, False))
    assert hopeless((0.96, 0.5), [(0.96, 0.5)], maximise=(True, False))
    assert not hopeless((0.97, 1.0), [(0.96, 0.5)], maximise=(True, False))
    assert not hopeless((0.5, 0.1), [(0.96, 0.5), (0.4, 0.05)], maximise=(True, False))
