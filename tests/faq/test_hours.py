"""The hour of a milestone, counted to and told: one change reaches both."""

from __future__ import annotations

import dataclasses
from datetime import datetime, time

from faq import library, render
from faq.contest import SEOUL, FactStatus, Language, Statement
from faq.library import FactChange, Library, MilestoneChange

FILES = library.load()
NOON = datetime(2020, 11, 20, 12, tzinfo=SEOUL)


def with_hour(at: time | None, version: int = 1, base: Library = FILES) -> Library:
    milestone = dataclasses.replace(base.contest.milestones["application"], at=at)
    return library.overlay(base, [MilestoneChange(milestone=milestone, version=version)])


def told(edition: Library, language: Language) -> str:
    return render.answer(edition, edition.entries["application.period"], language, now=NOON).condition


def test_hour_of_a_milestone_is_told_by_answers() -> None:
    edition = with_hour(time(18))

    assert told(edition, Language.KO) == "마지막 날의 마감 시각은 18:00 KST입니다."
    assert told(edition, Language.EN) == "The hour of the last day is 18:00 KST."


def test_hour_that_is_taken_back_is_silent_again() -> None:
    edition = with_hour(None, 2, with_hour(time(18)))

    assert edition.contest.facts["application.hour"].status is FactStatus.SILENT
    assert told(edition, Language.KO) == told(FILES, Language.KO)


def test_hour_that_a_fact_states_is_counted_to() -> None:
    change = FactChange(
        fact="application.hour", statements=(Statement(value="18:00 KST", source="공지"),), version=1
    )
    milestone = library.overlay(FILES, [change]).contest.milestones["application"]

    assert milestone.closes_at == datetime(2020, 11, 30, 18, tzinfo=SEOUL)


def test_hour_in_words_stays_words() -> None:
    words: dict[str, str] = {Language.KO: "오후 늦게", Language.EN: "late in the afternoon"}
    change = FactChange(
        fact="presentation.hour", statements=(Statement(value=words, source="공지"),), version=1
    )
    said = library.overlay(FILES, [change])
    moved = dataclasses.replace(said.contest.milestones["presentation"], source=("2",))
    after = library.overlay(said, [MilestoneChange(milestone=moved, version=2)])

    assert said.contest.milestones["presentation"].at is None
    assert after.contest.facts["presentation.hour"].value == words


def test_contest_says_in_one_line_what_it_says() -> None:
    contest = with_hour(time(18)).contest

    assert FILES.contest.says("application") == "2020-11-02/2020-11-30"
    assert contest.says("application") == "2020-11-02/2020-11-30T18:00"
    assert FILES.contest.says("support.teams") == "[10, 10]"
    assert FILES.contest.says("application.hour") == "[]"
    assert FILES.contest.says("nothing") == ""
