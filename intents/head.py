"""The supervised head: one kernel ridge regression with a class for each topic, unknown and background.

Its held-out scores have a closed form, so calibration on phrasings that the head has not seen,
one at a time or a whole class at a time, costs no second fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
EXACT_ROWS = 10_000
#: Rows that stand for all when there are more than EXACT_ROWS.
LANDMARKS = 4000
#: Rows whose kernel is held at a time when there are landmarks.
STRETCH = 2000
#: Up to so many rows the confidence is judged on all of them, above on about ``HELD_OUT``.
HELD_OUT_ALL = 20000
HELD_OUT = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted head with the scores of its own rows as if they had been held out."""

    #: (m, c) float32: class scores are kernel row (m,) @ dual.
    dual: NDArray[np.float32]
    #: Rows that the kernel row is taken against, (m,).
    landmarks: NDArray[np.int64]
    #: Rows that the held-out scores are of, (h,): all, or whole classes evenly taken from very many.
    held_out: NDArray[np.int64]
    #: (h, c): each row scored by the head fitted without it.
    without_row: NDArray[np.float64]
    #: (h, c): each row scored by the head fitted without its whole class.
    without_class: NDArray[np.float64]
    #: (m, m): what a later change of a few rows is reckoned with (growth.py).
    inverse: NDArray[np.float64]
    #: Number of each row's most like landmark, (n,).
    cells: NDArray[np.int32]


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

    n = len(labels)
    if len(chosen) < n:
        return fit_landmarks(lambda rows: cross[rows], labels, chosen, classes=classes)
    wanted = np.zeros((n, classes))
    wanted[np.arange(n), labels] = 1
    cross[np.diag_indices(n)] += PENALTY
    complement = _inverse(cross)
    # With H the smoother, I - H is PENALTY times this inverse and the residual PENALTY times
    # the dual; the factor cancels in what follows.
    residual = dual = complement @ wanted
    without_row = wanted - residual / np.diag(complement)[:, None]
    # The residual of a held-out block is inv((I - H)_BB) @ residual_B: the block form of the
    # leave-one-out identity of linear smoothers.
    without_class = np.empty_like(wanted)
    for block in _blocks(labels, classes):
        own = complement[np.ix_(block, block)]
        without_class[block] = wanted[block] - np.linalg.solve(own, residual[block])
    return Fit(
        dual=dual.astype(np.float32),
        landmarks=chosen,
        held_out=np.arange(n),
        without_row=without_row,
        without_class=without_class,
        inverse=complement,
        cells=np.arange(n, dtype=np.int32),
    )


def fit_landmarks(
    cross: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    labels: NDArray[np.int64],
    chosen: NDArray[np.int64],
    *,
    classes: int,
) -> Fit:
    """Fit the subset of regressors; ``cross(rows)`` gives some rows' kernel against the landmarks.

    It is asked for one stretch of rows at a time, so that no matrix of all rows need be held.
    """
    import numpy as np
    from scipy.linalg import blas

    n, m = len(labels), len(chosen)
    order = np.argsort(labels, kind="stable")
    ridge = np.asfortranarray(PENALTY * cross(chosen))
    ridge[np.diag_indices(m)] += 1e-6
    pulled = np.zeros((classes, m))
    cells = np.empty(n, dtype=np.int32)
    for start in range(0, n, STRETCH):
        rows = order[start : start + STRETCH]
        part = cross(rows)
        ridge = blas.dsyrk(1.0, part.T, beta=1.0, c=ridge, lower=1, overwrite_c=1)
        cells[rows] = part.argmax(axis=1)
        first = np.flatnonzero(np.diff(labels[rows], prepend=-1))
        pulled[labels[rows[first]]] += np.add.reduceat(part, first, axis=0)
    inverse = _inverse(ridge.T)
    dual = (pulled @ inverse).T
    held = _held_out(labels, classes)
    without_row = np.empty((len(held), classes))
    without_class = np.empty((len(held), classes))
    place = np.full(n, -1)
    place[held] = np.arange(len(held))
    for blocks in _stretches([one for one in _blocks(labels, classes) if place[one[0]] >= 0]):
        part = cross(np.concatenate(blocks))
        smoothed = part @ inverse
        left = -(part @ dual)
        start = 0
        for block in blocks:
            within, label = slice(start, start + len(block)), labels[block[0]]
            start += len(block)
            left[within, label] += 1
            own = np.eye(len(block)) - smoothed[within] @ part[within].T
            wanted = np.zeros((len(block), classes))
            wanted[:, label] = 1
            at = place[block]
            without_row[at] = wanted - left[within] / np.maximum(np.diag(own), 1e-6)[:, None]
            without_class[at] = wanted - np.linalg.solve(own, left[within])
    return Fit(
        dual=dual.astype(np.float32),
        landmarks=chosen,
        held_out=held,
        without_row=without_row,
        without_class=without_class,
        inverse=inverse,
        cells=cells,
    )


def _held_out(labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """All rows, or those of every k-th class where all would cost more than the fit itself."""
    import numpy as np

    if len(labels) <= HELD_OUT_ALL:
        return np.arange(len(labels))
    return np.flatnonzero(labels % -(-len(labels) // HELD_OUT) == 0)


def _stretches(blocks: Sequence[NDArray[np.int64]]) -> Iterator[list[NDArray[np.int64]]]:
    """Take blocks together until they have about ``STRETCH`` rows."""
    taken: list[NDArray[np.int64]] = []
    for block in blocks:
        taken.append(block)
        if sum(map(len, taken)) >= STRETCH:
            yield taken
            taken = []
    if taken:
        yield taken


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
