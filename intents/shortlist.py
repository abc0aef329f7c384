"""Which phrasings of very many a sentence is worth comparing with, so that a question's price stays flat.

A sentence is compared with the head's landmarks first. Every phrasing belongs to the landmark that it is
most like, so the phrasings of the nearest landmarks are candidates; those that share its rarest letters
are candidates too. Only candidates get exact likenesses, and only their classes get a score.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from intents.views import Grams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Nearest landmarks whose phrasings are candidates.
CELLS = 8
#: Postings read to find candidates by letters, the rarest grams first, and candidates kept of them.
POSTINGS = 3_000
BY_LETTERS = 64
#: Classes that get a score, those with the most like candidates.
CLASSES = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist:
    """What finding the candidates among n phrasings needs; immutable."""

    grams: Grams
    #: The landmarks' postings, over the same vocabulary.
    own: Grams
    #: By text: numbers of its grams and their weights, text ``i`` at ``spans[i]:spans[i + 1]``.
    spans: NDArray[np.int64]
    texts: NDArray[np.int32]
    weights: NDArray[np.float32]
    #: Phrasings by landmark: those of ``i`` at ``members[starts[i]:starts[i + 1]]``.
    starts: NDArray[np.int64]
    members: NDArray[np.int64]
    #: How far it looks, see the constants.
    cells: int = CELLS
    postings: int = POSTINGS
    by_letters: int = BY_LETTERS
    classes: int = CLASSES
    #: What each thread writes on.
    desks: threading.local = field(default_factory=threading.local, compare=False, repr=False)

    @classmethod
    def build(cls, grams: Grams, landmarks: NDArray[np.int64], cells: NDArray[np.int32]) -> Shortlist:
        """Turn the postings around, and gather the phrasings of each landmark."""
        import numpy as np

        by_row = grams.sparse().tocsr()
        ours = by_row[landmarks].tocsc()
        ours.sort_indices()
        order = np.argsort(cells, kind="stable")
        return cls(
            grams=grams,
            own=Grams(
                vocabulary=grams.vocabulary,
                idf=grams.idf,
                starts=ours.indptr.astype(np.int64),
                rows=ours.indices.astype(np.int32),
                weights=ours.data.astype(np.float32),
                size=len(landmarks),
            ),
            spans=by_row.indptr.astype(np.int64),
            texts=by_row.indices.astype(np.int32),
            weights=by_row.data.astype(np.float32),
            starts=np.searchsorted(cells[order], np.arange(len(landmarks) + 1)),
            members=order,
        )

    def candidates(
        self, against: NDArray[np.float64], places: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Numbers of the phrasings worth a look, from a text's kernel with the landmarks and its grams."""
        import numpy as np

        return np.union1d(self._near(against), self._by_letters(places, weights))

    def _by_letters(self, places: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
        """Phrasings that share the rarest of some weighed grams, at most ``by_letters``."""
        import numpy as np

        first, last = self.grams.starts[places], self.grams.starts[places + 1]
        order = np.argsort(last - first)
        read = order[: np.searchsorted(np.cumsum((last - first)[order]), self.postings, side="right")]
        lengths = (last - first)[read]
        within = _within(first[read], lengths)
        rows = self.grams.rows[within]
        shares = self.grams.weights[within] * np.repeat(weights[read], lengths)
        totals = np.bincount(rows, shares, minlength=self.grams.size)
        found = np.flatnonzero(totals)
        if len(found) > self.by_letters:
            found = found[np.argpartition(-totals[found], self.by_letters)[: self.by_letters]]
        return found

    def _near(self, against: NDArray[np.float64]) -> NDArray[np.int64]:
        """Phrasings of the landmarks with the highest kernel values, (m,)."""
        import numpy as np

        few = min(self.cells, len(against)) - 1
        nearest = np.argpartition(-against, few)[: few + 1]
        spans = zip(self.starts[nearest].tolist(), self.starts[nearest + 1].tolist(), strict=True)
        return np.concatenate([self.members[first:last] for first, last in spans])

    def likeness(
        self, rows: NDArray[np.int64], places: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Cosine of weighed grams with some phrasings, (r,) float32."""
        import numpy as np

        sought = self._sought()
        sought[places] = weights
        first = self.spans[rows]
        lengths = self.spans[rows + 1] - first
        within = _within(first, lengths)
        shares = sought[self.texts[within]] * self.weights[within]
        sought[places] = 0
        owner = np.repeat(np.arange(len(rows)), lengths)
        return np.bincount(owner, shares, minlength=len(rows)).astype(np.float32)

    def _sought(self) -> NDArray[np.float32]:
        """A row of zeros over the vocabulary, this thread's own: to make one costs more than to clear it."""
        import numpy as np

        if not hasattr(self.desks, "sought"):
            self.desks.sought = np.zeros(len(self.grams.vocabulary), dtype=np.float32)
        kept: NDArray[np.float32] = self.desks.sought
        return kept

    def best(self, fused: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of the classes with the most like candidates, in ascending order."""
        import numpy as np

        best_first = labels[np.argsort(-fused, kind="stable")]
        _, first = np.unique(best_first, return_index=True)
        return np.sort(best_first[np.sort(first)[: self.classes]])


def _within(first: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every number of several stretches, one stretch after the other."""
    import numpy as np

    ends = np.cumsum(lengths)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - lengths), lengths))
