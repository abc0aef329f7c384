"""The phrasings that are compared, and the classes they stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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


_ORDER = {kind: number for number, kind in enumerate(Kind)}


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Sort the rows, each once, so that a class is a slice and topics come first."""
    return sorted(set(rows), key=lambda row: (_ORDER[row.label.kind], row.label.id, row.text))


def classes(labels: Iterable[Label]) -> list[Label]:
    """Every label once, topics first, in the order of the score columns."""
    return sorted(set(labels), key=lambda label: (_ORDER[label.kind], label.id))
