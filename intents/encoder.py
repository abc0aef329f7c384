"""The edge to semantic encoders: what every one of them gives, and which of them are in use.

Two sides exist: the packages of the extra ``semantic`` (packaged.py) and an operator's folder with an
ONNX model (onnx_folder.py). Without either the desk runs on the lexical views alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: From so many texts on, an encoder takes every core.
BULK = 16


class EncoderError(Exception):
    """An encoder is installed but may not be used."""


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors of which the cosine tells likeness in meaning."""

    @property
    def id(self) -> str:
        """Name, version and SHA-256 (short) of the weights; keys every cached vector."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of unit norm, one row a text, in order."""
        ...


def available(setting: str) -> tuple[Encoder, ...]:
    """Return the encoders for ``auto`` (the packages installed, best first), ``none`` or a folder's path.

    Raises EncoderError for any other setting, and for a folder that lacks something.
    """
    if setting == "none":
        return ()
    if setting == "auto":
        from intents import packaged

        return packaged.installed()
    if not Path(setting).is_dir():
        raise EncoderError(
            f"ENCODERS={setting}: known are auto, none and the path of a folder; there is no such folder"
        )
    from intents import onnx_folder

    return (onnx_folder.OnnxFolder(Path(setting)),)
