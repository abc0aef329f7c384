"""Calendar files: a milestone for everybody's calendar, a meeting for one team, its change and its end.

RFC 5545 (the format), RFC 5546 (request, change, cancel). One attendee a file, so that nobody learns of
the others; a change keeps the UID and counts SEQUENCE up (RFC 5546 §3.2.2.1), a cancel does so, too.
Everything that goes in is given, so the same arguments make the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

import icalendar

from faq import wording
from faq.contest import SEOUL, Contest, Language, Milestone, Person
from mailer.attach import CALENDAR, Attachment
from mailer.letter import Identity

PRODID = "-//Contest Desk//contestdesk//EN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """An appointment with one team."""

    #: Stays the same for as long as the meeting is the same, however often it is moved.
    uid: str
    title: str
    #: A day when no hour is set.
    starts: date | datetime
    #: None when it is not said how long it takes; for a day the day after the last one.
    ends: date | datetime | None
    place: str | None
    note: str | None
    #: 0 for the first invitation, one more with each change.
    sequence: int
    #: When this form of it was made.
    stamp: datetime
    attendee: Person


def uid(*names: object, contest: str, domain: str) -> str:
    """Name a meeting for good; it tells nothing of team or person to who reads it elsewhere."""
    told = "\x00".join(str(name) for name in (contest, *names))
    return f"{hashlib.sha256(told.encode()).hexdigest()[:32]}@{domain}"


def request(meeting: Meeting, *, identity: Identity) -> Attachment:
    """Invite the attendee, or move what he was invited to (``sequence`` above 0)."""
    return _meeting(meeting, identity, method="REQUEST", status="CONFIRMED")


def cancelled(meeting: Meeting, *, identity: Identity) -> Attachment:
    """Take the meeting out of the attendee's calendar (RFC 5546 §3.2.5)."""
    return _meeting(meeting, identity, method="CANCEL", status="CANCELLED")


def published(
    milestone: Milestone,
    *,
    contest: Contest,
    domain: str,
    language: Language,
    now: datetime,
    sequence: int = 0,
) -> Attachment:
    """The day that counts of one milestone, for a calendar, without asking for a reply.

    It is the whole last day when no hour is announced, else the minute at which it closes.
    """
    event = icalendar.Event()
    event.add("uid", uid("last day", milestone.id, contest=contest.id, domain=domain))
    _stamp(event, now, sequence)
    single = milestone.starts_on == milestone.ends_on
    event.add("summary", f"{_title(milestone, contest, language)}{'' if single else _LAST_DAY[language]}")
    if milestone.at is None:
        _when(event, milestone.ends_on, milestone.ends_on + timedelta(days=1))
    else:
        _when(event, milestone.closes_at, None)
    event.add("transp", "TRANSPARENT")  # a deadline does not make anybody busy
    return Attachment(name="calendar.ics", type=CALENDAR, content=_calendar([event], method="PUBLISH"))


def season(contest: Contest, *, domain: str, language: Language, now: datetime) -> bytes:
    """All milestones whose days are settled, as one calendar file."""
    return _calendar(
        [
            _span(milestone, contest, domain, language, now)
            for milestone in contest.milestones.values()
            if milestone.approximate is None
        ],
        method="PUBLISH",
    )


_LAST_DAY = {Language.KO: " 마지막 날", Language.EN: ": last day"}


def _title(milestone: Milestone, contest: Contest, language: Language) -> str:
    return f"[{contest.name[language]}] {milestone.title[language]}"


def _meeting(meeting: Meeting, identity: Identity, *, method: str, status: str) -> Attachment:
    event = icalendar.Event()
    event.add("uid", meeting.uid)
    _stamp(event, meeting.stamp, meeting.sequence)
    event.add("summary", meeting.title)
    _when(event, meeting.starts, meeting.ends)
    if meeting.place:
        event.add("location", meeting.place)
    if meeting.note:
        event.add("description", meeting.note)
    event.add("status", status)
    organiser = icalendar.vCalAddress(f"mailto:{identity.address}")
    organiser.params["CN"] = identity.name[meeting.attendee.language]
    event.add("organizer", organiser)
    attendee = icalendar.vCalAddress(f"mailto:{meeting.attendee.address}")
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "NEEDS-ACTION"
    # Who comes is answered by mail, in words: what a calendar program replies is for no person to read.
    attendee.params["RSVP"] = "FALSE"
    event.add("attendee", attendee)
    content = _calendar([event], method=method)
    return Attachment(name="invite.ics", type=CALENDAR, content=content, method=method)


def _span(
    milestone: Milestone, contest: Contest, domain: str, language: Language, now: datetime
) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", uid("milestone", milestone.id, contest=contest.id, domain=domain))
    _stamp(event, now, 0)
    event.add("summary", _title(milestone, contest, language))
    if milestone.at is not None and milestone.starts_on == milestone.ends_on:
        _when(event, milestone.closes_at, None)
    else:
        _when(event, milestone.starts_on, milestone.ends_on + timedelta(days=1))
    event.add("description", wording.period(milestone, language))
    event.add("transp", "TRANSPARENT")
    return event


def _stamp(event: icalendar.Event, made_at: datetime, sequence: int) -> None:
    event.add("dtstamp", made_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", sequence)


def _when(event: icalendar.Event, starts: date | datetime, ends: date | datetime | None) -> None:
    event.add("dtstart", _local(starts))
    if ends is not None:
        event.add("dtend", _local(ends))


def _local(when: date | datetime) -> date | datetime:
    return when.astimezone(SEOUL) if isinstance(when, datetime) else when


def _calendar(events: Iterable[icalendar.Event], *, method: str) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_seoul())
    for event in events:
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


@cache
def _seoul() -> icalendar.Timezone:
    """Asia/Seoul as it has been since its last summer time ended; the contest knows no earlier day."""
    standard = icalendar.TimezoneStandard()
    standard.add("dtstart", datetime(1988, 10, 9, 3, 0))  # local, as RFC 5545 §3.6.5 wants it
    standard.add("tzoffsetfrom", timedelta(hours=10))
    standard.add("tzoffsetto", timedelta(hours=9))
    standard.add("tzname", "KST")
    zone = icalendar.Timezone()
    zone.add("tzid", str(SEOUL))
    zone.add_component(standard)
    return zone
