"""The phrasings that the head was fitted on, with all that was fitted: what an index stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from intents import centring, fitting, head, rows, vectors, views
from intents.centring import Centre
from intents.fitting import Fitted
from intents.rows import Kind, Label, Row
from intents.shortlist import Shortlist
from intents.views import Grams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from intents.encoder import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Immutable; several indexes that differ in a few rows share it."""

    #: Every row, sorted by class, and its number.
    numbers: Mapping[Row, int]
    every: frozenset[Row]
    labels: tuple[Label, ...]
    #: Class of each row, (n,).
    classes: NDArray[np.int64]
    encoders: tuple[Encoder, ...]
    synonyms: tuple[tuple[str, ...], ...]
    #: Writes every variant of the synonym table as its first word.
    canonical: Callable[[str], str]
    #: Centred vectors by encoder, (n, d) float32, and what was taken off them.
    matrices: tuple[NDArray[np.float32], ...]
    centres: tuple[Centre, ...]
    fitted: Fitted
    #: The landmarks under each view; without a shortlist all rows are landmarks.
    letters: Grams
    landmarks: tuple[NDArray[np.float32], ...]
    #: How candidates are found when there are more than ``head.EXACT_ROWS``; else None.
    shortlist: Shortlist | None

    @property
    def weights(self) -> tuple[float, ...]:
        """Shares of the views."""
        return fitting.weights(len(self.encoders))

    def encode(self, number: int, texts: Sequence[str], *, cache: Path | None) -> NDArray[np.float32]:
        """Centred vectors of some texts by one encoder, through the cache."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.matrices[number].shape[1]), dtype=np.float32)
        raw = vectors.vectors(self.encoders[number], texts, cache=cache)
        return self.centres[number].centred(raw, texts)

    def against(
        self, letters: NDArray[np.float32], encoded: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float64]:
        """Kernel of one text with the landmarks, (m,), from its letters' cosines and centred vectors."""
        views_of = [letters, *(one @ matrix.T for one, matrix in zip(encoded, self.landmarks, strict=True))]
        return head.kernel(views_of, self.weights)


def build(
    given: Sequence[Row],
    encoders: Sequence[Encoder],
    *,
    synonyms: Sequence[Sequence[str]],
    cache: Path | None,
    progress: Callable[[int, int], None] | None,
) -> Base:
    """Index the rows under all views and fit the head, or take both from the cache folder.

    ``progress(done, total)`` counts the texts that an encoder had to read. Raises EncoderError
    when an encoder's weights are not the pinned ones, ValueError without a topic row.
    """
    import numpy as np

    given = rows.ordered(given)
    if not given or given[0].label.kind is not Kind.TOPIC:
        raise ValueError("an index needs at least one phrasing of one topic")
    texts = [row.text for row in given]
    matrices, centres = [], []
    for one in encoders:
        raw = vectors.vectors(one, texts, cache=cache, progress=progress)
        centres.append(centring.centre(raw, texts))
        matrices.append(centres[-1].centred(raw, texts))
    labels = rows.classes(row.label for row in given)
    numbers = {label: number for number, label in enumerate(labels)}
    fitted = fitting.fit(given, encoders, matrices, synonyms=synonyms, cache=cache)
    short = None
    if len(fitted.landmarks) < len(given):
        short = Shortlist.build(fitted.grams, fitted.landmarks, fitted.cells)
    return Base(
        numbers={row: number for number, row in enumerate(given)},
        every=frozenset(given),
        labels=tuple(labels),
        classes=np.array([numbers[row.label] for row in given], dtype=np.int64),
        encoders=tuple(encoders),
        synonyms=tuple(map(tuple, synonyms)),
        canonical=views.canonicaliser(synonyms),
        matrices=tuple(matrices),
        centres=tuple(centres),
        fitted=fitted,
        letters=short.own if short else fitted.grams,
        landmarks=tuple(matrix[fitted.landmarks] for matrix in matrices) if short else tuple(matrices),
        shortlist=short,
    )
