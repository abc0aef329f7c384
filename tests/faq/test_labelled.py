"""The edition's own labelled questions: enough of them, of every kind, and none learned by heart."""

from __future__ import annotations

from pathlib import Path

import pytest
from rapidfuzz import fuzz, process

from faq import labelled, library
from faq.contest import Language
from faq.labelled import OUT_OF_SCOPE, Labelled
from faq.library import Library, LibraryError


@pytest.fixture(scope="module")
def packaged() -> Library:
    return library.load()


@pytest.fixture(scope="module")
def lines() -> tuple[Labelled, ...]:
    return labelled.read(library.PACKAGED)


def test_labels_exist_and_every_topic_is_asked(packaged: Library, lines: tuple[Labelled, ...]) -> None:
    labels = {line.label for line in lines}

    assert labels - {*packaged.entries, *packaged.unknowns, OUT_OF_SCOPE} == set()
    assert set(packaged.entries) - labels == set()


def test_there_are_enough_of_every_kind(packaged: Library, lines: tuple[Labelled, ...]) -> None:
    covered = [line for line in lines if line.label in packaged.entries]
    unknown = [line for line in lines if line.label in packaged.unknowns]
    english = [line for line in lines if line.language is Language.EN]

    assert min(len(lines) // 250, len(covered) // 150, len(unknown) // 80, len(english) // 70) >= 1


def test_no_question_stands_twice(lines: tuple[Labelled, ...]) -> None:
    assert len({line.text for line in lines}) == len(lines)


def test_no_question_is_nearly_a_phrasing(packaged: Library, lines: tuple[Labelled, ...]) -> None:
    phrasings = [
        phrasing
        for texts in (
            *(text.phrasings for entry in packaged.entries.values() for text in entry.texts.values()),
            *(texts for unknown in packaged.unknowns.values() for texts in unknown.phrasings.values()),
            *(texts for kind in packaged.background for texts in kind.phrasings.values()),
        )
        for phrasing in texts
    ]
    likest = process.cdist([line.text for line in lines], phrasings, scorer=fuzz.ratio).max(axis=1)

    assert [line.text for line, like in zip(lines, likest, strict=True) if like > 95] == []


def test_edition_without_the_file_has_none(tmp_path: Path) -> None:
    assert labelled.read(tmp_path) == ()


@pytest.mark.parametrize(
    "line",
    ["no json", '{"text": "x", "label": "oos"}', '{"text": " ", "label": "oos", "lang": "ko"}', '["x"]'],
)
def test_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    good = '{"text": "얼마예요?", "label": "oos", "lang": "ko"}'
    (tmp_path / labelled.FILE).write_text(f"{good}\n{line}\n", encoding="utf-8")

    with pytest.raises(LibraryError, match=r"^labelled\.jsonl:2: "):
        labelled.read(tmp_path)
