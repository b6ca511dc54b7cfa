"""Whether files have changed, without reading them."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

FRESH_NS = 2_000_000_000
"""A file system may give two writes within so long the same time; such a new file is read again the next time."""


def listing_of(path: Path) -> str:
    """Names, sizes and times of a file or of all files below a folder, hashed; empty where one is so new that a change might not show.

    The time of the last change of a file's state is among them, which no program can set back.
    """
    before = time.time_ns()
    sha, newest = hashlib.sha256(), 0
    for file in [path] if path.is_file() else _files(path):
        try:
            state = file.stat()
        except OSError:  # a broken link; reading it will say so
            sha.update(f"{file.relative_to(path)}\0".encode(errors="surrogateescape"))
            continue
        name = "" if file == path else str(file.relative_to(path))
        sha.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ctime_ns}\n".encode(errors="surrogateescape"))
        newest = max(newest, state.st_mtime_ns, state.st_ctime_ns)
    return sha.hexdigest() if newest < before - FRESH_NS else ""


def _files(folder: Path) -> list[Path]:
    return sorted(Path(parent, name) for parent, _, names in os.walk(folder) for name in names)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
