"""Office hours, nudges by working time, search, the figures of the morning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot import duty, finding, morning, nudging, office_hours, triage
from bot.nudging import Step
from bot.tables import InquiryState
from faq.contest import SEOUL
from tests.bot.office import IDENTITY, LATE, NOON, OTHER, Office, eml


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("instant", "open_"),
    [
        ("2020-11-20T08:59", False),
        ("2020-11-20T09:00", True),
        ("2020-11-20T17:59", True),
        ("2020-11-20T18:00", False),
        ("2020-11-21T12:00", False),  # Saturday
        ("2020-10-01T12:00", False),  # Chuseok, a Thursday
        ("2020-08-17T12:00", False),  # a substitute for Liberation Day
        ("2020-12-25T12:00", False),
    ],
)
def test_office_is_open_on_workdays(instant: str, open_: bool) -> None:
    assert office_hours.is_open(at(instant)) is open_


def test_office_hours_are_korean_whatever_the_zone_of_the_instant() -> None:
    assert office_hours.is_open(datetime(2020, 11, 20, 0, 0, tzinfo=UTC))
    assert not office_hours.is_open(datetime(2020, 11, 20, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("since", "now", "hours"),
    [
        ("2020-11-20T12:00", "2020-11-20T13:30", 1.5),
        ("2020-11-20T17:00", "2020-11-23T10:00", 2.0),
        ("2020-11-21T12:00", "2020-11-22T12:00", 0.0),
        ("2020-09-29T17:00", "2020-10-05T10:00", 2.0),
        ("2020-11-20T13:00", "2020-11-20T12:00", 0.0),
    ],
)
def test_worked_counts_office_hours_alone(since: str, now: str, hours: float) -> None:
    assert office_hours.worked(at(since), at(now)) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "morning_"),
    [("2020-11-19T12:00", date(2020, 11, 20)), ("2020-11-20T12:00", date(2020, 11, 23))],
)
def test_next_morning_is_of_a_workday(now: str, morning_: date) -> None:
    found = office_hours.next_morning(at(now))

    assert (found.date(), found.hour, found.minute) == (morning_, 9, 0)


def due(office: Office, instant: datetime, *, take: bool = True) -> list[Step]:
    with office.storage.write.begin() as session:
        found = nudging.due(session, now=instant)
        for one in found if take else ():
            nudging.take(session, one, now=instant)
    return [one.step for one in found]


def test_each_step_is_taken_once_for_each_wait(office: Office) -> None:
    office.take(eml(LATE))
    steps = {
        minutes: due(office, NOON + timedelta(minutes=minutes))
        for minutes in (29, 30, 60, 120, 180, 240, 300)
    }

    assert steps == {
        29: [], 30: [Step.THREAD], 60: [], 120: [Step.GROUP], 180: [], 240: [Step.APPROVER], 300: [],
    }  # fmt: skip


def test_who_was_away_gets_the_furthest_step_alone(office: Office) -> None:
    office.take(eml(LATE))

    assert due(office, at("2020-11-23T09:30")) == [Step.APPROVER]
    assert due(office, at("2020-11-23T10:30")) == []


def test_nobody_is_nudged_at_night_nor_for_what_is_claimed(office: Office) -> None:
    office.take(eml(LATE))
    office.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    person = office.add_staff()
    with office.storage.write.begin() as session:
        duty.claim(session, triage.find(session, 1), staff=person, now=NOON)
    night = due(office, NOON + timedelta(hours=9), take=False)
    with office.storage.read() as session:
        numbers = [one.inquiry_id for one in nudging.due(session, now=NOON + timedelta(hours=1))]

    assert (night, numbers) == ([], [2])


def test_wait_begins_anew_when_it_is_opened_again(office: Office) -> None:
    office.take(eml(LATE))
    due(office, NOON + timedelta(hours=1))
    person = office.add_staff()
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, 1)
        triage.close(session, inquiry, staff=person, now=NOON + timedelta(hours=1))
        triage.reopen(session, inquiry, staff=person, now=NOON + timedelta(hours=3))

    assert due(office, NOON + timedelta(hours=3, minutes=29)) == []
    assert due(office, NOON + timedelta(hours=3, minutes=30)) == [Step.THREAD]


@pytest.mark.parametrize(
    ("sought", "numbers"),
    [
        ("마감은", [1]),
        ("마감까지 늦게", [1]),
        ("채용 담당자에게", [2]),
        ("연락처", [2]),
        ("교통비", []),
        ("???", []),
    ],
)
def test_search_does_not_mind_particles(small_office: Office, sought: str, numbers: list[int]) -> None:
    small_office.take(eml(LATE))
    small_office.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    with small_office.storage.read() as session:
        found = finding.find(session, sought)

    assert [one.inquiry_id for one in found] == numbers


def test_search_looks_into_letters_and_says_the_question(small_office: Office) -> None:
    small_office.take(eml(LATE))
    person = small_office.add_staff()
    with small_office.storage.write.begin() as session:
        inquiry = triage.find(session, 1)
        triage.answer(
            session, inquiry, "우편 접수는 받지 않습니다.", staff=person, identity=IDENTITY, now=NOON
        )
    with small_office.storage.read() as session:
        [found] = finding.find(session, "우편접수")

    assert (found.inquiry_id, found.state, found.text) == (1, InquiryState.ANSWERED, LATE)


def test_morning_counts_what_waits_and_how_fast_it_went(office: Office) -> None:
    person = office.add_staff()
    office.take(eml(LATE))
    office.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    office.take(eml(LATE, id="<3@example.org>", sender="c@example.org"))
    with office.storage.write.begin() as session:
        duty.claim(session, triage.find(session, 2), staff=person, now=NOON)
        triage.answer(
            session,
            triage.find(session, 3),
            "네.",
            staff=person,
            identity=IDENTITY,
            now=NOON + timedelta(hours=2),
        )
    with office.storage.read() as session:
        told = morning.figures(session, now=NOON + timedelta(days=1))
        week_later = morning.figures(session, now=NOON + timedelta(days=8))

    assert told.counts == {InquiryState.NEW: 1, InquiryState.CLAIMED: 1}
    assert [one.inquiry_id for one in told.oldest] == [1, 2]
    assert told.first_answer == timedelta(hours=2)
    assert week_later.first_answer is None
    assert (told.unanswered[0].count, told.unanswered[0].inquiry_id) == (1, 1)
