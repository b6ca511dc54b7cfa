"""A table finds the times that networks were made up from, and states the error that it has on others."""

from __future__ import annotations

import json

import numpy as np
import pytest

from effcore.analysis.latency_table import fit_table, read_table

PARTS = {f"part {i}": 0.01 * (i + 1) for i in range(8)}
CALL = 0.005


def networks(*, fixed: float, factor: float, noise: float = 0.0) -> list[tuple[list[str], float]]:
    generator = np.random.default_rng(0)
    found = []
    for _ in range(24):
        parts = [f"part {i}" for i in generator.integers(0, 8, 5)]
        found.append((parts, (fixed + factor * sum(PARTS[p] for p in parts)) * (1 + noise * generator.standard_normal())))
    return found


def test_a_sum_of_parts_is_found_exactly() -> None:
    table = fit_table({name: time + CALL for name, time in PARTS.items()}, CALL, networks(fixed=0.02, factor=0.8))
    assert (table.fixed_ms, table.factor) == (pytest.approx(0.02), pytest.approx(0.8))
    assert table.predict_ms(["part 0", "part 7"]) == pytest.approx(0.02 + 0.8 * 0.09)
    assert table.error["networks"] == 12 and table.error["largest"] < 1e-9 and table.error["ranking"]["kendall"]["value"] == pytest.approx(1)
    assert table.error["median_of_the_sum"] > 0.05
    assert read_table(json.loads(json.dumps(table.document))) == table


def test_the_error_is_that_of_networks_it_was_not_fitted_to() -> None:
    noisy = fit_table({name: time + CALL for name, time in PARTS.items()}, CALL, networks(fixed=CALL, factor=1.0, noise=0.1))
    assert 0.02 < noisy.error["median"] < 0.2 < noisy.error["largest"] + 0.15


def test_a_part_that_was_not_measured_is_no_zero() -> None:
    table = fit_table({name: time + CALL for name, time in PARTS.items()}, CALL, networks(fixed=CALL, factor=1.0))
    with pytest.raises(KeyError):
        table.predict_ms(["part 9"])
