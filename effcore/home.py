"""Where the state of effcore lives."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from effcore.errors import EffcoreError

HOME, URI, SEARCH = "EFFCORE_HOME", "EFFCORE_TRACKING_URI", "EFFCORE_SEARCH_STORAGE"


def find_home(path: Path | str | None = None, *, make: bool = True) -> Path:
    """The state folder: the one given, `EFFCORE_HOME`, or `.effcore` where the command is called.

    Args:
        path: What the user asked for.
        make: Whether to make it where it is not there.

    Raises:
        EffcoreError: It is a file, or can't be made.
    """
    home = Path(path or os.environ.get(HOME, "").strip() or ".effcore").resolve()
    if not make:
        return home
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EffcoreError(f"The state folder {home} can't be made: {error.strerror}. Give another one with --home or {HOME}.") from error
    return home


def require_home(path: Path | str | None, uri: str | None) -> None:
    """Refuse a state folder that is not there, for what only reads the store in it.

    Args:
        path: As for `find_home`.
        uri: As for `find_uri`; a store elsewhere needs no folder that was there before.

    Raises:
        EffcoreError: It is not there.
    """
    home = find_home(path, make=False)
    if find_uri(uri) is None and not home.is_dir():
        raise EffcoreError(f"There is no state folder {home}. Give another one with --home or {HOME}, or make it with `effcore run SPEC`.")


def find_uri(uri: str | None = None) -> str | None:
    """The tracking URI: the one given, or `EFFCORE_TRACKING_URI`; None for the store in the state folder."""
    return uri or os.environ.get(URI, "").strip() or None


def search_storage(home: Path) -> str:
    """URL of the Optuna storage of searches: `EFFCORE_SEARCH_STORAGE`, or a SQLite file in the state folder."""
    return os.environ.get(SEARCH, "").strip() or own_search_storage(home)


def own_search_storage(home: Path) -> str:
    """URL of the SQLite file of searches in the state folder."""
    return f"sqlite:///{home.resolve() / 'search.db'}"


PAUSED = "queue.paused"
"""File of the state folder that stands there while the queue is paused."""


def is_paused(home: Path) -> bool:
    """Whether the queue begins nothing new for now."""
    return (home / PAUSED).exists()


def pause(home: Path, on: bool) -> None:
    """Have the queue begin nothing new, or go on; what runs goes on either way."""
    if on:
        (home / PAUSED).touch()
    else:
        (home / PAUSED).unlink(missing_ok=True)


def lock_file(home: Path, name: str) -> Path:
    """Where a lock of that name lies in the state folder."""
    return home / "locks" / f"{name}.lock"


def sweep_lock(key: str) -> str:
    """Name of the lock that a sweep of that key holds while it runs."""
    return f"sweep-{key}"


def held_sweeps(home: Path) -> list[str]:
    """Keys of the sweeps that run on this state folder now."""
    names = sorted(path.stem for path in (home / "locks").glob(f"{sweep_lock('*')}.lock"))
    return [name.removeprefix(sweep_lock("")) for name in names if is_held(home, name)]


@contextmanager
def locked(home: Path, name: str) -> Iterator[None]:
    """Hold a lock file of the state folder, so that one process at a time does what is inside; freed by the kernel on a kill.

    Args:
        home: The state folder.
        name: Of the lock.
    """
    path = lock_file(home, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_held(home: Path, name: str) -> bool:
    """Whether a process holds that lock file of the state folder now."""
    try:
        with open(lock_file(home, name)) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
