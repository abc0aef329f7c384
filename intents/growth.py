"""A few phrasings more or fewer without a new fit: the head's equations, solved again for these alone.

What the views count over all phrasings (how rare a gram is, the mean vector) and the curve stay those
of the first fit; with these, the result is that of a full fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intents import head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Phrasings that may differ from the fit; with more of them a new fit is due.
CHANGED = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One changed phrasing as the equations see it."""

    #: Kernel against the landmarks, (m,); for a removed row of an exact fit the unit vector.
    kernel: NDArray[np.float64]
    #: The fit's inverse times that, (m,).
    solved: NDArray[np.float64]


def column(inverse: NDArray[np.float64], kernel: NDArray[np.float64]) -> Column:
    """Solve for one changed phrasing: one pass over the packed inverse."""
    import numpy as np
    from scipy.linalg import blas

    # The upper half by rows is the lower half by columns, which is how BLAS counts.
    kernel = np.asarray(kernel, dtype=np.float64)
    return Column(kernel=kernel, solved=blas.dspmv(len(kernel), 1.0, inverse, kernel, lower=1))


def removed_column(inverse: NDArray[np.float64], number: int, size: int) -> Column:
    """The column of a row that an exact fit of ``size`` rows is to lose."""
    import numpy as np

    unit = np.zeros(size)
    unit[number] = 1
    return column(inverse, unit)


def exact(
    dual: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    *,
    removed: NDArray[np.int64],
    without: Sequence[Column],
    added: Sequence[Column],
    own: NDArray[np.float64],
    added_labels: NDArray[np.int64],
) -> NDArray[np.floating[Any]]:
    """Return the dual, (n + d, c), of an exact fit that lost rows and got d others.

    ``dual`` is the former one, (n, c), ``labels`` its rows' classes (-1 where the
    class is no more); ``own`` is the added rows' kernel
    among themselves, (d, d). A lost row keeps its place, with zeros.
    """
    import numpy as np

    n, classes = dual.shape
    d = len(added)
    solved = np.column_stack([one.solved for one in (*added, *without)])
    crossed = np.zeros((n, d)) if not d else np.column_stack([one.kernel for one in added])
    wanted = np.zeros((d, classes))
    wanted[np.arange(d), added_labels] = 1
    # A lost row's equation is loosened by a multiplier, and its unknown held at zero.
    corner = own + head.PENALTY * np.eye(d)
    system = np.vstack([-(crossed.T @ solved), -solved[removed]])
    system[:d, :d] += corner
    # Inverse times the wanted scores, taken at the changed rows: class sums of the solved columns.
    # (A row of a class that is no more, -1, counts in a column that nobody reads.)
    sums = np.zeros((classes + 1, solved.shape[1]))
    np.add.at(sums, labels, solved)
    right = -sums[:classes].T
    right[:d] += wanted
    found = np.linalg.solve(system, right)
    changed = np.empty((n + d, classes), dtype=dual.dtype)
    np.subtract(dual, solved @ found, out=changed[:n], casting="same_kind")
    changed[n:] = found[:d]
    changed[removed] = 0
    return changed


def by_landmarks(
    dual: NDArray[np.floating[Any]],
    *,
    changed: Sequence[Column],
    signs: NDArray[np.float64],
    labels: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (m, k) and (k, c), whose product a fit by landmarks must add to its dual, (m, c).

    ``signs`` tell for each of the k changed rows whether it came (1) or went (-1), ``labels`` its class.
    """
    import numpy as np

    solved = np.column_stack([one.solved for one in changed])
    crossed = np.column_stack([one.kernel for one in changed])
    right = -(crossed.T.astype(dual.dtype) @ dual).astype(np.float64)
    right[np.arange(len(changed)), labels] += 1
    found = np.linalg.solve(np.diag(signs) + crossed.T @ solved, right)
    return solved, found
