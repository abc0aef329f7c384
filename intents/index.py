"""Scores a sentence against each class of a library, as it was fitted and with what changed since."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from intents import base, change, growth, head, rows
from intents.base import Base
from intents.change import Change
from intents.rows import Kind, Row
from intents.shortlist import Shortlist

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from intents.encoder import Encoder

#: The lexical view's name in scores; the encoders go by their ids.
LETTERS = "letters"
#: Classes of a kind that are told by name, the best ones.
RANKED = 8
#: Sentences of several messages that go through the head in one product: more save little, and what the
#: product takes lies in memory meanwhile.
TOGETHER = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One sentence against every class of the index, in the order of ``Index.labels``.

    In an index of very many phrasings the classes far from the sentence score 0.0 unseen.
    """

    #: The head's score, about 0.0 to 1.0.
    scores: NDArray[np.float64]
    #: By view: cosine of the class's nearest phrasing.
    nearest: Mapping[str, NDArray[np.float64]]
    #: Number of the phrasing with the highest fused cosine.
    closest: int


class Index:
    """All classes of a library; immutable once built, safe to score from several threads."""

    def __init__(self, found: Base, changed: Change | None) -> None:
        import numpy as np
        import threadpoolctl

        added = changed.added if changed else ()
        #: Every phrasing that was or is compared; ``present`` leaves out those that went.
        self.rows = (*found.numbers, *added)
        self.labels = changed.labels if changed else found.labels
        #: Place of each class among the scores.
        self.numbers = {label: number for number, label in enumerate(self.labels)}
        self.encoders = found.encoders
        self.curve = found.fitted.curve
        #: Score of the best class below which nothing in the library is close.
        self.floor = found.fitted.floor
        #: Estimated risk at each of calibrate.LEADS.
        self.risks = found.fitted.risks
        self._counts = {kind: sum(label.kind is kind for label in self.labels) for kind in Kind}
        self._base = found
        self._change = changed
        self._names = (LETTERS, *(one.id for one in self.encoders))
        # One thread, for good: on products this small a second one only spins, and doubles the CPU time;
        # to set and to restore the limit at every question costs more than some of them.
        if changed is None:
            threadpoolctl.threadpool_limits(limits=1, user_api="blas")
        # Rows are sorted by class, so that a class is a slice and its best a reduceat.
        self._starts = np.searchsorted(found.classes, np.arange(len(found.labels)))
        # Place of each of the base's classes among the scores, and the other way; -1 where there is none.
        self._places = np.array([self.numbers.get(label, -1) for label in found.labels], dtype=np.int64)
        self._kept = self._places >= 0
        self._columns = np.full(len(self.labels), -1)
        self._columns[self._places[self._kept]] = np.flatnonzero(self._kept)
        self._added = np.array([self.numbers[row.label] for row in added], dtype=np.int64)
        self._classes = np.concatenate([self._places[found.classes], self._added])

    def present(self) -> Iterator[Row]:
        """Yield the phrasings of the library as it is now."""
        gone = set(self._change.removed.tolist()) if self._change else ()
        yield from (row for number, row in enumerate(self.rows) if number not in gone)

    def score(self, texts: Sequence[str], *, together: int = 1) -> list[Scored]:
        """Score normalised sentences; each encoder is asked once for all of them.

        So many as ``together`` go through the head in one product: very many at once take a fraction of
        the time for each, and the last digits of the scores are rounded otherwise.
        """
        if not texts:
            return []
        centres = zip(self.encoders, self._base.centres, strict=True)
        encoded = [centre.centred(one.encode(texts), texts) for one, centre in centres]
        spelt = [self._spell(self._base.canonical(text)) for text in texts]
        if self._base.shortlist is not None:
            return [
                self._among_candidates(self._base.shortlist, letters, [one[place] for one in encoded])
                for place, letters in enumerate(spelt)
            ]
        found: list[Scored] = []
        cosines = [self._cosines(number, one) for number, one in enumerate(encoded)]
        for start in range(0, len(texts), together):
            some = slice(start, start + together)
            found += self._among_all([self._likeness(spelt[some]), *(one[some] for one in cosines)])
        return found

    def _spell(self, text: str) -> _Letters:
        if self._change is None:
            return _Letters(*self._base.fitted.grams.weigh(text), None)
        places, weights = self._change.letters.weigh(text)
        known = self._base.fitted.grams.known(places, weights, self._change.letters)
        return _Letters(*known, self._change.letters.cosines(places, weights))

    def _likeness(self, spelt: Sequence[_Letters]) -> NDArray[np.float32]:
        """Cosine of some sentences' letters with every phrasing, (k, n)."""
        import numpy as np

        grams, added = self._base.fitted.grams, len(self._added)
        found = np.empty((len(spelt), grams.size + added), dtype=np.float32)
        for row, letters in zip(found, spelt, strict=True):
            row[: grams.size] = grams.cosines(letters.places, letters.weights)
            if letters.added is not None:
                row[grams.size :] = letters.added
        return found

    def _cosines(self, number: int, encoded: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        found = encoded @ self._base.matrices[number].T
        if self._change is None:
            return found
        return np.hstack([found, encoded @ self._change.matrices[number].T])

    def _among_all(self, likenesses: Sequence[NDArray[np.float32]]) -> list[Scored]:
        """Score sentences by their cosines with every phrasing, (k, n) by view."""
        import numpy as np

        dual = self._base.fitted.dual
        against = head.kernel(likenesses, self._base.weights)
        if self._change is not None and self._change.dual is not None:
            dual = self._change.dual
            for cosine in likenesses:
                cosine[:, self._change.removed] = -1
        fused = sum(weight * cosine for weight, cosine in zip(self._base.weights, likenesses, strict=True))
        # One pass over the dual, which is larger than any cache, for all of them.
        scores = (against.astype(np.float32) @ dual).astype(np.float64)
        nearest = [self._nearest(cosine) for cosine in likenesses]
        return [
            Scored(
                scores=scores[row],
                nearest={name: one[row] for name, one in zip(self._names, nearest, strict=True)},
                closest=closest,
            )
            for row, closest in enumerate(np.argmax(fused, axis=1).tolist())
        ]

    def _nearest(self, cosine: NDArray[np.float32]) -> NDArray[np.float64]:
        """Cosine of each class's nearest phrasing, (k, c) of (k, n)."""
        import numpy as np

        size = len(self._base.classes)
        best = np.maximum.reduceat(cosine[:, :size], self._starts, axis=1).astype(np.float64)
        if self._change is None:
            return best
        found = np.full((len(cosine), len(self.labels)), -1.0)
        found[:, self._places[self._kept]] = best[:, self._kept]
        for row, added in zip(found, cosine[:, size:], strict=True):
            np.maximum.at(row, self._added, added)
        return found

    def _among_candidates(
        self, short: Shortlist, letters: _Letters, encoded: Sequence[NDArray[np.float32]]
    ) -> Scored:
        import numpy as np

        known = letters.places, letters.weights
        against = self._base.against(short.own.cosines(*known), encoded)
        found = short.candidates(against, *known)
        if self._change is not None:
            found = found[~np.isin(found, self._change.removed)]
        vectors = zip(encoded, self._base.matrices, strict=True)
        cosines = [short.likeness(found, *known), *(matrix[found] @ one for one, matrix in vectors)]
        if self._change is not None and letters.added is not None:
            news = (matrix @ one for one, matrix in zip(encoded, self._change.matrices, strict=True))
            pairs = zip(cosines, (letters.added, *news), strict=True)
            cosines = [np.concatenate(pair) for pair in pairs]
            found = np.concatenate([found, len(self._base.classes) + np.arange(len(self._added))])
        classes = self._classes[found]
        fused = cosines[0] * self._base.weights[0]
        for weight, cosine in zip(self._base.weights[1:], cosines[1:], strict=True):
            fused = fused + weight * cosine
        chosen = short.best(fused, classes)
        scores = np.zeros(len(self.labels))
        scores[chosen] = self._scores(against.astype(np.float32), chosen)
        nearest = {name: np.zeros(len(self.labels)) for name in self._names}
        for name, cosine in zip(self._names, cosines, strict=True):
            np.maximum.at(nearest[name], classes, cosine)
        closest = int(found[np.argmax(fused)]) if len(found) else 0
        return Scored(scores=scores, nearest=nearest, closest=closest)

    def _scores(self, against: NDArray[np.float32], chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """The head's scores of some classes."""
        import numpy as np

        columns = self._columns[chosen]
        scores = self._base.fitted.dual.T[columns] @ against
        scores[columns < 0] = 0
        if self._change is not None and self._change.step is not None:
            solved, found = self._change.step
            scores = scores + (against @ solved) @ found[:, chosen]
        return np.asarray(scores, dtype=np.float32)

    def ranked(self, scores: NDArray[np.float64]) -> dict[Kind, tuple[tuple[str, float], ...]]:
        """The best classes of each kind with their scores, best first, at most ``RANKED``."""
        import numpy as np

        found, start = {}, 0
        for kind, count in self._counts.items():
            own = -scores[start : start + count]
            best = np.arange(count)
            if count > RANKED:
                best = np.flatnonzero(own <= np.partition(own, RANKED - 1)[RANKED - 1])
            best = best[own[best].argsort(kind="stable")[:RANKED]]
            found[kind] = tuple(
                (self.labels[start + place].id, float(-own[place])) for place in best.tolist()
            )
            start += count
        return found

    def exhaustive(self) -> Index:
        """The same index without short cuts: every phrasing is compared and every class scored."""
        short = self._base.shortlist
        if short is None:
            return self
        size = len(self._base.classes)
        every = dataclasses.replace(short, cells=len(self._base.fitted.landmarks), classes=size)
        return Index(dataclasses.replace(self._base, shortlist=every), self._change)

    def fits(self, encoders: Sequence[Encoder], synonyms: Sequence[Sequence[str]]) -> bool:
        """Whether it was made with these encoders and these synonyms."""
        own = [one.id for one in self.encoders]
        return own == [one.id for one in encoders] and self._base.synonyms == tuple(map(tuple, synonyms))

    def changed(self, given: Sequence[Row], *, cache: Path | None) -> Index | None:
        """Return the index of a library that differs from the fitted one in a few rows.

        None where a new fit is due: more than ``growth.CHANGED`` rows differ, or the cache folder
        did not keep what a change is reckoned with.
        """
        import numpy as np

        found, known = self._base, self._change.columns if self._change else {}
        wanted = set(given)
        removed = sorted(found.numbers[row] for row in found.every - wanted)
        added = rows.ordered(wanted - found.every)
        if not removed and not added:
            return self if self._change is None else Index(found, None)
        if found.fitted.inverse is None or len(removed) + len(added) > growth.CHANGED:
            return None
        gone = np.array(removed, dtype=np.int64)
        left = np.bincount(found.classes, minlength=len(found.labels)) - np.bincount(
            found.classes[gone], minlength=len(found.labels)
        )
        kept = [label for label, count in zip(found.labels, left.tolist(), strict=True) if count]
        labels = rows.classes([*kept, *(row.label for row in added)])
        if not labels or labels[0].kind is not Kind.TOPIC:
            return None
        return Index(found, change.change(found, added, gone, labels, known=known, cache=cache))


@dataclass(frozen=True, slots=True)
class _Letters:
    """A sentence's grams as the base numbers and weighs them, and its cosines with the added rows."""

    places: NDArray[np.int64]
    weights: NDArray[np.float64]
    added: NDArray[np.float32] | None


def build(
    given: Sequence[Row],
    encoders: Sequence[Encoder],
    *,
    synonyms: Sequence[Sequence[str]] = (),
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    near: Index | None = None,
) -> Index:
    """Index the rows under all views and fit the head, or take both from the cache folder.

    ``near`` is an index that may differ in a few rows only, and then lends its fit.
    ``progress(done, total)`` counts the texts that an encoder had to read. Raises EncoderError
    when an encoder's weights are not the pinned ones, ValueError without a topic row.
    """
    if near is not None and near.fits(encoders, synonyms):
        changed = near.changed(given, cache=cache)
        if changed is not None:
            return changed
    return Index(base.build(given, encoders, synonyms=synonyms, cache=cache, progress=progress), None)
