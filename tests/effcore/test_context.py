"""The keys of stages change with the code and the packages that the stages use."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import effcore
from effcore.catalogue import RUNTIMES, TECHNIQUES
from effcore.context import PACKAGES, SHARED, SOURCES, current_context, package_version, technique_source
from effcore.measure.environment import current, exact_int8

ROOT = Path(effcore.__file__).parent
WORDS = {"errors.py", "recipe.py", "plan.py"}
"""Say what is to be done or what went wrong; what they say is in the configuration of the key."""


def modules(paths: tuple[str, ...]) -> set[str]:
    """The files that a list of modules and packages stands for."""
    files = [f for p in paths for f in (sorted((ROOT / p).rglob("*.py")) if (ROOT / p).is_dir() else [ROOT / p])]
    return {str(f.relative_to(ROOT)) for f in files}


def imported(path: str) -> set[str]:
    """Files of effcore that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    stems = {name.removeprefix("effcore.").replace(".", "/") for name in names if name.startswith("effcore.")}
    return {f"{stem}.py" for stem in stems if (ROOT / f"{stem}.py").exists()}


def reached(start: set[str], *, stop: set[str]) -> set[str]:
    """All files that are used from some, not looking into those at which to stop."""
    found, todo = set(start), list(start)
    while todo:
        path = todo.pop()
        new = set() if path in stop else imported(path) - found - WORDS
        new = {p for p in new if not p.startswith("catalogue/")}
        found |= new
        todo += new
    return found


def of_others(kind: str) -> set[str]:
    """Files not to look into: techniques and runtimes have hashes of their own; statistics uses pareto for frontiers;

    in a training, memory only notes a figure.
    """
    stop = modules(("techniques", "runtimes", "statistics.py"))
    return stop | ({"measure/memory.py"} if kind in ("train", "transform") else set())


@pytest.mark.parametrize("kind", SOURCES)
def test_a_stage_names_every_module_that_it_uses(kind: str) -> None:
    stop = of_others(kind)
    used = reached({f"stages/{kind}.py"}, stop=stop) - modules(("techniques", "runtimes"))
    assert len(used) > 2
    assert used <= modules(SOURCES[kind])


RECORDS = {"TASKS", "FAMILIES", "RUNTIMES", "CHECKPOINTS"}
"""Registers of the catalogue: what stages take from them is in the configuration of the key."""


def decided_by(path: str) -> set[str]:
    """Files of the catalogue whose functions and numbers a file uses."""
    found = [n for n in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(n, ast.ImportFrom) and n.module]
    return {
        f"{n.module.removeprefix('effcore.').replace('.', '/')}.py"
        for n in found if n.module and n.module.startswith("effcore.catalogue.")
        for alias in n.names if (alias.name[0].islower() or alias.name.isupper()) and alias.name not in RECORDS
    }  # fmt: skip


@pytest.mark.parametrize("kind", SOURCES)
def test_a_stage_names_what_of_the_catalogue_decides_shapes(kind: str) -> None:
    used = {catalogue for path in modules(SOURCES[kind]) if not path.startswith("catalogue/") for catalogue in decided_by(path)}
    assert used <= modules(SOURCES[kind])
    assert ("catalogue/closed_forms.py" in used) == any(path.startswith("models/") for path in modules(SOURCES[kind]))


@pytest.mark.parametrize(("role", "kind"), [("contribute", "train"), ("transform", "transform"), ("lower", "export")])
def test_a_technique_uses_nothing_that_its_stage_does_not_name(role: str, kind: str) -> None:
    names = [t.name for t in TECHNIQUES.values() if t.role == role]
    assert names
    for name in names:
        own = modules((technique_source(name),))
        used = reached(own, stop=of_others(kind) - own)
        assert own and used <= modules(SOURCES[kind]) | own | modules(SHARED["technique"]), name


def test_the_hash_of_a_technique_covers_every_file_of_its_folder() -> None:
    assert technique_source("quantization") == "techniques/quantization"
    assert {"techniques/quantization/static.py", "techniques/quantization/codebook.py"} <= modules((technique_source("quantization"),))


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_names_every_module_of_its_package_that_it_uses(name: str) -> None:
    used = reached({f"runtimes/{name}.py"}, stop=set())
    assert used <= modules((f"runtimes/{name}.py", *SHARED[name])) | modules(SOURCES["export"])


def test_every_file_that_is_named_is_there() -> None:
    paths = [p for named in (*SOURCES.values(), *SHARED.values()) for p in named]
    assert [p for p in paths if not (ROOT / p).exists()] == []


def test_the_context_holds_a_hash_for_every_kind_technique_and_runtime() -> None:
    context = current_context()
    expected = {*SOURCES, *(f"technique:{name}" for name in TECHNIQUES), *(f"runtime:{name}" for name in RUNTIMES)}
    assert set(context.sources) == expected
    assert all(len(value) == 16 for value in context.sources.values())
    assert len({context.sources[kind] for kind in SOURCES}) == len(SOURCES)


def test_the_context_holds_versions_that_are_really_installed() -> None:
    context = current_context()
    assert set(context.versions) == {*PACKAGES, *(f"runtime:{name}" for name in RUNTIMES)}
    named = {name: v for versions in context.versions.values() for name, v in versions.items()}
    assert {"torch", "torchao", "torch-pruning", "onnx", "onnxscript", "onnxruntime", "numpy"} <= set(named)
    assert "absent" not in named.values()


def test_the_context_knows_the_machine() -> None:
    context = current_context()
    assert (context.exact_int8, context.machine, context.threads) == (exact_int8(), current().key, 1)


def test_a_package_that_is_not_there_is_absent() -> None:
    assert package_version("no-such-package-anywhere") == "absent"
    assert package_version("numpy")[0].isdigit()
