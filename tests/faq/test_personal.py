"""The mark of what lies in one applicant's records."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from faq import library
from faq.entry import Entry, Unknown
from faq.library import EntryChange, Library, LibraryError, UnknownChange

UNKNOWN = """
unknown.mine:
  title: {ko: 내 접수, en: Mine}
  near: []
  asks: how_to
  personal: %s
  ko: [제 신청서 들어갔나요?]
  en: [Did mine arrive?]
"""


@pytest.fixture(scope="module")
def packaged() -> Library:
    return library.load()


def marked(loaded: Library) -> set[str]:
    records: tuple[Entry | Unknown, ...] = (*loaded.entries.values(), *loaded.unknowns.values())
    return {record.id for record in records if record.personal}


def test_packaged_edition_marks_what_asks_for_ones_own_records(packaged: Library) -> None:
    assert marked(packaged) == {
        "selection.scores",
        "unknown.access-link",
        "unknown.contact-change",
        "unknown.edit-after-submit",
        "unknown.mail-receipt-check",
        "unknown.member-change",
        "unknown.presentation-slot",
        "unknown.rank-disclosure",
        "unknown.receipt-confirmation",
        "unknown.reschedule",
        "unknown.result-in-advance",
        "unknown.review-comments",
        "unknown.withdraw-application",
    }


def folder_with(tmp_path: Path, value: str) -> Path:
    shutil.copy(library.PACKAGED / "contest.yaml", tmp_path)
    (tmp_path / "unknowns").mkdir()
    (tmp_path / "unknowns" / "mine.yaml").write_text(UNKNOWN % value, "utf-8")
    return tmp_path


@pytest.mark.parametrize(("value", "personal"), [("true", {"unknown.mine"}), ("false", set())])
def test_mark_is_read(tmp_path: Path, value: str, personal: set[str]) -> None:
    assert marked(library.load(folder_with(tmp_path, value))) == personal


@pytest.mark.parametrize("value", ["yes", "1", "", "[true]"])
def test_mark_that_is_neither_true_nor_false_does_not_load(tmp_path: Path, value: str) -> None:
    with pytest.raises(LibraryError, match="true or false wanted"):
        library.load(folder_with(tmp_path, value))


def test_change_of_words_does_not_take_the_mark_away(packaged: Library) -> None:
    entry = dataclasses.replace(packaged.entries["selection.scores"], personal=False)
    unknown = dataclasses.replace(packaged.unknowns["unknown.access-link"], personal=False)
    changed = library.overlay(
        packaged, [EntryChange(entry=entry, version=1), UnknownChange(unknown=unknown, version=2)]
    )

    assert marked(changed) == marked(packaged)
    assert (changed.entries[entry.id].version, changed.unknowns[unknown.id].version) == (1, 2)


def test_change_may_add_the_mark(packaged: Library) -> None:
    entry = dataclasses.replace(packaged.entries["application.how"], personal=True)
    changed = library.overlay(packaged, [EntryChange(entry=entry, version=1)])

    assert "application.how" in marked(changed)
