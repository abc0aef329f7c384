"""Every phrasing under all views, and the head fitted on them; scores a sentence against each class."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from intents import calibrate, encoder, head, store, views
from intents.calibrate import Curve
from intents.views import Grams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from intents.encoder import Encoder

#: Changes when what a stored fit holds changes its meaning.
FORMAT = "3"
#: Fits kept in the cache folder: with and without encoders, before and after a change.
KEPT = 4
#: Share of the lexical view in the fused likeness; the encoders share the rest, the first more.
LEXICAL = 0.2
#: The first encoder's part of what the lexical view leaves, when there are two.
FIRST = 0.625
#: The lexical view's name in scores; the encoders go by their ids.
LETTERS = "letters"


class Kind(StrEnum):
    """What answering a class means; the order is the order of the score columns."""

    TOPIC = "topic"
    UNKNOWN = "unknown"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Label:
    """A class of sentences."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One phrasing (normalised) and its class."""

    text: str
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One sentence against every class of the index, in the order of ``Index.labels``."""

    #: The head's score, about 0.0 to 1.0.
    scores: NDArray[np.float64]
    #: By view: cosine of the class's nearest phrasing.
    nearest: Mapping[str, NDArray[np.float64]]
    #: Number of the phrasing with the highest fused cosine.
    closest: int


class Index:
    """All classes of a library; immutable once built, safe to score from several threads."""

    def __init__(
        self,
        *,
        rows: Sequence[Row],
        labels: Sequence[Label],
        encoders: Sequence[Encoder],
        canonical: Callable[[str], str],
        grams: Grams,
        matrices: Sequence[NDArray[np.float32]],
        means: Sequence[NDArray[np.float32]],
        dual: NDArray[np.float32],
        landmarks: NDArray[np.int64],
        curve: Curve,
        floor: float,
    ) -> None:
        import numpy as np
        import threadpoolctl

        self.rows = tuple(rows)
        self.labels = tuple(labels)
        self.encoders = tuple(encoders)
        self.curve = curve
        #: Score of the best class below which nothing in the library is close.
        self.floor = floor
        self.topics = sum(label.kind is Kind.TOPIC for label in labels)
        self._canonical = canonical
        self._grams = grams
        self._matrices = tuple(matrices)
        self._means = tuple(means)
        self._dual = dual
        self._landmarks = landmarks
        self._weights = weights(len(encoders))
        numbers = {label: number for number, label in enumerate(labels)}
        # Rows are sorted by class, so that a class is a slice and its best a reduceat.
        # One thread, for good: on products this small a second one only spins, and doubles the CPU time;
        # to set and to restore the limit at every question costs more than some of them.
        threadpoolctl.threadpool_limits(limits=1, user_api="blas")
        self._starts = np.searchsorted([numbers[row.label] for row in rows], np.arange(len(labels)))

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Score normalised sentences; each encoder is asked once for all of them."""
        if not texts:
            return []
        vectors = [one.encode(texts) for one in self.encoders]
        encoded = [
            _centred(found, mean) @ matrix.T
            for found, mean, matrix in zip(vectors, self._means, self._matrices, strict=True)
        ]
        return [
            self._scored([self._grams.likeness(self._canonical(text)), *(block[place] for block in encoded)])
            for place, text in enumerate(texts)
        ]

    def _scored(self, likenesses: Sequence[NDArray[np.float32]]) -> Scored:
        import numpy as np

        against = head.kernel([cosine[self._landmarks] for cosine in likenesses], self._weights)
        names = (LETTERS, *(one.id for one in self.encoders))
        nearest = {
            name: np.maximum.reduceat(cosine, self._starts).astype(np.float64)
            for name, cosine in zip(names, likenesses, strict=True)
        }
        fused = sum(weight * cosine for weight, cosine in zip(self._weights, likenesses, strict=True))
        return Scored(
            scores=np.asarray(against.astype(np.float32) @ self._dual, dtype=np.float64),
            nearest=nearest,
            closest=int(np.argmax(fused)),
        )


def weights(encoders: int) -> tuple[float, ...]:
    """Shares of the lexical view and of each encoder; they add up to 1."""
    if encoders == 0:
        return (1.0,)
    rest = 1 - LEXICAL
    if encoders == 1:
        return (LEXICAL, rest)
    others = (1 - FIRST) / (encoders - 1)
    return (LEXICAL, rest * FIRST, *(rest * others for _ in range(encoders - 1)))


def build(
    rows: Sequence[Row],
    encoders: Sequence[Encoder],
    *,
    synonyms: Sequence[Sequence[str]] = (),
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Index:
    """Index the rows under all views and fit the head, or take both from the cache folder.

    ``progress(done, total)`` counts the texts that an encoder had to read. Raises EncoderError
    when an encoder's weights are not the pinned ones, ValueError without a topic row.
    """
    import numpy as np

    rows = sorted(set(rows), key=lambda row: (tuple(Kind).index(row.label.kind), row.label.id, row.text))
    if not rows or rows[0].label.kind is not Kind.TOPIC:
        raise ValueError("an index needs at least one phrasing of one topic")
    labels = list(dict.fromkeys(row.label for row in rows))
    texts = [row.text for row in rows]
    matrices, means = [], []
    for one in encoders:
        raw = encoder.vectors(one, texts, cache=cache, progress=progress)
        mean = raw.mean(axis=0)
        means.append(mean)
        matrices.append(_centred(raw, mean))
    canonical = views.canonicaliser(synonyms)
    path = None
    if cache is not None:
        path = cache / f"fit-{_key(rows, encoders, synonyms)}.npz"
    kept = None if path is None else _restore(path, len(rows), len(labels))
    if kept is None:
        kept = _fit(rows, labels, canonical, matrices)
        if path is not None:
            store.write(path, **kept)
            store.prune(path.parent, "fit-*.npz", keep=KEPT)
    return Index(
        rows=rows,
        labels=labels,
        encoders=encoders,
        canonical=canonical,
        grams=Grams.restore(kept, size=len(rows)),
        matrices=matrices,
        means=means,
        dual=np.asarray(kept["dual"], dtype=np.float32),
        landmarks=np.asarray(kept["landmarks"], dtype=np.int64),
        curve=Curve(slope=float(kept["curve"][0]), offset=float(kept["curve"][1])),
        floor=float(kept["curve"][2]),
    )


def _fit(
    rows: Sequence[Row],
    labels: Sequence[Label],
    canonical: Callable[[str], str],
    matrices: Sequence[NDArray[np.float32]],
) -> dict[str, NDArray[np.generic]]:
    import numpy as np
    from threadpoolctl import threadpool_limits

    grams = Grams.build([canonical(row.text) for row in rows])
    chosen = head.landmarks(len(rows))
    numbers = {label: number for number, label in enumerate(labels)}
    classes = np.array([numbers[row.label] for row in rows], dtype=np.int64)
    # One thread: sums are then added in one order, and two machines agree on a close call.
    with threadpool_limits(limits=1):
        fused = head.kernel(_likenesses(grams, matrices, chosen), weights(len(matrices)))
        fitted = head.fit(fused, classes, chosen, classes=len(labels))
    topics = sum(label.kind is Kind.TOPIC for label in labels)
    curve = calibrate.curve(fitted, classes, topics=topics)
    floor = calibrate.floor(fitted, classes, topics=topics)
    return {
        **grams.arrays(),
        "dual": fitted.dual,
        "landmarks": fitted.landmarks,
        "curve": np.array([curve.slope, curve.offset, floor]),
    }


def _likenesses(
    grams: Grams, matrices: Sequence[NDArray[np.float32]], chosen: NDArray[np.int64]
) -> Iterator[NDArray[np.float32]]:
    """Yield the cosines of all rows with the landmarks, one view at a time."""
    everything = len(chosen) == grams.size
    letters = grams.gram_matrix()
    yield letters if everything else letters[:, chosen]
    del letters
    for matrix in matrices:
        yield matrix @ (matrix if everything else matrix[chosen]).T


def _key(rows: Sequence[Row], encoders: Sequence[Encoder], synonyms: Sequence[Sequence[str]]) -> str:
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
                calibrate.UNFORESEEN,
                head.SHARPNESS,
                head.SHARPNESS_ALONE,
                head.PENALTY,
                head.EXACT_ROWS,
                head.LANDMARKS,
            ],
            [list(words) for words in synonyms],
            [[row.label.kind, row.label.id, row.text] for row in rows],
        ],
        ensure_ascii=False,
    )
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _restore(path: Path, rows: int, labels: int) -> dict[str, NDArray[np.generic]] | None:
    kept = store.read(path)
    if kept is None:
        return None
    try:
        if kept["dual"].shape != (len(kept["landmarks"]), labels) or kept["curve"].shape != (3,):
            raise ValueError("shape")
        Grams.restore(kept, size=rows)
    except (ValueError, KeyError) as error:
        store.damaged(path, type(error).__name__)
        return None
    return kept


def _centred(matrix: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract what all sentences share (raw E5 cosines sit in 0.73 to 0.86) and norm again."""
    import numpy as np

    moved = matrix - mean
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(norms, 1e-9), dtype=np.float32)
