"""What is fitted on a library's phrasings, and its place in the cache folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intents import calibrate, head, rows, store, views
from intents.calibrate import Curve
from intents.rows import Kind, Label, Row
from intents.views import Grams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from intents.encoder import Encoder

#: Changes when what a stored fit holds changes its meaning.
FORMAT = "7"
#: Fits kept in the cache folder: with and without encoders, before and after a change of the files.
KEPT = 4
#: Inverses kept beside them; each is large (8 bytes for half the square of the landmarks).
KEPT_INVERSES = 2
#: Share of the lexical view in the fused likeness; the encoders share the rest, the first more.
LEXICAL = 0.2
#: The first encoder's part of what the lexical view leaves, when there are two.
FIRST = 0.625


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Postings, head and curve of one set of rows."""

    grams: Grams
    #: (m, c) float32, and the rows that its rows stand for, (m,).
    dual: NDArray[np.float32]
    landmarks: NDArray[np.int64]
    #: Number of each row's most like landmark, (n,).
    cells: NDArray[np.int32]
    curve: Curve
    #: Score of the best class below which nothing in the library is close.
    floor: float
    #: Estimated risk at each of calibrate.LEADS.
    risks: NDArray[np.float64]
    #: Upper half of the (m, m) inverse by rows, mapped from the cache; None without a cache.
    inverse: NDArray[np.float64] | None


def weights(encoders: int) -> tuple[float, ...]:
    """Shares of the lexical view and of each encoder; they add up to 1."""
    if encoders == 0:
        return (1.0,)
    rest = 1 - LEXICAL
    if encoders == 1:
        return (LEXICAL, rest)
    others = (1 - FIRST) / (encoders - 1)
    return (LEXICAL, rest * FIRST, *(rest * others for _ in range(encoders - 1)))


def fit(
    given: Sequence[Row],
    encoders: Sequence[Encoder],
    matrices: Sequence[NDArray[np.float32]],
    *,
    synonyms: Sequence[Sequence[str]],
    cache: Path | None,
) -> Fitted:
    """Fit on rows sorted by class and their centred vectors, or take a former fit from the cache folder."""
    labels = rows.classes(row.label for row in given)
    if cache is None:
        arrays, _ = _fit(given, labels, views.canonicaliser(synonyms), matrices)
        return _fitted(arrays, len(given), None)
    key = _key(given, encoders, synonyms)
    path, aside = cache / f"fit-{key}.npz", cache / f"inverse-{key}.npy"
    kept, inverse = _restore(path, len(given), len(labels)), store.mapped(aside)
    if kept is None:
        kept, packed = _fit(given, labels, views.canonicaliser(synonyms), matrices)
        store.write(path, **kept)
        store.prune(cache, "fit-*.npz", keep=KEPT)
        store.write_mapped(aside, packed)
        del packed
        store.prune(cache, "inverse-*.npy", keep=KEPT_INVERSES)
        inverse = store.mapped(aside)
    return _fitted(kept, len(given), inverse)


def _fitted(kept: dict[str, Any], size: int, inverse: NDArray[np.float64] | None) -> Fitted:
    import numpy as np

    m = len(kept["landmarks"])
    return Fitted(
        grams=Grams.restore(kept, size=size),
        dual=np.asarray(kept["dual"], dtype=np.float32),
        landmarks=np.asarray(kept["landmarks"], dtype=np.int64),
        cells=np.asarray(kept["cells"], dtype=np.int32),
        curve=Curve(slope=float(kept["curve"][0]), offset=float(kept["curve"][1])),
        floor=float(kept["curve"][2]),
        risks=np.asarray(kept["risks"], dtype=np.float64),
        inverse=inverse if inverse is not None and inverse.shape == (m * (m + 1) // 2,) else None,
    )


def _fit(
    given: Sequence[Row],
    labels: Sequence[Label],
    canonical: Callable[[str], str],
    matrices: Sequence[NDArray[np.float32]],
) -> tuple[dict[str, NDArray[np.generic]], NDArray[np.float64]]:
    import numpy as np
    from threadpoolctl import threadpool_limits

    grams = Grams.build([canonical(row.text) for row in given])
    chosen = head.landmarks(len(given))
    numbers = {label: number for number, label in enumerate(labels)}
    classes = np.array([numbers[row.label] for row in given], dtype=np.int64)
    shares = weights(len(matrices))
    # One thread: sums are then added in one order, and two machines agree on a close call.
    with threadpool_limits(limits=1):
        if len(chosen) == len(given):
            fused = head.kernel(_likenesses(grams, matrices), shares)
            fitted = head.fit(fused, classes, chosen, classes=len(labels))
            del fused
        else:
            cross = _crossing(grams, matrices, chosen)
            fitted = head.fit_landmarks(
                lambda wanted: head.kernel(cross(wanted), shares), classes, chosen, classes=len(labels)
            )
    topics = sum(label.kind is Kind.TOPIC for label in labels)
    curve = calibrate.curve(fitted, classes[fitted.held_out], topics=topics)
    floor = calibrate.floor(fitted, classes[fitted.held_out], topics=topics)
    arrays: dict[str, NDArray[np.generic]] = {
        **grams.arrays(),
        "dual": fitted.dual,
        "landmarks": fitted.landmarks,
        "cells": fitted.cells,
        "curve": np.array([curve.slope, curve.offset, floor]),
        "risks": calibrate.risks(fitted, classes[fitted.held_out], topics=topics),
    }
    return arrays, packed(fitted.inverse)


def _likenesses(grams: Grams, matrices: Sequence[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield the cosines of all rows with each other, one view at a time."""
    yield grams.gram_matrix()
    for matrix in matrices:
        yield matrix @ matrix.T


def _crossing(
    grams: Grams, matrices: Sequence[NDArray[np.float32]], chosen: NDArray[np.int64]
) -> Callable[[NDArray[np.int64]], Iterator[NDArray[np.float32]]]:
    """Return what yields the cosines of some rows with the landmarks, one view at a time."""
    import numpy as np

    by_row = grams.sparse().tocsr()
    ours = by_row[chosen].T.tocsc()

    def cross(wanted: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        yield np.asarray((by_row[wanted] @ ours).toarray(), dtype=np.float32)
        for matrix in matrices:
            yield matrix[wanted] @ matrix[chosen].T

    return cross


def packed(square: NDArray[np.float64]) -> NDArray[np.float64]:
    """The upper half of a symmetric matrix, row by row."""
    import numpy as np

    m = len(square)
    half = np.empty(m * (m + 1) // 2)
    start = 0
    for number in range(m):
        half[start : start + m - number] = square[number, number:]
        start += m - number
    return half


def _key(given: Sequence[Row], encoders: Sequence[Encoder], synonyms: Sequence[Sequence[str]]) -> str:
    """Name a fit by everything that it depends on."""
    told = json.dumps(
        [
            FORMAT,
            [one.id for one in encoders],
            [
                LEXICAL,
                FIRST,
                views.LONGEST,
                calibrate.BELOW_FLOOR,
                calibrate.COVERED,
                calibrate.HARDER,
                calibrate.UNFORESEEN,
                calibrate.UNFORESEEN_SHARE,
                calibrate.LEADS,
                head.SHARPNESS,
                head.SHARPNESS_ALONE,
                head.PENALTY,
                head.EXACT_ROWS,
                head.LANDMARKS,
            ],
            [list(words) for words in synonyms],
            [[row.label.kind, row.label.id, row.text] for row in given],
        ],
        ensure_ascii=False,
    )
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _restore(path: Path, size: int, labels: int) -> dict[str, Any] | None:
    kept = store.read(path)
    if kept is None:
        return None
    try:
        if kept["dual"].shape != (len(kept["landmarks"]), labels) or kept["curve"].shape != (3,):
            raise ValueError("shape")
        if kept["cells"].shape != (size,) or kept["risks"].shape != (len(calibrate.LEADS),):
            raise ValueError("shape")
        Grams.restore(kept, size=size)
    except (ValueError, KeyError) as error:
        store.damaged(path, type(error).__name__)
        return None
    return kept
