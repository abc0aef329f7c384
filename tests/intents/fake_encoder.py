"""A stand-in for a semantic encoder: words that mean the same share a direction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Words of the test library by meaning.
MEANINGS = {
    "deadline": ("마감", "기한", "며칠까지", "언제까지", "deadline", "last day"),
    "place": ("온라인", "화상", "비대면", "online", "remote"),
    "rights": ("저작권", "소유", "누구 것", "copyright", "owns"),
    "hour": ("몇 시", "자정", "what hour", "midnight"),
    "thanks": ("감사", "고맙", "thank"),
    "invoice": ("세금계산서", "대금", "invoice"),
    "dataset": ("수집", "가공", "만들 수", "collect", "build"),
}


class FakeEncoder:
    """Counts what it encodes, so that a test can see what the cache saved."""

    def __init__(self, name: str = "fake-1-0") -> None:
        self.id = name
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one direction a meaning plus a little noise that depends on the text alone."""
        self.encoded.extend(texts)
        rows = np.zeros((len(texts), len(MEANINGS) + 8), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for place, words in enumerate(MEANINGS.values()):
                row[place] = float(any(word in text for word in words))
            digest = hashlib.sha256(text.encode()).digest()[:8]
            row[len(MEANINGS) :] = np.frombuffer(digest, dtype=np.uint8) / 255 * 0.3
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows
