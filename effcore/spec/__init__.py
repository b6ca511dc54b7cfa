"""A spec: what a sweep is asked to do, read strictly, with all its problems at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError, field_validator

from effcore.catalogue import TASKS, Parameters
from effcore.catalogue.record import parameter
from effcore.catalogue.search import STRATEGIES, Search
from effcore.errors import Problem, SpecError, nearest
from effcore.objectives import METRICS
from effcore.recipe import Recipe, digest, with_parents, written_twice
from effcore.spec.document import Document, read
from effcore.spec.judged import unjudged
from effcore.spec.partspace import PartSpace, read_part_space
from effcore.spec.searchspace import SearchSpace, read_space
from effcore.spec.space import MAX_VARIANTS, problem_of, read_recipe, show

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,63}")
MOST_SIZES = 8
LARGEST_SIZE = 1024
KEYS = {
    "name": "Under which its results are found; a changed spec under an old name is a new revision of it.",
    "description": "What it is to show, in a sentence or two.",
    "task": "The data: a task of the catalogue.",
    "objectives": "What the frontier is judged by: one to five metrics.",
    "seeds": "Each recipe is built once for each; several seeds are one point with a spread.",
    "recipe": "Steps from architecture to runtime, each a technique with its parameters; a list means alternatives, none leaves a step out.",
    "recipes": "Several such lists, in the place of `recipe`.",
    "verdicts": "Whether the parent of every recipe is measured too, so that every step has a verdict.",
    "search": "Which recipes of the space are tried, and when it ends.",
    "measure": "How long is measured, and how well.",
    "limits": "What a sweep may take.",
}
"""What a spec can say, and what it means."""


class Measure(Parameters):
    """How long is measured, and how well."""

    processes: int = parameter(
        5, ge=3, le=100, unit="processes", help="Fewest fresh processes in which latency is measured; two fewer where they start slowly."
    )
    width: float = parameter(0.10, gt=0, le=1, help="Wished width of the interval of latency, as a share of it.")
    max_s: float = parameter(8.0, ge=1, le=3600, unit="s", help="Longest time that one structure is measured.")
    batch_sizes: list[int] = parameter(
        [1], unit="images", help="Images in one prediction, each size an environment of its own; points are placed by the first one."
    )
    threads: list[int] = parameter(
        [1], unit="threads", help="Threads of a prediction, each number an environment of its own; points are placed by the first one."
    )

    @field_validator("batch_sizes", "threads")
    @classmethod
    def _different_counts(cls, value: list[int]) -> list[int]:
        if not 1 <= len(value) <= MOST_SIZES or len(set(value)) < len(value) or not all(1 <= n <= LARGEST_SIZE for n in value):
            raise ValueError(f"a list of one to {MOST_SIZES} different whole numbers from 1 to {LARGEST_SIZE}")
        return value

    @property
    def settings(self) -> dict[str, float]:
        """How long and how well one structure is measured in one environment."""
        return self.model_dump(mode="json", include={"processes", "width", "max_s"})

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Every batch size with every number of threads; that of the sweep's own environment first."""
        return [(batch, threads) for threads in self.threads for batch in self.batch_sizes]


class Limits(Parameters):
    """What a sweep may take."""

    train_ram_mb: float | None = parameter(
        None, gt=0, le=1e7, unit="MB", help="Memory of one training over its baseline; none means what the machine has left."
    )


SECTIONS: Mapping[str, type[Parameters]] = {"search": Search, "measure": Measure, "limits": Limits}
"""Parts of a spec beside its recipe, each with a schema."""


@dataclass(frozen=True)
class Spec:
    """A sweep that was read without a problem.

    Attributes:
        recipes: Every recipe of the space, each once, in the order of the grid; with `verdicts` the missing parents after them.
            None where a strategy chooses them one after the other.
        parents: How many of the recipes are there only as parents.
        space: What a strategy chooses from; None for a grid.
        document: The spec as plain data, as it was written.
        text: The YAML text.
    """

    name: str
    description: str
    task: str
    objectives: tuple[str, ...]
    seeds: tuple[int, ...]
    recipes: tuple[Recipe, ...]
    parents: int
    search: Search
    measure: Measure
    limits: Limits
    space: SearchSpace | None
    document: Mapping[str, Any]
    text: str

    @cached_property
    def key(self) -> str:
        """Identity of the sweep: its name and its spec, without how long it is measured, its limits, its budget and its description.

        The environment that places its points belongs to it, where it is not the usual one.
        """
        own = self.measure.sizes[0]
        document = {k: v for k, v in self.document.items() if k not in ("measure", "limits", "description")}
        if "search" in document:
            document["search"] = {k: v for k, v in document["search"].items() if k != "budget"}
        return digest(document if own == (1, 1) else document | {"measure": {"batch_sizes": [own[0]], "threads": [own[1]]}})

    @property
    def variants(self) -> list[tuple[Recipe, int]]:
        """Every recipe with every seed."""
        return [(recipe, seed) for recipe in self.recipes for seed in self.seeds]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and seldom meant, in sentences."""
        found = [d.name for d in self.space.dimensions if d.name.endswith("training.epochs")] if self.space else []
        return tuple(
            f"{name} is searched: a training of other epochs is another training from its first step, so that nothing is shared between them and "
            "their rungs are not alike. Fix the epochs, and let `stopping` decide who gets them."
            for name in found
        ) + tuple(
            f"{' and '.join(names)} are the same network, which is trained {len(names)} times: channels are multiples of a number, and these widths "
            "come to the same. Leave one."
            for names in written_twice(self.recipes)
        )

    @cached_property
    def parts(self) -> PartSpace | None:
        """What a one-shot search chooses from; None for every other."""
        read = read_part_space(self.space) if self.space is not None and self.search.strategy == "one_shot" else None
        return read if isinstance(read, PartSpace) else None

    @property
    def size(self) -> int:
        """Variants that it asks for, of a search the most it may begin; as many as one grid may have where that is not known."""
        if self.parts is not None:
            chosen = min(self.search.budget.variants or 0, self.search.screened, self.parts.shapes)
            return (chosen + 1) * self.parts.finishes * len(self.seeds)
        if self.space is None:
            return len(self.recipes) * len(self.seeds)
        return int(min(self.search.budget.variants or MAX_VARIANTS, self.space.count, MAX_VARIANTS)) * len(self.seeds)


def parse(text: str, *, source: str = "spec") -> Spec:
    """Read a spec.

    Args:
        text: YAML.
        source: Name for error texts.

    Raises:
        SpecError: With every problem that was found.
    """
    document = read(text, source=source)
    if not isinstance(document.data, dict):
        message = f"must be a mapping with name, task and recipe. Got {show(document.data)}."
        raise SpecError([Problem(where="spec", message=message, line=1)], source=source)
    reader = _Reader(document)
    spec = reader.spec(text)
    if reader.problems or spec is None:
        raise SpecError(reader.placed(), source=source)
    return spec


class _Reader:
    """Reads the parts of a spec one by one and collects what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data: dict[str, Any] = document.data
        self.problems: list[Problem] = []

    def spec(self, text: str) -> Spec | None:
        for key in self.data:
            if key not in KEYS:
                self.add(key, f"must be a key of a spec. Got {key!r}.", nearest(key, KEYS))
        name, task = self.name(), self.task()
        seeds = self.seeds()
        search: Search = self.section("search", Search)
        parts, searches = self.parts(), self.searches()
        space = self.space(parts, search, task or "digits") if searches else None
        asked = () if searches else self.recipes(parts, task or "digits")
        recipes = with_parents(asked) if self.verdicts() and not searches else asked
        if len(recipes) * len(seeds) > MAX_VARIANTS:
            self.add("seeds", f"must make at most {MAX_VARIANTS:,} variants. Got {len(recipes):,} recipes x {len(seeds):,} seeds.")
        objectives, measure = self.objectives(), self.section("measure", Measure)
        self.problems.extend(unjudged(search, objectives, batch_sizes=measure.batch_sizes))
        spec = Spec(
            name=name,
            description=self.description(),
            task=task,
            objectives=objectives,
            seeds=seeds,
            recipes=recipes,
            parents=len(recipes) - len(asked),
            search=search,
            measure=measure,
            limits=self.section("limits", Limits),
            space=space,
            document=self.data,
            text=text,
        )
        return None if self.problems else spec

    def add(self, where: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(where=where, message=message, hint=hint))

    def placed(self) -> list[Problem]:
        """The problems with their lines, in the order of the text."""
        lined = [
            Problem(where=p.where, message=p.message, hint=p.hint, line=p.line or self.document.line(p.where))
            for p in self.problems
        ]
        return sorted(lined, key=lambda p: p.line or 0)

    def name(self) -> str:
        value = self.data.get("name")
        if not isinstance(value, str) or not NAME.fullmatch(value):
            got = "nothing" if value is None else show(value)
            self.add("name", f"must be 1 to 64 letters, digits, spaces, dots, dashes or underscores. Got {got}.", "It is no path.")
            return ""
        return value

    def description(self) -> str:
        value = self.data.get("description", "")
        if not isinstance(value, str) or len(value) > 2000:
            self.add("description", f"must be a text of at most 2,000 characters. Got {show(value)}.")
            return ""
        return value

    def task(self) -> str:
        value = self.data.get("task")
        if not isinstance(value, str) or value not in TASKS:
            got = "nothing" if value is None else show(value)
            own = f"Images of your own: --data {value}=PATH." if isinstance(value, str) and value.isidentifier() else ""
            self.add("task", f"must be a task of the catalogue. Got {got}.", f"{nearest(value, TASKS)} {own}".strip())
            return ""
        return value

    def objectives(self) -> tuple[str, ...]:
        value = self.data.get("objectives", ["accuracy", "latency_ms"])
        if not isinstance(value, list) or not 1 <= len(value) <= 5 or len({str(v) for v in value}) < len(value):
            self.add("objectives", f"must be a list of one to five different metrics. Got {show(value)}.")
            return ()
        for index, name in enumerate(value):
            if not isinstance(name, str) or name not in METRICS:
                self.add(f"objectives[{index}]", f"must be a metric. Got {show(name)}.", nearest(name, METRICS))
        return tuple(str(v) for v in value)

    def seeds(self) -> tuple[int, ...]:
        value = self.data.get("seeds", [0])
        whole = isinstance(value, list) and all(type(v) is int and 0 <= v < 2**31 for v in value)
        if not whole or not value or len(set(value)) < len(value) or len(value) > 1000:
            self.add("seeds", f"must be a list of different whole numbers from 0 on, at least one. Got {show(value)}.")
            return (0,)
        return tuple(value)

    def parts(self) -> list[tuple[str, Any]]:
        """Where each list of steps stands, and the list."""
        if ("recipe" in self.data) == ("recipes" in self.data):
            self.add("recipe", "must be given, as a list of steps; or `recipes`, as a list of such lists; not both.")
            return []
        if "recipe" in self.data:
            return [("recipe", self.data["recipe"])]
        value = self.data["recipes"]
        if not isinstance(value, list) or not value:
            self.add("recipes", f"must be a list of recipes, at least one. Got {show(value)}.")
            return []
        return [(f"recipes[{index}]", part) for index, part in enumerate(value)]

    def recipes(self, parts: list[tuple[str, Any]], task: str) -> tuple[Recipe, ...]:
        recipes: dict[str, Recipe] = {}
        for path, part in parts:
            read_recipes, problems = read_recipe(part, path, task=task)
            self.problems.extend(problems)
            recipes |= {r.key: r for r in read_recipes}
            if len(recipes) > MAX_VARIANTS:
                self.add("recipes", f"must stand for at most {MAX_VARIANTS:,} recipes in all. Got more with {path}.", "Take some out.")
                return ()
        return tuple(recipes.values())

    def searches(self) -> bool:
        """Whether a strategy that chooses is asked for, whatever else is wrong with the section."""
        section = self.data.get("search")
        strategy = section.get("strategy") if isinstance(section, dict) else None
        return isinstance(strategy, str) and strategy in STRATEGIES and strategy != "grid"

    def space(self, parts: list[tuple[str, Any]], search: Search, task: str) -> SearchSpace | None:
        if search.searches and not search.budget.limited:
            self.add("search.budget", "must say when the search ends, in `variants`, `minutes` or `core_s`.", "As `budget: {minutes: 10}`.")
        if self.data.get("verdicts"):
            self.add("verdicts", "must be left out with a strategy that chooses what is measured.")
        read = read_space(parts, task=task) if parts else []
        if isinstance(read, SearchSpace):
            self.one_shot(read, search)
            return read
        self.problems.extend(read)
        return None

    def one_shot(self, space: SearchSpace, search: Search) -> None:
        if search.strategy != "one_shot":
            return
        parts = read_part_space(space)
        self.problems.extend(parts if isinstance(parts, list) else ())
        if search.budget.variants is None or search.budget.minutes is not None or search.budget.core_s is not None:
            hint = "As `budget: {variants: 12}`; how many are tried, `screened` says."
            self.add("search.budget", "must say with the strategy one_shot how many sub-networks are built, in `variants` alone.", hint)

    def verdicts(self) -> bool:
        value = self.data.get("verdicts", False)
        if not isinstance(value, bool):
            self.add("verdicts", f"must be true, to measure the parent of every recipe too, or false. Got {show(value)}.")
            return False
        return value

    def section(self, name: str, model: type[BaseModel]) -> Any:
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            self.add(name, f"must be parameters by name. Got {show(value)}.", nearest(value, model.model_fields))
            return model()
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.problems.extend(problem_of(e, model, name) for e in error.errors(include_url=False))
            return model()
