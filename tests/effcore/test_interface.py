"""The Python interface."""

from __future__ import annotations

import inspect
import pkgutil

import effcore


def test_what_is_offered_is_a_function_that_no_module_takes_the_name_of() -> None:
    modules = {module.name for module in pkgutil.iter_modules(effcore.__path__)}
    assert set(effcore.__all__) == {"frontier", "load", "run"} and not set(effcore.__all__) & modules
    assert all(inspect.isfunction(getattr(effcore, name)) for name in effcore.__all__)
