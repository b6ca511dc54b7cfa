"""Budgets of devices: from the catalogue, from a file, and by how much a point is over."""

from __future__ import annotations

import math

import pytest
from family import point

from effcore.analysis.devices import find_device, fit, read_devices
from effcore.catalogue.devices import DEVICES, LIMITED, Device
from effcore.errors import EffcoreError, SpecError
from effcore.objectives import METRICS

BOARD = Device(name="board", summary="", source="", limits={"size_mb": 2.0, "model_ram_mb": 16.0})


def test_a_point_fits_or_is_over_by_a_factor() -> None:
    small = fit(point("a", metrics={"size_mb": 2.0}), BOARD)
    assert (small.fits, small.text) == (True, "fits")
    large = fit(point("a", metrics={"size_mb": 5.0}), BOARD)
    assert (large.fits, large.text) == (False, "does not fit: size_mb 5 of at most 2, 2.5 times too much")
    assert [x.over for x in large.limits] == [True, False]
    both = fit(point("a", metrics={"size_mb": 5.0, "model_ram_mb": 32.0}), BOARD)
    assert both.text.endswith("size_mb 5 of at most 2, 2.5 times too much; model_ram_mb 32 of at most 16, 2 times too much")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_known_neither_fits_nor_fails(bad: float) -> None:
    found = fit(point("a", metrics={"size_mb": bad, "model_ram_mb": 1.0}), BOARD)
    assert (found.fits, found.text) == (None, "not known: size_mb is not known here, allowed is at most 2")
    assert found.document["limits"][0] == {"metric": "size_mb", "limit": 2.0, "value": None, "factor": None, "over": False}
    assert fit(point("a", metrics={"size_mb": bad, "model_ram_mb": 99.0}), BOARD).fits is False


def test_latency_is_judged_only_where_it_was_measured() -> None:
    device = Device(name="here", summary="", source="", limits={"latency_ms": 0.5}, environment="here")
    assert fit(point("a"), device).text == "does not fit: latency_ms 1 of at most 0.5, 2 times too much"
    assert fit(point("a", environment="there"), device).fits is None


def test_the_catalogue_limits_memory_and_size_only_and_names_its_sources() -> None:
    for name, device in DEVICES.items():
        assert device.name == name and device.summary and device.source and device.limits
        assert set(device.limits) <= set(LIMITED) <= set(METRICS)
        assert all(value > 0 for value in device.limits.values())
    assert find_device("phone-app") is DEVICES["phone-app"]
    with pytest.raises(EffcoreError, match="There is no device 'phone'. Did you mean 'phone-app'"):
        find_device("phone")


def test_a_file_of_devices() -> None:
    text = "mine: {summary: A box., limits: {size_mb: 2, latency_ms: 0.5}, environment: abc}\nother: {limits: {peak_ram_mb: 64}}"
    found = read_devices(text, source="devices.yaml")
    assert found["mine"] == Device(name="mine", summary="A box.", source="", limits={"size_mb": 2.0, "latency_ms": 0.5}, environment="abc")
    assert found["other"].limits == {"peak_ram_mb": 64.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "devices (line 1): must be a mapping of names to budgets"),
        ("a: 1", "a (line 1): must be a mapping with `limits`"),
        ("a: {limits: {}}", "must be a mapping with `limits`, at least one"),
        ("a: {limit: {size_mb: 1}, limits: {size_mb: 1}}", "a.limit (line 1): must be a key of a device. Got 'limit'. Did you mean 'limits'?"),
        ("a: {limits: {size: 1}}", "a.limits.size (line 1): must be a metric that a device limits. Got 'size'. Did you mean 'size_mb'?"),
        ("a: {limits: {accuracy: 1}}", "must be a metric that a device limits"),
        ("a: {limits: {size_mb: 0}}", "must be a positive number of MB. Got 0."),
        ("a: {limits: {size_mb: .inf}}", "must be a positive number of MB. Got inf."),
        ("a: {limits: {size_mb: true}}", "must be a positive number of MB. Got True."),
        ("a: {limits: {latency_ms: 1}}", "latency can't be limited without `environment`. Latency holds only where it was measured"),
        ("a: {summary: 3, limits: {size_mb: 1}}", "a.summary (line 1): must be a text. Got 3."),
    ],
)
def test_every_problem_of_a_file_is_said(text: str, said: str) -> None:
    with pytest.raises(SpecError) as error:
        read_devices(text, source="devices.yaml")
    assert said in str(error.value)


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(SpecError, match="3 problems"):
        read_devices("a: {limits: {size_mb: 0, latency_ms: 1}}\nb: 3", source="devices.yaml")
