import dataclasses
from datetime import time

import pytest

from faq import library, lint
from faq.contest import Language
from faq.entry import Asks, Entry, Text
from faq.library import EntryChange, Library
from faq.lint import Level

KO, EN = Language.KO, Language.EN


def with_entry(
    small: Library, answer: str, *, source: tuple[str, ...] = ("1",), phrasing: str = "새 질문"
) -> Library:
    text = Text(phrasings=(phrasing,), answer=answer, condition="", next="")
    english = dataclasses.replace(text, answer="Fine.", phrasings=("A new question",))
    entry = Entry(id="new.topic", title={}, source=source, asks=(Asks.WHAT,), texts={KO: text, EN: english})
    return library.overlay(small, [EntryChange(entry=entry, version=1)])


def errors(checked: Library) -> list[tuple[str, str]]:
    return [(found.where, found.what) for found in lint.check(checked) if found.level is Level.ERROR]


def notices(checked: Library) -> list[tuple[str, str]]:
    return [(found.where, found.what) for found in lint.check(checked) if found.level is Level.NOTICE]


def test_check_finds_no_error_in_a_sound_edition(small: Library) -> None:
    assert errors(small) == []


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("총 15명입니다.", "literal fact: '15명'"),
        ("{{ '15명' }}입니다.", "literal fact: '15명'"),
        ("{{ 15 }}입니다.", "literal fact: '15'"),
        ("desk@example.org", "literal fact: 'desk@example.org'"),
        ("파트너는 나루연구소입니다.", "literal fact: '나루연구소'"),
        ("{% if past('result') %}끝{% else %}{{ fact('no.fact') }}{% endif %}", "unknown fact 'no.fact'"),
        ("{% if false %}{{ day('picnic') }}{% endif %}.", "unknown milestone 'picnic'"),
        ("{% if false %}{{ deadline }}{% endif %}.", "unknown placeholder 'deadline'"),
        ("{% if %}", "broken template: Expected an expression, got 'end of statement block'"),
        ("{% if past('result') %}끝.{% endif %}",
         "the answer is empty on Friday 1 November 2030, 00:00 KST"),
        ("{% if not today('upload') %}끝.{% endif %}",
         "the answer is empty on Friday 3 January 2031, 00:00 KST"),
        ("{% if today('upload') %}{{ fact('build.start') }}{% endif %}.",
         "new.topic.ko.answer: fact 'build.start' is contradictory: use contradiction('build.start')"),
        ("{% if stated('application.hour') %}{{ missing() }}{% endif %}.", "unknown placeholder 'missing'"),
        ("{{ silent('application.hour') }}", "the answer is empty on Friday 1 November 2030, 00:00 KST"),
    ],
)  # fmt: skip
def test_check_finds_a_fault_in_an_answer(small: Library, answer: str, what: str) -> None:
    assert ("entries:new.topic.ko", what) in errors(with_entry(small, answer))


def test_check_finds_a_fault_once(small: Library) -> None:
    found = errors(with_entry(small, "desk@example.org, desk@example.org"))

    assert found.count(("entries:new.topic.ko", "literal fact: 'desk@example.org'")) == 1


def test_check_runs_the_branch_that_waits_for_a_settled_fact(small: Library) -> None:
    checked = with_entry(small, "{% if stated('application.hour') %}{{ 1 / 0 }}{% endif %}.")

    assert ("entries:new.topic.ko", "new.topic.ko.answer: ZeroDivisionError: division by zero") in errors(
        checked
    )


def test_check_finds_an_answer_without_a_source(small: Library) -> None:
    found = errors(with_entry(small, "네.", source=()))

    assert found == [
        ("entries:new.topic.ko", "the answer names no section as its source"),
        ("entries:new.topic.en", "the answer names no section as its source"),
    ]


@pytest.mark.parametrize(
    ("phrasing", "elsewhere"),
    [
        ("얼마나 지원하나요?", "entries:support.worth.ko"),
        ("얼마나  지원 하나요!!", "entries:support.worth.ko"),
        ("HOW MUCH do you give", "entries:support.worth.en"),
    ],
)
def test_check_finds_a_phrasing_of_another_topic(small: Library, phrasing: str, elsewhere: str) -> None:
    found = errors(with_entry(small, "네.", phrasing=phrasing))

    assert found == [("entries:new.topic.ko", f"phrasing twice: '{phrasing}' stands in {elsewhere}")]


def test_check_finds_a_phrasing_of_a_known_unknown_in_decomposed_form(small: Library) -> None:
    decomposed = "\u1106\u1161\u1100\u1161\u11b7 지나고 내도 되나요?"

    found = errors(with_entry(small, "네.", phrasing=decomposed))

    assert found == [
        (
            "unknowns:unknown.late-submission.ko",
            "phrasing twice: '마감 지나고 내도 되나요?' stands in entries:new.topic.ko",
        )
    ]


def test_check_finds_a_phrasing_without_a_word(small: Library) -> None:
    found = errors(with_entry(small, "네.", phrasing="?!"))

    assert found == [("entries:new.topic.ko", "phrasing without a word: '?!'")]


def test_check_notes_holes_and_contradictions_with_their_sections(small: Library) -> None:
    found = [(where, what) for where, what in notices(small) if where.startswith("contest:")]

    assert found == [
        ("contest:application.hour", "hole: application.hour: 마감 시각은 공고에 없습니다."),
        ("contest:build.start", "contradiction: build.start: 2 says 1월 초, 3 says 1월 중순"),
    ]


def test_check_notes_an_open_fact_that_no_answer_tells(small: Library) -> None:
    silenced = {name: entry for name, entry in small.entries.items() if name != "support.worth"}

    found = notices(dataclasses.replace(small, entries=silenced))

    assert ("contest:build.start", "contradictory, and no answer says so") in found
    assert ("contest:application.hour", "silent, and no answer says so") not in found


def test_check_finds_an_hour_that_answers_deny(small: Library) -> None:
    closing = dataclasses.replace(small.contest.milestones["application"], at=time(18))
    milestones = {**small.contest.milestones, "application": closing}
    contest = dataclasses.replace(small.contest, milestones=milestones)
    checked = dataclasses.replace(small, contest=contest)  # as files may say it; a change sets both

    assert errors(checked) == [
        (
            "contest:application",
            "milestone 'application' states an hour, yet the fact 'application.hour' is silent",
        )
    ]


def test_check_notes_few_phrasings(small: Library) -> None:
    found = [(where, what) for where, what in notices(small) if "few" in what]

    assert found == [
        ("entries:application.period.ko", "few phrasings: 2, at least 10 are wanted"),
        ("entries:application.period.en", "few phrasings: 1, at least 5 are wanted"),
        ("entries:support.worth.ko", "few phrasings: 1, at least 10 are wanted"),
        ("entries:support.worth.en", "few phrasings: 1, at least 5 are wanted"),
    ]


def test_packaged_edition_has_no_error() -> None:
    assert errors(library.load()) == []


def test_packaged_edition_shows_the_contradictions_of_its_announcement() -> None:
    found = {where for where, what in notices(library.load()) if what.startswith(("contradiction", "hole"))}

    assert found >= {
        "contest:document_review.when",
        "contest:build.start",
        "contest:presentation.form",
        "contest:finalists.split",
        "contest:application.hour",
        "contest:eligibility.prefounders",
        "contest:eligibility.institutes",
        "contest:support.benefits_scope",
    }
