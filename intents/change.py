"""In what a library differs from the one that was fitted, in a few phrasings, ready to be scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from intents import growth, head
from intents.base import Base
from intents.growth import Column
from intents.rows import Label, Row
from intents.views import Grams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Rows that came and rows that went, and what that does to the head."""

    added: tuple[Row, ...]
    #: The added rows' centred vectors by encoder, (d, …).
    matrices: tuple[NDArray[np.float32], ...]
    #: Their letters, in a vocabulary that holds the base's.
    letters: Grams
    #: Numbers of the base's rows that went.
    removed: NDArray[np.int64]
    #: Classes as they are now.
    labels: tuple[Label, ...]
    #: What was solved for each changed row, kept for the next change.
    columns: Mapping[Row, Column]
    #: Without a shortlist: the dual of the base's rows, zeros for those that went, and of the added.
    dual: NDArray[np.float32] | None
    #: With one: (m, k) and (k, c), whose product comes to the base's dual.
    step: tuple[NDArray[np.float32], NDArray[np.float32]] | None


def change(
    base: Base,
    added: Sequence[Row],
    removed: NDArray[np.int64],
    labels: Sequence[Label],
    *,
    known: Mapping[Row, Column],
    cache: Path | None,
) -> Change:
    """Reckon what the rows that came and went change; ``known`` are the columns of the change before.

    Raises EncoderError when an encoder cannot be used, ValueError when the base kept no inverse.
    """
    import numpy as np

    fitted = base.fitted
    if fitted.inverse is None:
        raise ValueError("a base without its inverse cannot change")
    texts = [base.canonical(row.text) for row in added]
    letters = fitted.grams.beside(texts)
    matrices = tuple(
        base.encode(number, [row.text for row in added], cache=cache) for number in range(len(base.encoders))
    )
    columns: dict[Row, Column] = {}
    for number, row in enumerate(added):
        columns[row] = known.get(row) or growth.column(
            fitted.inverse,
            base.against(
                base.letters.cosines(*fitted.grams.known(*letters.weigh(texts[number]), letters)),
                [matrix[number] for matrix in matrices],
            ),
        )
    ordered = list(base.numbers)
    gone = removed.tolist()
    for number in gone:
        columns[ordered[number]] = known.get(ordered[number]) or _lost(base, ordered[number], number)
    numbers = {label: number for number, label in enumerate(labels)}
    places = np.array([numbers.get(label, -1) for label in base.labels], dtype=np.int64)
    came = np.array([numbers[row.label] for row in added], dtype=np.int64)
    dual = fitted.dual
    if tuple(labels) != base.labels:
        former = {label: number for number, label in enumerate(base.labels)}
        columns_of = np.array([former.get(label, -1) for label in labels], dtype=np.int64)
        dual = dual.take(columns_of, axis=1)
        dual[:, columns_of < 0] = 0
    step = None
    if base.shortlist is None:
        own = head.kernel(
            [_letters(letters, texts), *(matrix @ matrix.T for matrix in matrices)], base.weights
        )
        dual = growth.exact(
            dual,
            places[base.classes],
            removed=removed,
            without=[columns[ordered[number]] for number in gone],
            added=[columns[row] for row in added],
            own=own,
            added_labels=came,
        )
    else:
        solved, found = growth.by_landmarks(
            dual,
            changed=[columns[row] for row in (*added, *(ordered[number] for number in gone))],
            signs=np.repeat([1.0, -1.0], [len(added), len(gone)]),
            labels=np.concatenate([came, places[base.classes[removed]]]),
        )
        step = solved.astype(np.float32), found.astype(np.float32)
    return Change(
        added=tuple(added),
        matrices=matrices,
        letters=letters,
        removed=removed,
        labels=tuple(labels),
        columns=columns,
        dual=dual.astype(np.float32, copy=False) if base.shortlist is None else None,
        step=step,
    )


def _lost(base: Base, row: Row, number: int) -> Column:
    """The column of a row that goes: exact fits lose its equation, landmarks its pull."""
    fitted = base.fitted
    if fitted.inverse is None:
        raise ValueError("a base without its inverse cannot change")
    if base.shortlist is None:
        return growth.removed_column(fitted.inverse, number, len(base.numbers))
    letters = base.letters.cosines(*fitted.grams.weigh(base.canonical(row.text)))
    return growth.column(fitted.inverse, base.against(letters, [matrix[number] for matrix in base.matrices]))


def _letters(letters: Grams, texts: Sequence[str]) -> NDArray[np.float32]:
    import numpy as np

    return np.array([letters.likeness(text) for text in texts], dtype=np.float32).reshape(
        len(texts), len(texts)
    )
