"""The supervised head: one kernel ridge regression with a class for each topic, unknown and background.

Its held-out scores have a closed form, so calibration on phrasings that the head has not seen,
one at a time or a whole class at a time, costs no second fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: How fast likeness fades with the angle: exp(SHARPNESS · (cosine − 1)) lies between the linear
#: kernel, which blurs neighbouring topics, and the nearest neighbour, which hears only one voice.
SHARPNESS = 1.0
#: The same when one view stands alone: letters need a nearer voice than meanings do.
SHARPNESS_ALONE = 2.0
#: Ridge penalty on the kernel's diagonal (which is 1).
PENALTY = 0.05
#: Above this many rows the exact solution (time n³, memory n²) gives way to landmarks.
EXACT_ROWS = 8000
#: Rows that stand for all when there are more than EXACT_ROWS.
LANDMARKS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted head with the scores of its own rows as if they had been held out."""

    #: (m, c) float32: class scores are kernel row (m,) @ dual.
    dual: NDArray[np.float32]
    #: Rows that the kernel row is taken against, (m,).
    landmarks: NDArray[np.int64]
    #: (n, c): each row scored by the head fitted without it.
    without_row: NDArray[np.float64]
    #: (n, c): each row scored by the head fitted without its whole class.
    without_class: NDArray[np.float64]


def kernel(likenesses: Iterable[NDArray[np.floating[Any]]], weights: Sequence[float]) -> NDArray[np.float64]:
    """Fuse the views' cosines (any equal shape) into kernel values, 0.0 to 1.0.

    One view is taken at a time, so that a generator need not hold all of them.
    """
    import numpy as np

    sharpness = SHARPNESS if len(weights) > 1 else SHARPNESS_ALONE
    fused: NDArray[np.float64] | None = None
    for cosine, weight in zip(likenesses, weights, strict=True):
        share = np.array(cosine, dtype=np.float64)
        share -= 1
        share *= sharpness
        np.exp(share, out=share)
        share *= weight
        if fused is None:
            fused = share
        else:
            fused += share
    if fused is None:
        raise ValueError("a kernel needs at least one view")
    fused /= sum(weights)
    return fused


def landmarks(n: int) -> NDArray[np.int64]:
    """Choose the rows that the kernel is taken against: all, or evenly spread ones of many."""
    import numpy as np

    if n <= EXACT_ROWS:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, LANDMARKS).astype(np.int64))


def fit(
    cross: NDArray[np.float64], labels: NDArray[np.int64], chosen: NDArray[np.int64], *, classes: int
) -> Fit:
    """Fit on the kernel of n rows against m landmarks, (n, m), with class numbers (n,).

    With all rows as landmarks this is the exact ridge, which takes the memory of ``cross`` over;
    else the subset of regressors.
    """
    import numpy as np
    from scipy import linalg

    n = len(labels)
    wanted = np.zeros((n, classes))
    wanted[np.arange(n), labels] = 1
    if len(chosen) == n:
        cross[np.diag_indices(n)] += PENALTY
        complement = _inverse(cross)
        # With H the smoother, I - H is PENALTY times this inverse and the residual PENALTY times
        # the dual; the factor cancels in what follows.
        residual = dual = complement @ wanted
        without_row = wanted - residual / np.diag(complement)[:, None]
        blocks = (complement[np.ix_(block, block)] for block in _blocks(labels, classes))
    else:
        own = cross[chosen]
        ridge = cross.T @ cross + PENALTY * own
        ridge[np.diag_indices(len(chosen))] += 1e-6
        solved = linalg.solve(ridge, cross.T, assume_a="sym", overwrite_a=True, check_finite=False)
        dual = solved @ wanted
        residual = wanted - cross @ dual
        leverage = np.einsum("nm,mn->n", cross, solved)
        without_row = wanted - residual / np.maximum(1 - leverage, 1e-6)[:, None]
        blocks = (np.eye(len(block)) - cross[block] @ solved[:, block] for block in _blocks(labels, classes))
    # The residual of a held-out block is inv((I - H)_BB) @ residual_B: the block form of the
    # leave-one-out identity of linear smoothers.
    without_class = np.empty_like(wanted)
    for block, complement_block in zip(_blocks(labels, classes), blocks, strict=True):
        without_class[block] = wanted[block] - np.linalg.solve(complement_block, residual[block])
    return Fit(
        dual=dual.astype(np.float32),
        landmarks=chosen,
        without_row=without_row,
        without_class=without_class,
    )


def _blocks(labels: NDArray[np.int64], classes: int) -> list[NDArray[np.int64]]:
    import numpy as np

    blocks = (np.flatnonzero(labels == number) for number in range(classes))
    return [block for block in blocks if len(block)]


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert a positive definite matrix in its own memory, by Cholesky, at half the usual price."""
    import numpy as np
    from scipy.linalg import lapack

    # LAPACK counts by columns: the transpose of a symmetric matrix is the matrix, without a copy.
    factor, failed = lapack.dpotrf(matrix.T, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("the kernel is not positive definite")
    for start in range(0, len(inverse), 512):
        rows = slice(start, start + 512)
        below = slice(start + 512, None)
        block = np.tril(inverse[rows, rows])
        inverse[rows, rows] = block + np.tril(block, -1).T
        inverse[rows, below] = inverse[below, rows].T
    return np.asarray(inverse)
