"""effcore: which technique makes a model more efficient, how much, together with what, on this machine.

From a notebook::

    import effcore
    effcore.run("experiments/quickstart.yaml")
    effcore.frontier()            # a pandas DataFrame, a row a point
    predict = effcore.load("cnn x1 · int8")
    predict(images)               # raw pixels, uint8, (n, channels, height, width) -> logits
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas

    from effcore.sweep import SweepResult

__version__ = "0.1.0"
__all__ = ["frontier", "load", "run"]


def run(
    spec: str | Path,
    *,
    home: str | Path | None = None,
    tracking_uri: str | None = None,
    slots: int | None = None,
    data: Mapping[str, str | Path] | None = None,
    broken: Literal["refuse", "skip"] = "refuse",
    resolution: int | None = None,
    plugins: Sequence[str | Path] = (),
    checkpoints: Mapping[str, str | Path] | None = None,
) -> SweepResult:
    """Run a sweep, or go on with one that was interrupted.

    Args:
        spec: Path of a YAML file, or the YAML itself.
        home: State folder; `EFFCORE_HOME` or `./.effcore` where it is None.
        tracking_uri: MLflow tracking URI; the store in the state folder where it is None.
        slots: Stages that run at once; all cores where it is None.
        data: Places of own data by the names that specs use; remembered in the state folder.
        broken: What is done with files of it that can't be read.
        resolution: Side of its images in pixels; decided by the data where it is None.
        plugins: Python files that add to the catalogue.
        checkpoints: Files of weights by the names that specs use.

    Raises:
        SpecError: The spec has problems.
    """
    from effcore.cli.options import read_text
    from effcore.home import find_home, find_uri
    from effcore.own import Brought, bring, to_stderr
    from effcore.spec import parse
    from effcore.sweep import run_sweep
    from effcore.tracking import Store

    folder = find_home(home)
    given = Brought(
        data=[f"{name}={path}" for name, path in (data or {}).items()], broken=broken, resolution=resolution,
        plugins=[Path(path) for path in plugins], checkpoints=[f"{name}={path}" for name, path in (checkpoints or {}).items()],
    )  # fmt: skip
    bring(folder, given, say=to_stderr)
    inline = isinstance(spec, str) and "\n" in spec
    parsed = parse(str(spec), source="spec") if inline else parse(read_text(Path(spec)), source=str(spec))
    return run_sweep(parsed, store=Store(folder, uri=find_uri(tracking_uri)), home=folder, slots=slots)


def _open(home: str | Path | None, uri: str | None) -> Path:
    """The state folder, with what the operator named known; nothing is made where it is to be read."""
    from effcore.home import find_home, require_home
    from effcore.own import know

    require_home(home, uri)
    folder = find_home(home)
    know(folder)
    return folder


def frontier(
    sweep: str | None = None,
    *,
    objectives: Sequence[str] = (),
    environment: str | None = None,
    home: str | Path | None = None,
    tracking_uri: str | None = None,
) -> pandas.DataFrame:
    """The points of a sweep as a DataFrame: a row a point, a column a metric, `on_frontier` and `probability`.

    Args:
        sweep: Name or run id; the newest where it is None.
        objectives: Metrics it is judged by; those of the sweep where there are none.
        environment: Key of an environment; the most frequent one where it is None.
        home, tracking_uri: As for `run`.

    Raises:
        StoreError: There is no such sweep.
    """
    import pandas

    from effcore.home import find_uri
    from effcore.reports.report import frontier_document, read_frontier
    from effcore.tracking import Store

    store = Store(_open(home, tracking_uri), uri=find_uri(tracking_uri))
    found = read_frontier(store, sweep=sweep, objectives=objectives, environment=environment)
    rows = frontier_document(found, store.variants(sweep=store.sweep(sweep).run_id))["variants"]
    first = ["name", *found.objectives, "size_mb", "on_frontier", "probability"]
    table = pandas.DataFrame([{k: v for k, v in row.items() if k != "metrics"} | row["metrics"] for row in rows])
    ordered = [name for name in dict.fromkeys(first) if name in table]
    return table[ordered + [name for name in table if name not in ordered]]


def load(point: str, *, sweep: str | None = None, home: str | Path | None = None, tracking_uri: str | None = None) -> Callable[[Any], Any]:
    """The deployed file of a point, ready to predict.

    Args:
        point: Run id, recipe key or name.
        sweep: Name or run id of the sweep to look in; all where it is None.
        home, tracking_uri: As for `run`.

    Returns:
        Raw pixels, uint8, shape (n, channels, height, width) -> logits, shape (n, classes).

    Raises:
        EffcoreError: There is no such point, or it has no file.
    """
    from effcore.errors import EffcoreError
    from effcore.home import find_uri
    from effcore.runtimes import runtime_module
    from effcore.stored import find_variant
    from effcore.tracking import Store

    store = Store(_open(home, tracking_uri), uri=find_uri(tracking_uri))
    variant = find_variant(store, point, sweep=sweep)
    if variant.artifact is None:
        raise EffcoreError(f"{variant.name} has no file: {variant.error or variant.status.lower()}.")
    return runtime_module(variant.runtime.split()[0]).load(store.file(variant.run_id, variant.artifact))
