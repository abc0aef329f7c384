"""What stands in the calendars of teams that present: asked for, moved, taken out again.

It keeps no timetable: the tick compares what each team should have in its calendar now with what was
sent last. A moved slot or day keeps the UID and counts SEQUENCE up, so that no calendar shows two
(RFC 5546 §3.2.2). ``now`` is contest time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import roster
from bot.desk import Desk
from bot.roster import Standing
from bot.schedule_tables import Invitation
from bot.storage import Storage
from faq import hours, render, wording
from faq.contest import Contest, Language, Milestone, Person, Stage
from faq.library import Library
from mailer import invite, outbox, states
from mailer.attach import Attachment
from mailer.invite import Meeting
from mailer.letter import Identity, Letter
from mailer.tables import MailKind

#: The milestone that teams are invited to one by one.
MILESTONE = "presentation"

When = date | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What one tick put into the outbox, in mails."""

    new: int = 0
    moved: int = 0
    cancelled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Invited:
    """One team, what it should have in its calendar, and what it has by our doing."""

    standing: Standing
    when: When
    row: Invitation | None


def for_slot(
    contestant_id: int,
    person: Person,
    slot_at: datetime | None,
    *,
    contest: Contest,
    identity: Identity,
    stamp: datetime,
) -> Attachment:
    """The first invitation of a team, for whoever tells it the slot; None for the day without an hour.

    The same arguments give the same bytes. Whoever sends it notes it with ``carried``.
    """
    when = _wanted(contest.milestones[MILESTONE], slot_at)
    meeting = _meeting(
        contestant_id, person, when, contest=contest, identity=identity, sequence=0, stamp=stamp
    )
    return invite.request(meeting, identity=identity)


def carried(
    session: Session,
    slots: Mapping[int, datetime | None],
    *,
    contest: Contest,
    identity: Identity,
    now: datetime,
) -> None:
    """Note that these teams get their first invitation with another mail: contestant to slot."""
    milestone = contest.milestones[MILESTONE]
    known = set(session.scalars(select(Invitation.contestant_id).where(Invitation.milestone == MILESTONE)))
    session.add_all(
        _row(number, _wanted(milestone, slot_at), contest=contest, identity=identity, now=now)
        for number, slot_at in slots.items()
        if number not in known
    )
    session.flush()


def tick(storage: Storage, library: Library, desk: Desk, *, now: datetime) -> Ticked:
    """Invite who is not invited yet, tell who was moved, take out who withdrew; in one transaction.

    A team counts from the moment when its own mail has told it that it presents.
    """
    with storage.read() as session:
        if not _due(session, library.contest, now=now):
            return Ticked()
    with storage.write.begin() as session:
        states.one_at_a_time(session, "invitations")
        sent = [
            _send(session, one, library.contest, desk.identity, now=now)
            for one in _due(session, library.contest, now=now)
        ]
    return Ticked(new=sent.count("new"), moved=sent.count("moved"), cancelled=sent.count("cancelled"))


def moved_by(session: Session, before: Milestone, after: Milestone, *, now: datetime) -> int:
    """Count the teams whose calendar a change of the milestone would change."""
    if before.id != MILESTONE or before == after:
        return 0
    invited = session.scalars(
        select(Invitation).where(Invitation.milestone == MILESTONE, Invitation.cancelled_at.is_(None))
    ).all()
    return sum(_shifted(row.starts, before, after) != row.starts for row in invited)


def _shifted(starts: str, before: Milestone, after: Milestone) -> str:
    day = after.starts_on - before.starts_on
    if len(starts) == len("2020-12-09"):
        return (date.fromisoformat(starts) + day).isoformat()
    return (datetime.fromisoformat(starts) + day).isoformat()


def _due(session: Session, contest: Contest, *, now: datetime) -> list[_Invited]:
    milestone = contest.milestones.get(MILESTONE)
    if milestone is None or milestone.is_past(now=now):
        return []
    rows = {
        row.contestant_id: row
        for row in session.scalars(select(Invitation).where(Invitation.milestone == MILESTONE))
    }
    due = []
    for standing in roster.standings(session, now=now):
        row = rows.get(standing.id)
        if standing.status is Stage.WITHDRAWN:
            if row is not None and row.cancelled_at is None:
                due.append(_Invited(standing=standing, when=_read(row.starts), row=row))
        elif standing.stage is Stage.SHORTLISTED and standing.told:
            when = _wanted(milestone, standing.slot_at)
            if row is None or row.cancelled_at is not None or row.starts != _written(when):
                due.append(_Invited(standing=standing, when=when, row=row))
    return due


def _send(session: Session, one: _Invited, contest: Contest, identity: Identity, *, now: datetime) -> str:
    """Write one mail and what it says down; returns what it is."""
    gone = one.standing.status is Stage.WITHDRAWN
    row, was = one.row, None
    if row is None:
        row = _row(one.standing.id, one.when, contest=contest, identity=identity, now=now)
        session.add(row)
        change = "new"
    else:
        change = "cancelled" if gone else "moved"
        was = _read(row.starts) if not gone and row.starts != _written(one.when) else None
        row.sequence += 1
        row.starts, row.at = _written(one.when), now
        row.cancelled_at = now if gone else None
    session.flush()
    letter = _letter(one, row.sequence, change, was, contest=contest, identity=identity, now=now)
    outbox.enqueue(session, letter, key=f"invite:{row.id}:{row.sequence}", identity=identity, now=now)
    return change


def _letter(
    one: _Invited,
    sequence: int,
    change: str,
    was: When | None,
    *,
    contest: Contest,
    identity: Identity,
    now: datetime,
) -> Letter:
    milestone, person = contest.milestones[MILESTONE], one.standing.person
    language = person.language
    meeting = _meeting(
        one.standing.id, person, one.when, contest=contest, identity=identity, sequence=sequence, stamp=now
    )
    write = invite.cancelled if change == "cancelled" else invite.request
    when = _words(one.when, language)
    title = milestone.title[language]
    return Letter(
        kind=MailKind.INVITE,
        recipient=person,
        subject=f"{_MARK[change][language]} {title}: {when}",
        template="invite",
        data={
            "greeting": person.name,
            "title": title,
            "when": when,
            "was": _words(was, language) if was is not None else None,
            "place": meeting.place,
            "silence": None if isinstance(one.when, datetime) else _silence(contest, language),
            "change": change,
        },
        automatic=True,
        provenance={
            "milestone": MILESTONE,
            "facts": {MILESTONE: when},
            "values": {MILESTONE: contest.says(MILESTONE)},
        },
        # A decision stands behind it: nobody may learn of it before its release.
        embargo_until=one.standing.since,
        not_after=milestone.closes_at,
        attachments=(write(meeting, identity=identity),),
    )


_MARK: Mapping[str, Mapping[Language, str]] = {
    "new": {Language.KO: "[일정]", Language.EN: "[Invitation]"},
    "moved": {Language.KO: "[일정 변경]", Language.EN: "[Changed]"},
    "cancelled": {Language.KO: "[일정 취소]", Language.EN: "[Cancelled]"},
}


def _meeting(
    contestant_id: int,
    person: Person,
    when: When,
    *,
    contest: Contest,
    identity: Identity,
    sequence: int,
    stamp: datetime,
) -> Meeting:
    language = person.language
    venue, minutes = contest.facts.get("presentation.venue"), contest.facts.get("presentation.minutes")
    if not isinstance(when, datetime):
        ends: When | None = when + timedelta(days=1)
    elif minutes is not None and isinstance(minutes.value, int):
        ends = when + timedelta(minutes=minutes.value)
    else:
        ends = None
    return Meeting(
        uid=_uid(contestant_id, contest, identity),
        title=f"[{contest.name[language]}] {contest.milestones[MILESTONE].title[language]}",
        starts=when,
        ends=ends,
        place=wording.value_words(venue.value, venue.unit, language) if venue and venue.value else None,
        note=None,
        sequence=sequence,
        stamp=stamp,
        attendee=person,
    )


def _uid(contestant_id: int, contest: Contest, identity: Identity) -> str:
    return invite.uid(MILESTONE, contestant_id, contest=contest.id, domain=identity.domain)


def _row(
    contestant_id: int, when: When, *, contest: Contest, identity: Identity, now: datetime
) -> Invitation:
    return Invitation(
        contestant_id=contestant_id,
        milestone=MILESTONE,
        uid=_uid(contestant_id, contest, identity),
        starts=_written(when),
        sequence=0,
        at=now,
    )


def _wanted(milestone: Milestone, slot_at: datetime | None) -> When:
    """The team's own instant, or the stated hour of the day, or the day."""
    if slot_at is not None:
        return slot_at.astimezone(UTC)
    if milestone.at is not None and milestone.starts_on == milestone.ends_on:
        return milestone.closes_at.astimezone(UTC)
    return milestone.starts_on


def _written(when: When) -> str:
    return when.astimezone(UTC).isoformat() if isinstance(when, datetime) else when.isoformat()


def _read(starts: str) -> When:
    return date.fromisoformat(starts) if len(starts) == len("2020-12-09") else datetime.fromisoformat(starts)


def _words(when: When, language: Language) -> str:
    if isinstance(when, datetime):
        return render.clock_text(when, language)
    return f"{wording.date_words(when, language)} KST"


def _silence(contest: Contest, language: Language) -> str | None:
    fact = contest.facts.get(hours.fact_of(MILESTONE))
    return fact.remark.get(language) if fact is not None and fact.value is None else None
