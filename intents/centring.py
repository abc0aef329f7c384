"""Takes off a vector what all sentences of its language share, so that the rest tells them apart.

Raw cosines of a sentence encoder sit close together (E5: 0.73 to 0.86), and a good part of what they
tell is the language. With each language's own mean taken off, a Korean question and an English
phrasing of the same topic come nearer to each other than two of one language that ask different things.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# One Korean word makes a sentence Korean here: no English one holds any.
_HANGUL = re.compile(r"[가-힣]")
#: Sentences of a language below which their mean is noise, and the mean of all is taken.
ENOUGH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """What one encoder's vectors share, in each language: (d,) float32."""

    korean: NDArray[np.float32]
    other: NDArray[np.float32]

    def centred(self, matrix: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of some texts, (n, d), without what their language shares, of unit norm again."""
        import numpy as np

        korean = _korean(texts)
        moved = matrix - np.where(korean[:, None], self.korean, self.other)
        norms = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(norms, 1e-9), dtype=np.float32)


def centre(matrix: NDArray[np.float32], texts: Sequence[str]) -> Centre:
    """Find what the vectors of some texts, (n, d), share."""
    korean = _korean(texts)
    whole = matrix.mean(axis=0)
    return Centre(
        korean=matrix[korean].mean(axis=0) if korean.sum() >= ENOUGH else whole,
        other=matrix[~korean].mean(axis=0) if (~korean).sum() >= ENOUGH else whole,
    )


def _korean(texts: Sequence[str]) -> NDArray[np.bool_]:
    import numpy as np

    return np.array([_HANGUL.search(text) is not None for text in texts], dtype=bool)
