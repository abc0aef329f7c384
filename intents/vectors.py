"""The vectors of texts, each encoded once: a cache by encoder id, beside the fits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intents import store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from intents.encoder import Encoder

#: Texts encoded between two calls of the progress callback.
BATCH = 32
#: Vectors kept beside the cache until it is written anew.
LATE = 256


def text_key(text: str) -> str:
    """Name a text in the cache."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def vectors(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    cache: Path | None,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Return the vectors of all texts, (n, d) float32, encoding only those the cache lacks.

    ``progress(done, total)`` counts the texts that had to be encoded. A cache that cannot be
    read is rebuilt; one that cannot be written is logged, for the vectors are good all the same.
    """
    import numpy as np

    path = None if cache is None else cache / f"{re.sub(r'[^A-Za-z0-9.-]', '_', encoder.id)}.npz"
    keys = [text_key(text) for text in texts]
    # The few that came last lie beside the many, so that one more does not mean to write all again.
    late = {} if path is None else _read(_late(path))
    known = late
    if path is not None and not late.keys() >= set(keys):
        known = _read(path) | late
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    todo = list(missing.items())
    encoded: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(todo), BATCH):
        batch = todo[start : start + BATCH]
        rows = encoder.encode([text for _, text in batch])
        encoded.update((key, row) for (key, _), row in zip(batch, rows, strict=True))
        if progress is not None:
            progress(min(start + BATCH, len(todo)), len(todo))
    if path is not None and encoded:
        if len(late) + len(encoded) <= LATE:
            _write(_late(path), late | encoded)
        else:
            _write(path, known | encoded)
            store.prune(path.parent, _late(path).name, keep=0)
    if not keys:
        return np.zeros((0, 0), dtype=np.float32)
    found = known | encoded
    return np.vstack([found[key] for key in keys])


def _late(path: Path) -> Path:
    return path.with_suffix(".late.npz")


def _read(path: Path) -> dict[str, NDArray[np.float32]]:
    stored = store.read(path)
    if stored is None:
        return {}
    keys, matrix = stored.get("keys"), stored.get("vectors")
    if keys is None or matrix is None or not _sound(keys, matrix):
        store.damaged(path, "shape, type or value")
        return {}
    return {str(key): row for key, row in zip(keys.tolist(), matrix, strict=True)}


def _sound(keys: NDArray[Any], matrix: NDArray[Any]) -> bool:
    import numpy as np

    if matrix.ndim != 2 or matrix.dtype != np.float32 or keys.shape != matrix.shape[:1]:
        return False
    return bool(np.isfinite(matrix).all())


def _write(path: Path, known: dict[str, NDArray[np.float32]]) -> None:
    import numpy as np

    store.write(path, keys=np.array(list(known)), vectors=np.vstack(list(known.values())))
