"""Libraries of any size, made of the packaged one: halves of its phrasings put together anew."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intents.encoder import Encoder
from intents.rows import Kind, Label, Row

#: Phrasings of a class.
EACH = 10
#: Classes tried for each phrasing wanted, before the given ones are called too few.
MOST_CLASSES = 10
#: Share of the classes that are topics; of the others some are background, the rest known unknowns.
TOPICS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """Phrasings put together from two each."""

    rows: tuple[Row, ...]
    #: By text, the two texts that it was made of.
    parents: Mapping[str, tuple[str, str]]


def mixed(given: Sequence[Row], *, count: int, seed: int) -> Mixed:
    """Make ``count`` phrasings, ten a class; a class is the first halves of one and the ends of another.

    Raises:
        ValueError: the given ones are too few to make so many different ones of.
    """
    dice = random.Random(seed)
    by_label: dict[Label, list[str]] = {}
    for row in given:
        if row.label.kind is not Kind.BACKGROUND:
            by_label.setdefault(row.label, []).append(row.text)
    pools = list(by_label.values())
    rows: list[Row] = []
    parents: dict[str, tuple[str, str]] = {}
    number = 0
    while len(rows) < count:
        if number > MOST_CLASSES * count:
            raise ValueError(f"{len(given)} phrasings are too few to mix {count} different ones")
        first, second = dice.sample(pools, 2)
        kind = Kind.TOPIC if number == 0 or dice.random() < TOPICS else Kind.UNKNOWN
        label = Label(kind=kind, id=f"mixed-{number}")
        number += 1
        for _ in range(min(EACH, count - len(rows))):
            one, other = dice.choice(first), dice.choice(second)
            text = _joined(one, other)
            if text not in parents:
                parents[text] = one, other
                rows.append(Row(text=text, label=label))
    return Mixed(rows=tuple(rows), parents=parents)


def _joined(one: str, other: str) -> str:
    start, end = one.split(), other.split()
    return " ".join([*start[: max(1, len(start) // 2)], *end[len(end) // 2 :]])


def questions(given: Sequence[Row], *, count: int, seed: int) -> list[str]:
    """Phrasings with a word taken out, as somebody else would have put it."""
    dice = random.Random(seed)
    found = []
    for row in dice.sample(list(given), count):
        words = row.text.split()
        if len(words) > 3:
            del words[dice.randrange(len(words))]
        found.append(" ".join(words))
    return found


class MixedEncoder:
    """An encoder that reads questions itself and takes a mixed phrasing's vector between its parents'.

    To read fifty thousand phrasings takes twenty minutes, and they are no sentences that anybody wrote.
    """

    def __init__(
        self, real: Encoder, parents: Mapping[str, tuple[str, str]], cached: Mapping[str, NDArray[np.float32]]
    ) -> None:
        self.id = f"{real.id}-mixed"
        self._real = real
        self._parents = parents
        self._cached = cached

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of unit norm."""
        if not any(text in self._parents for text in texts):
            return self._real.encode(texts)
        found = np.vstack([self._one(text) for text in texts])
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)

    def _one(self, text: str) -> NDArray[np.float32]:
        if text not in self._parents:
            return np.asarray(self._real.encode([text])[0])
        one, other = self._parents[text]
        return np.add(self._cached[one], self._cached[other], dtype=np.float32)
