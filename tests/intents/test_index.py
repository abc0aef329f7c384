"""Indexes of many phrasings, and of a few phrasings more or fewer."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from intents import base, fitting, growth, head, rows
from intents.base import Base
from intents.index import Index
from intents.rows import Kind, Label, Row
from tests.intents.fake_encoder import FakeEncoder

WORDS = [
    "마감",
    "기한",
    "온라인",
    "발표",
    "저작권",
    "소유",
    "수집",
    "가공",
    "자정",
    "대금",
    "지원서",
    "양식",
    "팀원",
    "변경",
]
ASKED = [
    "접수 마감 기한이 언제인가요",
    "온라인 발표인가요",
    "저작권 소유는요?",
    "who owns the data",
    "",
    "지원서 양식",
    "비자 서류",
]


def label(number: int) -> Label:
    kind = Kind.TOPIC if number < 6 else Kind.UNKNOWN if number < 9 else Kind.BACKGROUND
    return Label(kind=kind, id=f"class-{number}")


def phrasings(count: int) -> list[Row]:
    """Rows of ten classes, each with words that it likes."""
    dice = random.Random(3)
    found: set[Row] = set()
    while len(found) < count:
        number = dice.randrange(10)
        words = [WORDS[number], *dice.sample(WORDS, 3), str(dice.randrange(1000))]
        found.add(Row(text=" ".join(words), label=label(number)))
    return sorted(found, key=lambda row: row.text)


def settled(found: Base, given: Sequence[Row]) -> Index:
    """A full fit on other rows, with the frequencies and the means of a base."""
    letters = found.fitted.grams.beside([found.canonical(row.text) for row in given])
    matrices = tuple(
        found.encode(number, [row.text for row in given], cache=None) for number in range(len(found.encoders))
    )
    labels = sorted({row.label for row in given}, key=lambda one: (list(Kind).index(one.kind), one.id))
    classes = np.array([labels.index(row.label) for row in given])
    own = np.array([letters.likeness(found.canonical(row.text)) for row in given])
    fitted = head.fit(
        head.kernel([own, *(one @ one.T for one in matrices)], found.weights),
        classes,
        np.arange(len(given)),
        classes=len(labels),
    )
    return Index(
        dataclasses.replace(
            found,
            every=frozenset(given),
            numbers={row: number for number, row in enumerate(given)},
            labels=tuple(labels),
            classes=classes,
            matrices=matrices,
            fitted=dataclasses.replace(found.fitted, grams=letters, dual=fitted.dual),
            letters=letters,
            landmarks=matrices,
        ),
        None,
    )


@pytest.mark.parametrize("encoders", [0, 1])
@pytest.mark.parametrize(("fewer", "more"), [(0, 1), (1, 0), (3, 5), (0, 12)])
def test_changed_index_scores_as_a_full_fit(tmp_path: Path, encoders: int, fewer: int, more: int) -> None:
    everything = phrasings(150)
    new = [Row(text=f"비자 서류 마감 {number}", label=label(number % 3)) for number in range(more)]
    wanted = [*everything[fewer:], *new]
    found = base.build(everything, [FakeEncoder()] * encoders, synonyms=(), cache=tmp_path, progress=None)

    grown = Index(found, None).changed(wanted, cache=tmp_path)
    full = settled(found, rows.ordered(wanted))

    assert grown is not None
    for one, other in zip(grown.score(ASKED), full.score(ASKED), strict=True):
        assert np.abs(one.scores - other.scores).max() < 1e-5
        assert all(np.abs(one.nearest[name] - other.nearest[name]).max() < 1e-5 for name in one.nearest)


def cross_dual(
    cross: NDArray[np.float64], labels: NDArray[np.int64], inverse: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(inverse @ (cross.T @ np.eye(3)[labels]))


def test_changed_head_equals_a_full_fit() -> None:
    dice = np.random.default_rng(5)
    points = dice.normal(size=(60, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    whole = head.kernel([points @ points.T], [1.0])
    labels = np.arange(60) % 3
    fitted = head.fit(whole[:50, :50].copy(), labels[:50], np.arange(50), classes=3)
    inverse = fitting.packed(fitted.inverse)
    gone, kept = np.array([4, 17]), np.delete(np.arange(60), [4, 17])

    changed = growth.exact(
        fitted.inverse @ np.eye(3)[labels[:50]],
        labels[:50],
        removed=gone,
        without=[growth.removed_column(inverse, number, 50) for number in gone.tolist()],
        added=[growth.column(inverse, whole[:50, number]) for number in range(50, 60)],
        own=whole[50:, 50:],
        added_labels=labels[50:],
    )
    full = head.fit(whole[np.ix_(kept, kept)], labels[kept], np.arange(58), classes=3)

    assert np.abs(changed[kept] - full.inverse @ np.eye(3)[labels[kept]]).max() < 1e-9
    assert not changed[gone].any()


def test_changed_head_by_landmarks_equals_a_full_fit() -> None:
    dice = np.random.default_rng(6)
    points = dice.normal(size=(60, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    chosen, labels = np.arange(0, 48, 4), np.arange(60) % 3
    cross = head.kernel([points @ points[chosen].T], [1.0])
    fitted = head.fit(cross[:50], labels[:50], chosen, classes=3)
    inverse = fitting.packed(fitted.inverse)
    gone, kept = [5, 18], np.delete(np.arange(60), [5, 18])

    solved, found = growth.by_landmarks(
        cross_dual(cross[:50], labels[:50], fitted.inverse),
        changed=[growth.column(inverse, cross[number]) for number in (*range(50, 60), *gone)],
        signs=np.array([1.0] * 10 + [-1.0] * 2),
        labels=labels[[*range(50, 60), *gone]],
    )
    full = head.fit(cross[kept], labels[kept], np.searchsorted(kept, chosen), classes=3)

    dual = cross_dual(cross[:50], labels[:50], fitted.inverse) + solved @ found
    assert np.abs(dual - cross_dual(cross[kept], labels[kept], full.inverse)).max() < 1e-6


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Base:
    """A base of more rows than are fitted exactly; the bound is lowered, so that it need not be large."""
    monkeypatch.setattr(head, "EXACT_ROWS", 100)
    monkeypatch.setattr(head, "LANDMARKS", 80)
    return base.build(phrasings(300), [FakeEncoder()], synonyms=(), cache=tmp_path, progress=None)


def test_short_list_finds_what_a_full_scan_finds(many: Base) -> None:
    found = Index(many, None)
    for one, full in zip(found.score(ASKED[:3]), found.exhaustive().score(ASKED[:3]), strict=True):
        assert (one.scores.argmax(), one.closest) == (full.scores.argmax(), full.closest)
        assert one.scores.max() == pytest.approx(full.scores.max(), abs=1e-6)


def test_short_list_survives_a_text_without_letters(many: Base) -> None:
    (scored,) = Index(many, None).score([""])

    assert np.isfinite(scored.scores).all()


def test_added_phrasing_is_found_among_many(many: Base, tmp_path: Path) -> None:
    new = Row(text="비자 서류는 어디에 내나요", label=Label(kind=Kind.TOPIC, id="visa"))
    grown = Index(many, None).changed([*phrasings(300)[1:], new], cache=tmp_path)

    assert grown is not None
    (scored,) = grown.score([new.text])
    place = grown.numbers[new.label]
    assert grown.rows[scored.closest] == new
    assert scored.nearest["letters"][place] == pytest.approx(1.0, abs=1e-5)
    assert scored.scores[place] > 0


def test_many_changes_ask_for_a_new_fit(tmp_path: Path) -> None:
    found = base.build(phrasings(300), [], synonyms=(), cache=tmp_path, progress=None)

    assert Index(found, None).changed(phrasings(300)[:20], cache=tmp_path) is None


def test_index_without_its_inverse_asks_for_a_new_fit() -> None:
    found = base.build(phrasings(30), [], synonyms=(), cache=None, progress=None)

    assert Index(found, None).changed(phrasings(30)[1:], cache=None) is None


def test_phrasing_that_went_is_no_longer_present_nor_closest(tmp_path: Path) -> None:
    everything = phrasings(60)
    found = base.build(everything, [], synonyms=(), cache=tmp_path, progress=None)
    fewer = Index(found, None).changed(everything[1:], cache=tmp_path)

    assert fewer is not None
    assert set(fewer.present()) == set(everything[1:])
    assert fewer.rows[fewer.score([everything[0].text])[0].closest] != everything[0]
    again = fewer.changed(everything, cache=tmp_path)
    assert again is not None
    assert set(again.present()) == set(everything)
