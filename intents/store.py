"""Arrays that outlive the process: npz files, written whole or not at all, no pickle; large ones mapped."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import structlog

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = structlog.get_logger(__name__)


def read(path: Path) -> dict[str, Any] | None:
    """Return the arrays of a file by name; None when it is absent, or damaged, which is logged."""
    import numpy as np

    try:
        # Opened here, for numpy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        damaged(path, type(error).__name__)
        return None


def damaged(path: Path, cause: str) -> None:
    """Log that a file is not what was written; whoever finds it makes it anew."""
    log.warning("store.damaged", file=path.name, cause=cause)


def mapped(path: Path) -> NDArray[Any] | None:
    """Map one array from its file, so that processes share its memory and only what is read is loaded.

    None when it is absent, or damaged, which is logged.
    """
    import numpy as np

    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError) as error:
        damaged(path, type(error).__name__)
        return None
    return np.asarray(found)


def write_mapped(path: Path, array: NDArray[Any]) -> None:
    """Write one array for ``mapped``, whole or not at all."""
    import numpy as np

    _write(path, lambda file: np.save(file, array, allow_pickle=False))


def write(path: Path, **arrays: Any) -> None:
    """Write arrays so that a reader sees the old file or the new one, never half of it.

    A folder that cannot be written is logged: what was computed is good all the same.
    """
    import numpy as np

    _write(path, lambda file: np.savez(file, **arrays))


def _write(path: Path, fill: Callable[[BinaryIO], None]) -> None:
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            fill(file)
        Path(temporary).replace(path)
    except OSError as error:
        log.warning("store.not_written", file=path.name, cause=type(error).__name__)
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def prune(folder: Path, pattern: str, *, keep: int) -> None:
    """Remove all but the newest files that match; whoever reads one of them reads on undisturbed."""
    try:
        files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for file in files[keep:]:
            file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("store.not_pruned", folder=folder.name, cause=type(error).__name__)
