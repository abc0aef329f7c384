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
from typing import TYPE_CHECKING

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
    pattern = re.compile("|".join(_word(word) for word in words))
    return lambda text: pattern.sub(lambda m: canonical.get(m.group(0), m.group(0)), text)


def _word(word: str) -> str:
    before = r"(?<![0-9a-z])" if word[0].isascii() else r"(?<![가-힣])"
    after = r"(?![0-9a-z])" if word[-1].isascii() else ""
    return f"{before}{re.escape(word)}{after}"


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
        place = {gram: number for number, gram in enumerate(vocabulary)}
        frequency = np.array([seen[gram] for gram in vocabulary], dtype=np.float64)
        idf = np.log((1 + len(texts)) / (1 + frequency)) + 1
        columns: list[int] = []
        rows: list[int] = []
        weights: list[float] = []
        for row, count in enumerate(counts):
            places = [place[gram] for gram in count]
            raw = (1 + np.log(np.fromiter(count.values(), float, len(count)))) * idf[places]
            norm = float(np.sqrt((raw**2).sum())) or 1.0
            columns.extend(places)
            rows.extend([row] * len(places))
            weights.extend((raw / norm).tolist())
        order = np.argsort(np.array(columns, dtype=np.int64), kind="stable")
        starts = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
        return cls(
            vocabulary=np.array(vocabulary, dtype=f"U{LONGEST}"),
            idf=idf.astype(np.float32),
            starts=starts,
            rows=np.array(rows, dtype=np.int32)[order],
            weights=np.array(weights, dtype=np.float32)[order],
            size=len(texts),
        )

    def likeness(self, text: str) -> NDArray[np.float32]:
        """Cosine with every indexed text, (n,) float32."""
        import numpy as np

        nothing = np.zeros(self.size, dtype=np.float32)
        count = Counter(grams(text))
        if not count or not len(self.vocabulary):
            return nothing
        wanted = np.array(list(count), dtype=f"U{LONGEST}")
        places = np.minimum(np.searchsorted(self.vocabulary, wanted), len(self.vocabulary) - 1)
        known = self.vocabulary[places] == wanted
        places = places[known]
        weight = (1 + np.log(np.array(list(count.values()), dtype=np.float64)[known])) * self.idf[places]
        norm = np.sqrt((weight**2).sum())
        if not norm:
            return nothing
        bounds = zip(self.starts[places].tolist(), self.starts[places + 1].tolist(), strict=True)
        spans = [slice(first, last) for first, last in bounds]
        shares = zip(spans, (weight / norm).tolist(), strict=True)
        found = np.bincount(
            np.concatenate([self.rows[span] for span in spans]),
            np.concatenate([self.weights[span] * share for span, share in shares]),
            minlength=self.size,
        )
        return found.astype(np.float32)

    def gram_matrix(self) -> NDArray[np.float32]:
        """Cosine of every indexed text with every other, (n, n) float32."""
        import numpy as np
        from scipy import sparse

        by_gram = sparse.csc_matrix(
            (self.weights, self.rows, self.starts), shape=(self.size, len(self.vocabulary))
        )
        return np.asarray((by_gram @ by_gram.T).toarray(), dtype=np.float32)

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


def jamo(text: str) -> str:
    """Take Hangul syllables apart, so that one wrong letter is one letter and not a syllable."""
    return unicodedata.normalize("NFD", bare(text))


def typing_likeness(first: str, second: str) -> float:
    """Share of jamo that two texts have in common in order, 0.0 to 1.0.

    Plain ratio on purpose: WRatio's partial matches fit every long sentence to every short one.
    """
    from rapidfuzz import fuzz

    return fuzz.ratio(jamo(first), jamo(second)) / 100
