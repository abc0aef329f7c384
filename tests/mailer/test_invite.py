"""Calendar files, read back by icalendar (mail.md §7, check 32)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import icalendar
import pytest

from faq import library
from faq.contest import SEOUL, Language, Person
from mailer import invite
from mailer.attach import Attachment
from mailer.invite import Meeting
from tests.mailer.letters import IDENTITY, NOON

CONTEST = library.load().contest
SLOT = datetime(2020, 12, 9, 14, 20, tzinfo=SEOUL)
MEETING = Meeting(
    uid=invite.uid("presentation", 12, contest=CONTEST.id, domain="desk.test"),
    title="발표평가",
    starts=SLOT,
    ends=SLOT + timedelta(minutes=10),
    place="온라인",
    note="자료는 미리 보내 주세요; 쉼표, 줄바꿈\n그리고 \\ 까지",
    sequence=0,
    stamp=NOON,
    attendee=Person(address="lab@example.org", name="김연구", language=Language.KO),
)


def read(attachment: Attachment | bytes) -> tuple[icalendar.Calendar, Any]:
    content = attachment.content if isinstance(attachment, Attachment) else attachment
    calendar = icalendar.Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_check_32_request_is_read_back_equal() -> None:
    calendar, event = read(invite.request(MEETING, identity=IDENTITY))

    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert event["UID"] == MEETING.uid
    assert event["SEQUENCE"] == 0
    assert event["DTSTART"].dt == MEETING.starts
    assert event["DTEND"].dt == MEETING.ends
    assert event["DTSTART"].params["TZID"] == "Asia/Seoul"
    assert event["DTSTAMP"].dt == NOON.astimezone(UTC)
    assert (event["SUMMARY"], event["LOCATION"]) == (MEETING.title, MEETING.place)
    assert event["DESCRIPTION"] == MEETING.note
    assert event["STATUS"] == "CONFIRMED"


def test_check_32_change_keeps_the_uid_and_counts_up() -> None:
    moved = replace(MEETING, starts=SLOT + timedelta(days=1), ends=None, sequence=1)
    _, first = read(invite.request(MEETING, identity=IDENTITY))
    _, second = read(invite.request(moved, identity=IDENTITY))

    assert (second["UID"], second["SEQUENCE"]) == (first["UID"], first["SEQUENCE"] + 1)
    assert second["DTSTART"].dt == moved.starts
    assert "DTEND" not in second


def test_check_32_cancel_removes_what_was_asked_for() -> None:
    attachment = invite.cancelled(replace(MEETING, sequence=2), identity=IDENTITY)
    calendar, event = read(attachment)

    assert attachment.method == calendar["METHOD"] == "CANCEL"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (MEETING.uid, 2, "CANCELLED")


def test_invite_names_one_attendee_and_the_contest() -> None:
    _, event = read(invite.request(MEETING, identity=IDENTITY))

    assert event["ATTENDEE"] == "mailto:lab@example.org"
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert event["ORGANIZER"] == f"mailto:{IDENTITY.address}"
    assert event["ORGANIZER"].params["CN"] == IDENTITY.name[Language.KO]


def test_zone_says_what_seoul_is() -> None:
    calendar, _ = read(invite.request(MEETING, identity=IDENTITY))
    zone: Any
    standard: Any
    (zone,) = calendar.walk("VTIMEZONE")
    (standard,) = zone.walk("STANDARD")

    assert zone["TZID"] == "Asia/Seoul"
    assert standard["TZOFFSETTO"].td == timedelta(hours=9)


def test_lines_are_folded_at_75_octets_between_characters() -> None:
    content = invite.request(replace(MEETING, title="발표평가 " * 40), identity=IDENTITY).content
    lines = content.split(b"\r\n")

    assert max(map(len, lines)) <= 75
    assert all(line.decode("utf-8") is not None for line in lines)
    assert content.count(b"\n") == content.count(b"\r\n")


def test_same_meeting_gives_the_same_bytes() -> None:
    assert invite.request(MEETING, identity=IDENTITY) == invite.request(MEETING, identity=IDENTITY)


@pytest.mark.parametrize(
    "hostile", ["x\r\nATTENDEE:mailto:v@evil.test", "x\nEND:VEVENT", "x;CN=y:mailto:v@evil.test"]
)
def test_words_from_outside_stay_words(hostile: str) -> None:
    calendar, event = read(invite.request(replace(MEETING, title=hostile, place=hostile), identity=IDENTITY))

    assert len(calendar.walk("VEVENT")) == 1
    assert event["ATTENDEE"] == "mailto:lab@example.org"
    assert event["SUMMARY"] == hostile.replace("\r\n", "\n")


def published(**changes: Any) -> Any:
    milestone = replace(CONTEST.milestones["application"], **changes)
    attachment = invite.published(
        milestone, contest=CONTEST, domain="desk.test", language=Language.KO, now=NOON, sequence=2
    )
    assert attachment.method is None
    calendar, event = read(attachment)
    assert calendar["METHOD"] == "PUBLISH"
    return event


def test_published_without_an_hour_is_a_whole_day() -> None:
    event = published()

    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2020, 11, 30), date(2020, 12, 1))
    assert event["SUMMARY"].endswith("접수 마지막 날")
    assert event["SEQUENCE"] == 2
    assert "ATTENDEE" not in event


def test_published_with_an_hour_is_the_minute_it_closes() -> None:
    event = published(at=time(18))

    assert event["DTSTART"].dt == datetime(2020, 11, 30, 18, 0, tzinfo=SEOUL)
    assert "DTEND" not in event
    assert event["UID"] == published()["UID"]


def test_season_holds_each_settled_milestone() -> None:
    content = invite.season(CONTEST, domain="desk.test", language=Language.EN, now=NOON)
    events: list[Any] = icalendar.Calendar.from_ical(content).walk("VEVENT")

    assert [str(event["SUMMARY"]).partition("] ")[2] for event in events] == [
        *("Applications", "Document review", "First-round result", "Presentation", "Final result"),
    ]
    assert events[0]["DTSTART"].dt == date(2020, 11, 2)
    assert events[0]["DTEND"].dt == date(2020, 12, 1)
