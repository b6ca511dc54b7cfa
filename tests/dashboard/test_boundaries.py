"""What the pages may import, and that their process stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "dashboard").rglob("*.py"))
PURE = {"views", "charts", "form", "quantities.py", "theme.py", "routes.py"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "effcore" else set()
    return names


PREDICTS = ROOT / "dashboard" / "lessons" / "network.py"
"""The one place of the pages in which a model predicts: of a lesson, with a small network, and never with torch."""


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) >= 20


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_library_is_imported_that_is_not_for_pages(path: Path) -> None:
    heavy = {"torch", "mlflow", "distributed", "onnxruntime"} - ({"onnxruntime"} if path == PREDICTS else set())
    assert not heavy & {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_views_charts_and_form_know_no_page(path: Path) -> None:
    if path.relative_to(ROOT / "dashboard").parts[0] in PURE:
        assert "streamlit" not in {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_that_a_user_wrote_can_become_markup(path: Path) -> None:
    assert "unsafe_allow" not in path.read_text()


SCRIPT = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("dashboard/app.py", default_timeout=120).run()
assert not app.exception, app.exception
for page in ("techniques", "compare", "search", "launch", "point", "frontier"):
    app.switch_page(f"screens/{page}.py").run()
    assert not app.exception, app.exception
heavy = {"torch", "torchao", "onnxruntime", "distributed", "scipy.stats", "effcore.training", "effcore.execution.execute"}
print(sorted(heavy & set(sys.modules)))
"""


def test_a_process_that_serves_every_page_imports_nothing_that_takes_seconds(tmp_path: Path) -> None:
    import os

    environment = {**os.environ, "EFFCORE_HOME": str(tmp_path / "a home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"
