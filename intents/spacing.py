"""Puts spaces back into text that has almost none, as the library's own sentences are spaced.

Phones and forms swallow spaces, and Korean stays readable without them; sentence cutting and the
encoders do not. Whether a space stands between two letters is judged by the letters around it, the
longest context first that the library knows, so that no dictionary is needed for either language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

#: Letters of a text from which missing spaces show.
SHORTEST = 10
#: Spaces a letter below which a text has almost none: Korean has one in four, English one in six.
SPARSE = 0.04
#: Letters to the left and right of a gap, from the least context to the most.
_CONTEXTS = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (4, 4))
#: Weight of the shorter contexts' judgement beside what the longer one has seen.
_TRUST = 1.0
#: Chance from which a space is put.
_LIKELY = 0.5

_MARK = re.compile(r"(?<=[?!])(?=[^\s?!.,)\]'\"])|(?<=[가-힣][.,])(?=[^\W\d])|(?<=[a-z][.,])(?=[A-Z가-힣])")
_RUN = re.compile(r"[^\W\d_]+")


def is_unspaced(text: str) -> bool:
    """Whether a text has almost no spaces for its length."""
    letters = sum(char.isalpha() for char in text)
    return letters >= SHORTEST and text.count(" ") < SPARSE * letters


class Spacer:
    """Knows how the sentences of a library are spaced; immutable once built."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._seen: Counter[str] = Counter()
        self._spaced: Counter[str] = Counter()
        gaps = spaces = 0
        for text in texts:
            bare, open_at = _closed(text.lower())
            inner = [n for n in range(1, len(bare)) if bare[n - 1].isalpha() and bare[n].isalpha()]
            spaced = [n for n in inner if n in open_at]
            gaps, spaces = gaps + len(inner), spaces + len(spaced)
            for left, right in _CONTEXTS:
                self._seen.update([_key(bare, n, left, right) for n in inner])
                self._spaced.update([_key(bare, n, left, right) for n in spaced])
        self._usual = spaces / gaps if gaps else 0.0

    def respace(self, text: str) -> str:
        """Return the text with spaces where the library would have them; lines and marks are kept."""
        return _RUN.sub(lambda run: self._opened(run.group(0)), _MARK.sub(" ", text))

    def _opened(self, run: str) -> str:
        low = run.lower()
        if len(low) != len(run):
            return run
        pieces = [run[0]]
        for place in range(1, len(run)):
            chance = self._usual
            for left, right in _CONTEXTS:
                key = _key(low, place, left, right)
                chance = (self._spaced[key] + _TRUST * chance) / (self._seen[key] + _TRUST)
            pieces.append(f" {run[place]}" if chance > _LIKELY else run[place])
        return "".join(pieces)


def _closed(text: str) -> tuple[str, set[int]]:
    """Take the spaces out of a text, and tell before which letters they stood."""
    bare: list[str] = []
    gaps: set[int] = set()
    for char in text:
        if char.isspace():
            gaps.add(len(bare))
        else:
            bare.append(char)
    return "".join(bare), gaps


def _key(bare: str, place: int, left: int, right: int) -> str:
    return f"{bare[max(0, place - left) : place]} {bare[place : place + right]}"
