import dataclasses
from datetime import date, datetime

import pytest

from faq import library, render
from faq.contest import Language, Statement, Value
from faq.entry import Asks, Entry, Mode, Text, Unknown
from faq.library import Library, LibraryError

KO, EN = Language.KO, Language.EN


def said(value: Value) -> Statement:
    return Statement(value=value, source="1")


def entry(answer: str) -> Entry:
    text = Text(phrasings=("?",), answer=answer, condition="", next="")
    return Entry(
        id="support.extra",
        title={KO: "추가 지원", EN: "Extra support"},
        source=("1",),
        asks=(Asks.WHAT,),
        texts={KO: text, EN: text},
    )


def unknown(*near: str) -> Unknown:
    return Unknown(
        id="unknown.refund",
        title={KO: "환불", EN: "Refunds"},
        near=near,
        asks=Asks.MAY_I,
        phrasings={KO: ("환불되나요?",), EN: ("Refunds?",)},
    )


def test_changed_fact_is_told_with_its_new_value(small: Library, before: datetime) -> None:
    changed = library.FactChange(
        fact="support.worth", statements=(Statement(value=85_500_000, source="notice 1"),), version=3
    )

    after = library.overlay(small, [changed])

    told = render.answer(after, after.entries["support.worth"], KO, now=before)
    assert told.answer == "10개 팀에 각 8,550만원 상당을 지원합니다."
    assert told.told["support.worth"] == "8,550만원"
    assert after.version == 3


def test_added_entry_is_told(small: Library, before: datetime) -> None:
    added = library.EntryChange(entry=entry("{{ fact('support.teams') }}!"), version=4)

    after = library.overlay(small, [added])

    assert render.answer(after, after.entries["support.extra"], EN, now=before).answer == "10 teams!"
    assert after.entries["support.extra"].version == 4


def test_overlay_leaves_the_library_given_as_it_was(small: Library, before: datetime) -> None:
    library.overlay(small, [library.EntryChange(entry=entry("new"), version=1)])

    assert "support.extra" not in small.entries
    assert small.version == 0


def test_hour_that_is_announced_later_replaces_the_remark(small: Library, before: datetime) -> None:
    words = {"ko": "18:00", "en": "18:00"}
    hour = library.FactChange(
        fact="application.hour", statements=(Statement(value=words, source="notice"),), version=1
    )

    after = library.overlay(small, [hour])

    told = render.answer(after, after.entries["application.period"], KO, now=before)
    assert told.answer == "접수는 2030년 11월 4일(월)부터 11월 29일(금)까지(KST)입니다. 3일 뒤 시작합니다."
    assert told.condition == "마감 시각은 18:00입니다."


def test_contradiction_that_is_settled_is_told_no_more(small: Library, before: datetime) -> None:
    settled = library.FactChange(
        fact="build.start", statements=(Statement(value=date(2031, 1, 6), source="notice"),), version=1
    )

    after = library.overlay(small, [settled])

    assert render.answer(small, small.entries["support.worth"], KO, now=before).condition != ""
    assert render.answer(after, after.entries["support.worth"], KO, now=before).condition == ""


def test_fact_that_becomes_silent_is_told_with_its_new_remark(small: Library, before: datetime) -> None:
    withdrawn = library.FactChange(
        fact="support.teams", statements=(), remark={KO: "미정입니다.", EN: "Not settled."}, version=1
    )
    asked = library.EntryChange(entry=entry("{{ silent('support.teams') }}"), version=2)

    after = library.overlay(small, [withdrawn, asked])

    assert render.answer(after, after.entries["support.extra"], EN, now=before).answer == "Not settled."


def test_moved_milestone_is_told_with_its_new_days(small: Library, before: datetime) -> None:
    moved = dataclasses.replace(small.contest.milestones["application"], ends_on=date(2030, 12, 2))

    after = library.overlay(small, [library.MilestoneChange(milestone=moved, version=1)])

    told = render.answer(after, after.entries["application.period"], EN, now=before)
    assert told.told["application"] == (
        "from Monday 4 November to Monday 2 December 2030 KST; This starts in 3 days."
    )


def test_changes_apply_in_the_order_of_their_versions(small: Library) -> None:
    changes = [
        library.ModeChange(topic="support.worth", mode=mode, version=version)
        for mode, version in ((Mode.AUTO, 9), (Mode.SHADOW, 2))
    ]

    after = library.overlay(small, changes)

    assert after.modes == {"support.worth": Mode.AUTO}
    assert after.version == 9


def test_added_phrasings_leave_the_version_of_the_answer(small: Library) -> None:
    added = library.PhrasingsAdded(topic="support.worth", language=EN, phrasings=("Worth?",), version=5)

    after = library.overlay(small, [added])

    assert after.entries["support.worth"].texts[EN].phrasings == ("How much do you give?", "Worth?")
    assert after.entries["support.worth"].version == 0
    assert after.version == 5


def test_added_phrasings_reach_a_known_unknown(small: Library) -> None:
    added = library.PhrasingsAdded(
        topic="unknown.late-submission", language=EN, phrasings=("Late?",), version=5
    )

    after = library.overlay(small, [added])

    assert after.unknowns["unknown.late-submission"].phrasings[EN] == ("Can I hand in late?", "Late?")


def test_added_unknown_carries_its_version(small: Library) -> None:
    added = library.UnknownChange(unknown=unknown("support.worth"), version=6)

    after = library.overlay(small, [added])

    assert after.unknowns["unknown.refund"].version == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (library.FactChange(fact="no.fact", statements=(), version=7),
         "change 7 (FactChange): unknown fact 'no.fact'"),
        (library.FactChange(fact="support.teams", statements=(), version=7),
         "change 7 (FactChange): fact 'support.teams' would be silent and has no remark"),
        (library.FactChange(fact="support.teams", statements=(said("ten"),), version=7),
         "change 7 (FactChange): fact 'support.teams' takes teams"),
        (library.FactChange(fact="venue", statements=(said({"ko": "서울"}),), version=7),
         "change 7 (FactChange): 'venue' lacks the language 'en'"),
        (library.EntryChange(entry=dataclasses.replace(entry("x"), texts={}), version=7),
         "change 7 (EntryChange): 'support.extra' lacks the language 'ko'"),
        (library.EntryChange(entry=dataclasses.replace(entry("x"), id="unknown.late-submission"), version=7),
         "change 7 (EntryChange): 'unknown.late-submission' is a known unknown"),
        (library.PhrasingsAdded(topic="no.topic", language=KO, phrasings=("?",), version=7),
         "change 7 (PhrasingsAdded): unknown topic 'no.topic'"),
        (library.UnknownChange(unknown=unknown("no.topic"), version=7),
         "change 7 (UnknownChange): unknown topic 'no.topic'"),
        (library.ModeChange(topic="no.topic", mode=Mode.AUTO, version=7),
         "change 7 (ModeChange): unknown topic 'no.topic'"),
    ],
)  # fmt: skip
def test_overlay_refuses_a_change_with_its_reason(
    small: Library, change: library.Change, message: str
) -> None:
    with pytest.raises(LibraryError) as caught:
        library.overlay(small, [change])

    assert str(caught.value) == message


def test_overlay_refuses_a_milestone_that_ends_before_it_starts(small: Library) -> None:
    backwards = dataclasses.replace(small.contest.milestones["application"], ends_on=date(2030, 1, 1))

    with pytest.raises(LibraryError, match="milestone 'application' ends before it starts"):
        library.overlay(small, [library.MilestoneChange(milestone=backwards, version=1)])


def test_overlay_refuses_an_unknown_milestone(small: Library) -> None:
    stranger = dataclasses.replace(small.contest.milestones["application"], id="picnic")

    with pytest.raises(LibraryError, match="unknown milestone 'picnic'"):
        library.overlay(small, [library.MilestoneChange(milestone=stranger, version=1)])
