"""An answer is rendered once a minute, and never for another library, entry or instant."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from bot import rendering
from faq import library, render
from faq.contest import Language
from faq.library import Library
from tests.bot.office import NOON

PERIOD = "application.period"


@pytest.fixture(scope="module")
def packaged() -> Library:
    return library.load(library.PACKAGED)


def test_answer_is_the_rendered_one_and_kept_for_the_minute(packaged: Library) -> None:
    entry = packaged.entries[PERIOD]
    first = rendering.answer(packaged, entry, Language.KO, now=NOON)
    again = rendering.answer(packaged, entry, Language.KO, now=NOON + timedelta(seconds=59))

    assert first == render.answer(packaged, entry, Language.KO, now=NOON)
    assert again is first


def test_answer_of_a_later_minute_tells_what_is_true_then(packaged: Library) -> None:
    entry = packaged.entries[PERIOD]
    later = NOON + timedelta(days=30)
    now = rendering.answer(packaged, entry, Language.KO, now=NOON)
    then = rendering.answer(packaged, entry, Language.KO, now=later)

    assert then == render.answer(packaged, entry, Language.KO, now=later)
    assert then.answer != now.answer


def test_other_languages_entries_and_libraries_are_kept_apart(packaged: Library) -> None:
    entry = packaged.entries[PERIOD]
    texts = {one: dataclasses.replace(text, answer="바뀐 답변") for one, text in entry.texts.items()}
    draft = dataclasses.replace(entry, texts=texts)
    changed = dataclasses.replace(packaged, entries={**packaged.entries, PERIOD: draft})
    rendering.answer(packaged, entry, Language.KO, now=NOON)

    assert rendering.answer(packaged, entry, Language.EN, now=NOON) == render.answer(
        packaged, entry, Language.EN, now=NOON
    )
    assert rendering.answer(packaged, draft, Language.KO, now=NOON).answer == "바뀐 답변"
    assert rendering.answer(changed, draft, Language.KO, now=NOON).answer == "바뀐 답변"
    assert rendering.answer(packaged, entry, Language.KO, now=NOON).answer != "바뀐 답변"
