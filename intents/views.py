"""How alike two sentences are to the eye: character n-grams without spaces, and typing distance.

The n-gram view is kept as postings in plain arrays: the warm path then needs neither scipy nor
scikit-learn, whose imports alone would cost more than a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Longest character n-gram.
LONGEST = 4

_KEPT = re.compile(r"[^0-9a-z가-힣%]+")


def bare(text: str) -> str:
    """Keep lower-case letters and digits only: spacing and marks are the first thing people vary."""
    return _KEPT.sub("", text.lower())


def canonicaliser(synonyms: Sequence[Sequence[str]]) -> Callable[[str], str]:
    """Return the function that writes every variant of the synonym table as its first word.

    Korean particles may follow a variant, letters may not precede it; a Latin variant stands
    between non-letters.
    """
    canonical = {
        variant.lower(): words[0].lower() for words in synonyms for variant in words[1:] if variant.strip()
    }
    if not canonical:
        return str
    # A variant that contains another (or its own canonical word) must win: longest first.
    words = sorted({*canonical, *canonical.values()}, key=len, reverse=True)
    pattern = re.compile("|".join(_of_one_script(words)))
    return lambda text: pattern.sub(lambda m: canonical.get(m.group(0), m.group(0)), text)


def _of_one_script(words: Sequence[str]) -> Iterator[str]:
    """Latin and other words apart: where none can begin, as in most places, one look at a letter tells."""
    for ascii, before in ((True, r"(?<![0-9a-z])"), (False, r"(?<![가-힣])")):
        own = [word for word in words if word[0].isascii() is ascii]
        if own:
            first = "".join(sorted({re.escape(word[0]) for word in own}))
            yield f"(?=[{first}]){before}(?:{'|'.join(map(_word, own))})"


def _word(word: str) -> str:
    after = r"(?![0-9a-z])" if word[-1].isascii() else ""
    return f"{re.escape(word)}{after}"


def grams(text: str) -> Iterator[str]:
    """Yield the 1- to 4-grams of the bare text."""
    letters = bare(text)
    for size in range(1, LONGEST + 1):
        for start in range(len(letters) - size + 1):
            yield letters[start : start + size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grams:
    """TF-IDF of character n-grams over n texts, as postings sorted by gram."""

    #: Sorted, (v,) unicode.
    vocabulary: NDArray[np.str_]
    #: (v,) float32.
    idf: NDArray[np.float32]
    #: Postings of gram g are rows[starts[g]:starts[g + 1]] with their weights.
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    weights: NDArray[np.float32]
    size: int

    @classmethod
    def build(cls, texts: Sequence[str]) -> Grams:
        """Index the texts."""
        import numpy as np

        counts = [Counter(grams(text)) for text in texts]
        seen: Counter[str] = Counter()
        for count in counts:
            seen.update(count.keys())
        vocabulary = sorted(seen)
        frequency = np.array([seen[gram] for gram in vocabulary], dtype=np.float64)
        idf = np.log((1 + len(texts)) / (1 + frequency)) + 1
        columns, rows, weights = _postings(
            counts, {gram: number for number, gram in enumerate(vocabulary)}, idf
        )
        order = np.argsort(columns, kind="stable")
        return cls(
            vocabulary=np.array(vocabulary, dtype=f"U{LONGEST}"),
            idf=idf.astype(np.float32),
            starts=np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64),
            rows=rows[order],
            weights=weights[order],
            size=len(texts),
        )

    def beside(self, texts: Sequence[str]) -> Grams:
        """Index further texts by the frequencies of these, in a postings list of their own.

        Its vocabulary holds this one's and the further texts' new grams, as the rare ones they are; so it
        weighs a text for both, and ``known`` says what of that this one knows.
        """
        import numpy as np

        counts = [Counter(grams(text)) for text in texts]
        wanted = np.array(sorted(set().union(*counts)), dtype=f"U{LONGEST}")
        new = wanted[self.places(wanted) < 0]
        where = np.searchsorted(self.vocabulary, new)
        vocabulary = np.insert(self.vocabulary, where, new)
        # What a gram is worth that one text of all has.
        idf = np.insert(self.idf, where, np.float32(np.log((1 + self.size) / 2) + 1))
        found = dict(zip(wanted.tolist(), np.searchsorted(vocabulary, wanted).tolist(), strict=True))
        columns, rows, weights = _postings(counts, found, idf.astype(np.float64))
        order = np.argsort(columns, kind="stable")
        return Grams(
            vocabulary=vocabulary,
            idf=idf,
            starts=np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=len(vocabulary)))]),
            rows=rows[order],
            weights=weights[order],
            size=len(texts),
        )

    def known(
        self, places: NDArray[np.int64], weights: NDArray[np.float64], other: Grams
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Of grams that another vocabulary weighed, those that this one has, by its own numbers."""
        found = self.places(other.vocabulary[places])
        return found[found >= 0], weights[found >= 0]

    def places(self, wanted: NDArray[np.str_]) -> NDArray[np.int64]:
        """Numbers of grams in the vocabulary; -1 for one that no text has."""
        import numpy as np

        if not len(self.vocabulary):
            return np.full(len(wanted), -1)
        found = np.minimum(np.searchsorted(self.vocabulary, wanted), len(self.vocabulary) - 1)
        return np.where(self.vocabulary[found] == wanted, found, -1)

    def weigh(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Numbers of the text's known grams and their weights, of unit norm; both empty when it has none."""
        import numpy as np

        count = Counter(grams(text))
        places = self.places(np.array(list(count), dtype=f"U{LONGEST}"))
        known = places >= 0
        places = places[known]
        often = np.array(list(count.values()), dtype=np.float64)[known]
        weight = (1 + np.log(often)) * self.idf[places]
        norm = np.sqrt((weight**2).sum())
        return places, np.asarray(weight / norm if norm else weight, dtype=np.float64)

    def likeness(self, text: str) -> NDArray[np.float32]:
        """Cosine with every indexed text, (n,) float32."""
        return self.cosines(*self.weigh(text))

    def cosines(self, places: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """Cosine of weighed grams with every indexed text, (n,) float32."""
        import numpy as np

        if not len(places):
            return np.zeros(self.size, dtype=np.float32)
        first, last = self.starts[places], self.starts[places + 1]
        spans = [slice(*bounds) for bounds in zip(first.tolist(), last.tolist(), strict=True)]
        shares = np.concatenate([self.weights[span] for span in spans])
        shares *= np.repeat(weights.astype(np.float32), last - first)
        rows = np.concatenate([self.rows[span] for span in spans])
        found = np.bincount(rows, shares, minlength=self.size)
        return found.astype(np.float32)

    def gram_matrix(self) -> NDArray[np.float32]:
        """Cosine of every indexed text with every other, (n, n) float32."""
        import numpy as np

        by_gram = self.sparse()
        return np.asarray((by_gram @ by_gram.T).toarray(), dtype=np.float32)

    def sparse(self) -> Any:
        """The texts as rows of a scipy matrix, (n, v) by columns; a cosine is a product of two rows."""
        from scipy import sparse

        return sparse.csc_matrix(
            (self.weights, self.rows, self.starts), shape=(self.size, len(self.vocabulary))
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What a cache must keep."""
        return {
            "vocabulary": self.vocabulary,
            "idf": self.idf,
            "starts": self.starts,
            "rows": self.rows,
            "weights": self.weights,
        }

    @classmethod
    def restore(cls, stored: Mapping[str, NDArray[np.generic]], *, size: int) -> Grams:
        """Take up what ``arrays`` gave; KeyError when something is missing."""
        import numpy as np

        return cls(
            vocabulary=stored["vocabulary"].astype(f"U{LONGEST}", copy=False),
            idf=stored["idf"].astype(np.float32, copy=False),
            starts=stored["starts"].astype(np.int64, copy=False),
            rows=stored["rows"].astype(np.int32, copy=False),
            weights=stored["weights"].astype(np.float32, copy=False),
            size=size,
        )


def _postings(
    counts: Sequence[Mapping[str, int]], places: Mapping[str, int], idf: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Gram, text and weight of every occurrence, text by text; a text's weights have unit norm."""
    import numpy as np

    columns: list[int] = []
    rows: list[int] = []
    weights: list[float] = []
    for row, count in enumerate(counts):
        own = [places[gram] for gram in count]
        raw = (1 + np.log(np.fromiter(count.values(), float, len(count)))) * idf[own]
        norm = float(np.sqrt((raw**2).sum())) or 1.0
        columns.extend(own)
        rows.extend([row] * len(own))
        weights.extend((raw / norm).tolist())
    return (
        np.array(columns, dtype=np.int64),
        np.array(rows, dtype=np.int32),
        np.array(weights, dtype=np.float32),
    )


def jamo(text: str) -> str:
    """Take Hangul syllables apart, so that one wrong letter is one letter and not a syllable."""
    return unicodedata.normalize("NFD", bare(text))


def typing_likeness(first: str, second: str) -> float:
    """Share of jamo that two texts have in common in order, 0.0 to 1.0.

    Plain ratio on purpose: WRatio's partial matches fit every long sentence to every short one.
    """
    from rapidfuzz import fuzz

    return fuzz.ratio(jamo(first), jamo(second)) / 100
