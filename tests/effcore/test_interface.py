"""The Python interface."""

from __future__ import annotations

import importlib
import inspect

import effcore


def test_the_function_frontier_is_not_replaced_by_the_module_of_that_name() -> None:
    module = importlib.import_module("effcore.analysis.frontier")
    assert inspect.ismodule(module) and inspect.isfunction(effcore.analysis.frontier)
    assert all(callable(getattr(effcore, name)) for name in effcore.__all__)
