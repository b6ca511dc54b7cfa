"""A recorded study: sweeps of a store with their curves, answers and latency samples in one small file, opened read-only.

The file is compressed JSON lines. The first says what it is, every further one holds a run with its documents. Which
images were right is packed to bits and latency samples keep four digits, so that 100 variants take some hundred kB. Models
are not in it.
"""

from __future__ import annotations

import base64
import json
import lzma
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from effcore.errors import StoreError
from effcore.tracking import Store
from effcore.tracking.evidence import EvidenceReader
from effcore.tracking.marks import Mark, Marks
from effcore.tracking.mirror import Mirror
from effcore.tracking.rows import PREFIX, SweepRecord
from effcore.tracking.runs import Changes, Run

ADDRESS = "recording:"
"""Before the path of a recording, where the address of a store may stand."""

KIND, FORMAT = "effcore recording", 1
DOCUMENTS = ("recipe.json", "samples.json", "correct.json", "curve.json", "facts.json", "profile.json", "search.json")
TEXTS = ("error.txt", "spec.yaml")
MOST_BYTES = 300_000_000
"""Of a recording when it is unpacked; a file that claims more is refused."""

_DIGITS = 4
_FEWEST_BITS = 32
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a recording says of itself.

    Attributes:
        recorded: Day on which it was recorded.
        machine: What it was measured on, in words.
        sweeps, runs: Names of the sweeps, and number of all runs.
    """

    recorded: str
    machine: str
    sweeps: tuple[str, ...]
    runs: int


def record(store: Store, sweeps: Sequence[str], path: Path, *, day: date | None = None) -> Header:
    """Record sweeps of a store.

    Args:
        store: Where they are.
        sweeps: Names or run ids; the first one is what opens.
        path: The file to write; it is written whole or not at all.
        day: To be written down as that of the recording; today where it is None.

    Raises:
        StoreError: There is no such sweep, or it has not ended.
    """
    chosen = [store.sweep(name) for name in sweeps]
    going = [s.name for s in chosen if s.state in ("waiting", "running", "cancelling")]
    if going:
        raise StoreError(f"Only sweeps that have ended can be recorded. {', '.join(going)} has not.")
    wanted = {s.run_id for s in chosen}
    runs = [run for part in store.watched().changes() for run in part.runs if wanted & {run.run_id, run.tags.get(f"{PREFIX}sweep", "")}]
    lines, machine = [], ""
    for run in sorted(runs, key=lambda run: (run.started_ms, run.run_id)):
        files = dict(_files(store, run))
        machine = machine or _machine(files.get("samples.json"))
        tags = {k: v for k, v in run.tags.items() if k != f"{PREFIX}owner"}
        told = {k: v for k, v in asdict(run).items() if k != "files"}  # where they lie on this host is nothing to hand on
        lines.append({"run": told | {"tags": tags}, "files": files})
    header = Header(
        recorded=(day or date.today()).isoformat(), machine=machine, sweeps=tuple(s.name for s in chosen), runs=len(lines)
    )
    text = "\n".join(json.dumps(line, separators=(",", ":")) for line in ({"kind": KIND, "format": FORMAT} | asdict(header), *lines))
    aside = path.with_name(path.name + ".new")
    aside.write_bytes(lzma.compress(text.encode(), preset=9))
    aside.replace(path)
    return header


def _files(store: Store, run: Run) -> Iterator[tuple[str, Any]]:
    for name in (*DOCUMENTS, *TEXTS):
        try:
            text = store.file(run.run_id, name).read_text(encoding="utf-8")
        except StoreError:  # a sweep has no samples, a variant that failed no curve
            continue
        yield name, text if name in TEXTS else packed(json.loads(text))


def _machine(samples: Any) -> str:
    found = (samples.get("latency", {}).get("environment") or samples.get("environment")) if isinstance(samples, dict) else None
    environment = found or {}
    cores = environment.get("cores")
    parts = [environment.get("machine") or environment.get("model"), f"{cores} cores" if cores else None, environment.get("os")]
    return ", ".join(str(part) for part in parts if part)


def packed(document: Any, *, name: str = "") -> Any:
    """Plain data with long lists of 0 and 1 as bits, and latency samples with four digits."""
    if isinstance(document, dict):
        return {key: packed(value, name=key) for key, value in document.items()}
    if not isinstance(document, list):
        return document
    if len(document) >= _FEWEST_BITS and all(isinstance(v, bool | int) and v in (0, 1) for v in document):
        bits = np.packbits(np.array(document, dtype=np.uint8))
        return {"bits": base64.b64encode(bits.tobytes()).decode(), "count": len(document)}
    if name.endswith("samples_ms"):
        return [float(f"{v:.{_DIGITS}g}") if isinstance(v, float) else v for v in document]
    return [packed(value) for value in document]


def unpacked(document: Any) -> Any:
    """The reverse of `packed`, with ones and zeros for bits."""
    if isinstance(document, dict):
        if document.keys() == {"bits", "count"}:
            bytes_ = np.frombuffer(base64.b64decode(document["bits"]), dtype=np.uint8)
            return np.unpackbits(bytes_, count=int(document["count"])).tolist()
        return {key: unpacked(value) for key, value in document.items()}
    return [unpacked(value) for value in document] if isinstance(document, list) else document


class _Once:
    """Runs that never change."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = tuple(runs)

    def changes(self) -> Iterator[Changes]:
        """All at first, nothing from then on."""
        if self._runs:
            yield Changes(runs=self._runs)
        self._runs = ()


class _ReadOnly:
    """Stands where a store has its client: whatever would write is refused."""

    def __getattr__(self, name: str) -> Any:
        _refuse()


def _refuse() -> NoReturn:
    raise StoreError("This is a recorded study: it can be looked at and not added to. Start `effcore serve` to run sweeps.")


class _NoMarks(Marks):
    """Nobody has said anything of a recorded point, and nobody can."""

    def __init__(self) -> None:
        super().__init__(lambda where: [], lambda run_id, tags: _refuse(), lambda run_id: None)

    def of(self, run_id: str) -> Mark:
        return Mark()


class Recording(Store):
    """A recorded study in the place of a store.

    Args:
        path: The file.
        home: The state folder; nothing is written into it.

    Raises:
        StoreError: The file can't be read, or is no recording.
    """

    def __init__(self, path: Path, *, home: Path) -> None:
        self.home = home
        self.uri = self.shown = f"the recording {path.name}"
        self.experiment_id = "0"
        self._client = _ReadOnly()
        self.header, lines = _read(path)
        self._size_bytes = path.stat().st_size
        self._documents = {line["run"]["run_id"]: line["files"] for line in lines}
        self._owners = {line["run"]["run_id"]: line["run"]["tags"].get(f"{PREFIX}variant", "") for line in lines}
        self._mirror = Mirror(_Once([Run(**line["run"]) for line in lines]))
        self._folder = tempfile.TemporaryDirectory(prefix="effcore-recording-")
        self._evidence = EvidenceReader(self.file)
        self.marks = _NoMarks()

    def sweeps(self) -> list[SweepRecord]:
        """Its sweeps in the order in which they were named: the first one is what opens."""
        names = self.header.sweeps
        return sorted(super().sweeps(), key=lambda s: names.index(s.name) if s.name in names else len(names))

    def file(self, run_id: str, name: str) -> Path:
        """Local path of a document of a run, written when it is asked for first.

        Raises:
            StoreError: The recording has no such file.
        """
        files = self._documents.get(run_id, {})
        if name not in files:
            if self._owners.get(run_id):
                return self.file(self._owners[run_id], name)
            raise StoreError(f"Run {run_id[:64]!r} has no file {name!r} in {self.uri}; models are not recorded.")
        path = Path(self._folder.name) / run_id / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            content = files[name]
            path.write_text(content if name in TEXTS else json.dumps(unpacked(content)), encoding="utf-8")
        return path

    def size_bytes(self) -> int | None:
        """Size of the recording."""
        return self._size_bytes

    def again(self, run_id: str) -> Any:
        """No request to measure again is ever filed here."""
        from effcore.tracking.rows import Again

        return Again("", "")


def read_header(path: Path) -> Header:
    """What a recording says of itself.

    Raises:
        StoreError: The file can't be read, or is no recording.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[Header, list[dict[str, Any]]]:
    wrong = f"{path} must be a recording as `effcore record` writes it."
    try:
        unpacker = lzma.LZMADecompressor()
        text = unpacker.decompress(path.read_bytes(), max_length=MOST_BYTES)
        if not unpacker.eof:
            raise StoreError(f"{wrong} It is cut off or larger than {MOST_BYTES // 1_000_000} MB.")
        first, *lines = [json.loads(line) for line in text.decode("utf-8").split("\n")]
        if first.get("kind") != KIND or first.get("format") != FORMAT:
            raise StoreError(f"{wrong} It says kind {first.get('kind')!r} and format {first.get('format')!r}; allowed is {KIND!r}, {FORMAT}.")
        header = Header(recorded=first["recorded"], machine=first["machine"], sweeps=tuple(first["sweeps"]), runs=first["runs"])
        names = {name for line in lines for name in line["files"]} - {*DOCUMENTS, *TEXTS}
        strange = names | {line["run"]["run_id"] for line in lines if not _NAME.fullmatch(line["run"]["run_id"])}
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}.") from error
    except (lzma.LZMAError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{wrong} {type(error).__name__}: {error}.") from error
    if strange:
        raise StoreError(f"{wrong} It names {sorted(strange)[0][:60]!r}, which is none of its files or runs.")
    return header, lines
