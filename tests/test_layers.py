"""The shape of the code: what may import what, how long files and functions are, that everything public is described."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(p for folder in ("effcore", "dashboard") for p in (ROOT / folder).rglob("*.py"))
ENGINE = [p for p in FILES if p.relative_to(ROOT).parts[0] == "effcore"]
PAGES = [p for p in FILES if p.relative_to(ROOT).parts[0] == "dashboard"]

LINES: tuple[tuple[str, ...], ...] = (
    ("errors", "objectives", "pareto", "statistics"),
    ("catalogue", "plugin"),
    ("recipe", "spec", "plan", "description"),
    ("analysis", "challenge", "worksheet"),
    ("tasks", "models", "stopping", "training"),
    ("techniques",),
    ("runtimes",),
    ("measure",),
    ("home", "context", "cache", "host", "forecast", "own", "stages", "execution"),
    ("search",),
    ("tracking",),
    ("stored", "sweep", "runner", "reports", "takeaway", "remeasure", "grade"),
    ("cli", "__init__", "__main__"),
)
"""From the top, which imports nothing, to the bottom; within a line from left to right."""

ORDER = [name for line in LINES for name in line]
OF_PAGES = {
    "errors", "objectives", "pareto", "statistics", "catalogue", "recipe", "spec", "plan", "description", "analysis", "challenge", "worksheet",
    "tasks", "home", "context", "cache", "forecast", "own", "search", "tracking", "stored", "reports.interaction",
}  # fmt: skip
"""What pages may import: nothing that trains, runs or measures."""

OWNERS: dict[str, set[str]] = {
    "mlflow": {"effcore/tracking"},
    "streamlit": {"dashboard"},
    "plotly": {"dashboard"},
    "moocore": {"effcore/pareto.py", "effcore/statistics.py"},
    "distributed": {"effcore/execution/execute.py", "effcore/execution/cluster.py"},
    "typer": {"effcore/cli"},
    "rich": {"effcore/cli"},
    "ruamel": {"effcore/spec/document.py"},
    "torch_pruning": {"effcore/techniques", "effcore/models", "effcore/runtimes/warm.py"},
    "torchao": {"effcore/techniques", "effcore/runtimes"},
    "torch": {
        "effcore/models", "effcore/stopping.py", "effcore/training.py", "effcore/techniques", "effcore/runtimes", "effcore/stages",
        "effcore/measure",
    },
}
"""Libraries that are used in one place only."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All that a file is made of."""
    return list(ast.walk(ast.parse(path.read_text())))


@cache
def modules(path: Path) -> list[tuple[int, str]]:
    """Line and full name of every module that a file imports, in functions and for type checking too, or names in a text."""
    return list(found_modules(path))


def found_modules(path: Path) -> Iterator[tuple[int, str]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            module = node.module or ""
            yield from ((node.lineno, f"{module}.{a.name}" if is_module(f"{module}.{a.name}") else module) for a in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"effcore(\.\w+)+(:\w+)?", node.value) and (ROOT / "effcore" / part(node.value)).with_suffix("").exists():
                yield node.lineno, node.value.split(":")[0]


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def part(module: str) -> str:
    """The part of effcore that a module belongs to."""
    return module.split(".")[1].split(":")[0]


def is_of(path: Path, places: set[str]) -> bool:
    return any(name_of(path) == place or name_of(path).startswith(place + "/") for place in places)


def test_there_are_files_to_look_at() -> None:
    assert len(ENGINE) > 40 and len(PAGES) > 15


def test_every_part_has_its_line_and_stands_in_one() -> None:
    there = {p.relative_to(ROOT / "effcore").parts[0].removesuffix(".py") for p in ENGINE}
    assert there - set(ORDER) == set(), "say in LINES where a new part stands"
    assert len(ORDER) == len(set(ORDER))


@pytest.mark.parametrize("path", ENGINE, ids=name_of)
def test_a_line_imports_only_from_lines_above_it(path: Path) -> None:
    own = path.relative_to(ROOT / "effcore").parts[0].removesuffix(".py")
    below = ORDER[ORDER.index(own) + 1 :] if own in ORDER else []
    used = [(line, module) for line, module in modules(path) if module.startswith("effcore.")]
    wrong = [f"{name_of(path)}:{line} imports {module}" for line, module in used if part(module) in below]
    assert wrong == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_pages_import_only_what_is_light(path: Path) -> None:
    used = {module.removeprefix("effcore.") for _, module in modules(path) if module.startswith("effcore.")}
    assert {module for module in used if not {module, part(f"effcore.{module}")} & OF_PAGES} == set()


@pytest.mark.parametrize("folder", [name for name in ORDER if (ROOT / "effcore" / name).is_dir()])
def test_the_modules_of_a_folder_import_each_other_in_one_direction(folder: str) -> None:
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in ENGINE if is_of(p, {f"effcore/{folder}"})}
    graph = {name: {module for _, module in modules(path)} & set(names) - {name} for name, path in names.items()}
    TopologicalSorter(graph).prepare()  # a circle raises, and says which modules it goes through


def test_the_engine_knows_no_page_but_the_command_that_starts_them() -> None:
    users = {name_of(p) for p in ENGINE for _, module in modules(p) if module.split(".")[0] == "dashboard"}
    assert users <= {"effcore/cli/serve.py"}


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_used_in_its_place_only(library: str) -> None:
    users = [p for p in FILES if any(module.split(".")[0] == library for _, module in modules(p))]
    assert users, f"nothing imports {library}: take it out of OWNERS and of the requirements"
    assert [name_of(p) for p in users if not is_of(p, OWNERS[library])] == []


def test_no_file_is_longer_than_350_lines() -> None:
    assert {name_of(p): n for p in FILES if (n := len(p.read_text().splitlines())) > 350} == {}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {f"{name_of(p)}:{f.lineno} {f.name}": (f.end_lineno or 0) - f.lineno + 1 for p in FILES for f in functions(p)}
    assert {name: length for name, length in lengths.items() if length > 60} == {}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_everything_public_is_described(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{name_of(path)} does not say what it is"
    public = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    bare = [n.name for n in public if not n.name.startswith("_") and not ast.get_docstring(n)]
    assert bare == []


@pytest.mark.parametrize("path", ENGINE, ids=name_of)
def test_every_function_is_typed(path: Path) -> None:
    bare = [f.name for f in functions(path) if f.returns is None]
    assert bare == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "common", "helper", "helpers", "manager", "misc", "base", "core", "handler"}
    assert [name_of(p) for p in FILES if set(p.relative_to(ROOT).with_suffix("").parts) & empty] == []


def test_input_is_refused_with_raise_and_nothing_is_caught_blindly() -> None:
    bare = [f"{name_of(p)}:{n.lineno}" for p in FILES for n in nodes(p) if isinstance(n, ast.ExceptHandler) and n.type is None]
    assert bare == []


def test_the_measuring_script_imports_nothing_of_effcore() -> None:
    assert [module for _, module in modules(ROOT / "effcore/measure/probe.py") if module.startswith("effcore")] == []
