"""How a grid feeds a sweep: everything at once, in the order of its plan."""

from __future__ import annotations

from effcore.plan import Plan, VariantPlan
from effcore.sweep.driver import Driver, Source
from effcore.tracking import VariantRecord


class Grid(Source):
    """Every variant of a plan, in its order: an early one is whole, and on the page, before a late one begins."""

    guided = False

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._begun = False
        self._left = len(plan.variants)

    @property
    def total(self) -> int:
        """Variants of the plan."""
        return len(self._plan.variants)

    @property
    def ended(self) -> bool:
        """Whether every variant is written."""
        return self._left == 0

    def step(self, driver: Driver) -> None:
        """Submit everything, once."""
        if self._begun:
            return
        self._begun = True
        for rank, variant in enumerate(self._plan.variants):
            driver.add(variant, self._plan.stages)
            for key in variant.stages:
                driver.submit(self._plan.stages[key], priority=-rank)

    def logged(self, driver: Driver, plan: VariantPlan, record: VariantRecord) -> None:
        """One less to come."""
        self._left -= 1

    def remaining_s(self, driver: Driver) -> float:
        """By what such stages took before."""
        return driver.work_left_s()
