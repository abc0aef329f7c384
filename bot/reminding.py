"""The tick that reminds: what is due, to whom, as everything is at this moment.

It keeps no timetable. What is due is computed from the schedule of now, who is owed it is read from the
roster of now, and what was done stands under unique keys; so a restart, a second scheduler, a pause of
hours or a clock that leaps change nothing but the minute. ``now`` is contest time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from bot import fence, notice, roster
from bot.desk import Desk
from bot.roster_tables import Contestant
from bot.storage import Storage
from bot.tables import Cursor
from faq import render
from faq.contest import Language
from faq.library import Library
from mailer import invite, reminded, reminder_letter, reminders
from mailer.attach import Attachment
from mailer.letter import Letter
from mailer.reminder_letter import Addressee
from mailer.reminders import Plan, Slot
from mailer.states import WAITING

log = structlog.get_logger(__name__)

#: People whose reminders are written in one transaction.
BATCH = 500
#: How long a slot that everybody has had is left alone: its audience may still grow.
RESTS = timedelta(minutes=5)
#: After this, a slot that has found nobody is told to staff.
EMPTY_AFTER = timedelta(minutes=30)
#: Addresses that a notice to staff names.
NAMED = 20
#: Everybody who may be reminded, unless the settings say otherwise.
MOST = 2000
_CURSOR = "reminders"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What one tick did, in reminders."""

    queued: int = 0
    #: Their time had gone by; staff were told.
    skipped: int = 0
    #: Called back before they left: the day was moved, or nothing is owed any more.
    cancelled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSlot:
    """A reminder to come, and whom it would go to as things are today."""

    slot: Slot
    count: int
    #: Why it is nobody, where there is more to say than the number.
    note: str | None = None


def planned(session: Session, library: Library) -> Plan:
    """The season's slots as schedule, rules and releases are now."""
    return reminders.plan(library.contest.milestones, library.reminders, releases=roster.releases(session))


def tick(storage: Storage, library: Library, desk: Desk, *, now: datetime, most: int = MOST) -> Ticked:
    """Do what is due once, with no memory of earlier ticks; see `Reminding`."""
    return Reminding(storage, desk, most=most).tick(library, now=now)


def next_at(session: Session, library: Library, *, now: datetime) -> datetime | None:
    """The next instant after ``now`` at which a tick may have something to do, for clocks that leap."""
    return next((at for at in planned(session, library).instants() if at > now), None)


def outlook(session: Session, library: Library, *, now: datetime) -> list[PlannedSlot]:
    """Every slot to come, with its audience as the roster is today."""
    found = []
    for slot in planned(session, library).slots:
        if slot.not_after < now:
            continue
        people = _owed(session, slot, audience(session, slot, now=now))
        note = None if people else _why_empty(session, slot, now=now)
        found.append(PlannedSlot(slot=slot, count=len(people), note=note))
    return found


class Reminding:
    """Reminders over one database; there may be several of these, in as many processes."""

    def __init__(self, storage: Storage, desk: Desk, *, most: int = MOST) -> None:
        """``most`` is the longest list that one slot may go to without a person's say."""
        self._storage = storage
        self._desk = desk
        self._most = most
        #: When a slot that everybody has had was looked at last: an economy, never the truth.
        self._rested: dict[str, datetime] = {}

    def tick(self, library: Library, *, now: datetime) -> Ticked:
        """Queue what is due, call back what is true no more, tell staff what was missed.

        It opens its own short transactions; killed anywhere, the next tick goes on.
        """
        now = now.astimezone(UTC)
        with self._storage.read() as session:
            plan = planned(session, library)
            held_before = fence.held_before(session)
            cursor = session.get(Cursor, _CURSOR)
            is_open = bool(reminded.still_open(session))
        cancelled = skipped = queued = 0
        if is_open:
            cancelled, skipped = self._settle(plan, now=now)
        for slot in plan.due(now=now):
            if held_before is not None and slot.at <= held_before:
                skipped += self._skip(slot, now=now)  # the other installation may have sent it
            else:
                queued += self._fire(slot, library, now=now)
        closed_until = _instant(cursor)
        closed = plan.closed(after=closed_until, now=now)
        for slot in closed:
            skipped += self._skip(slot, now=now)
            self._tell_if_empty(slot, now=now)
        if closed:
            self._close(max(slot.not_after for slot in closed))
        done = Ticked(queued=queued, skipped=skipped, cancelled=cancelled)
        if done != Ticked():
            log.info("reminders.ticked", queued=queued, skipped=skipped, cancelled=cancelled)
        return done

    # -- what goes out ------------------------------------------------------------------------

    def _fire(self, slot: Slot, library: Library, *, now: datetime) -> int:
        rested = self._rested.get(slot.name)
        if rested is not None and abs(now - rested) < RESTS:
            return 0
        with self._storage.read() as session:
            people = audience(session, slot, now=now)
            owed = _owed(session, slot, people)
        try:
            fence.within(len(people), most=self._most, what=slot.name)
        except fence.Fenced:
            self._tell_of_fence(slot, len(people), now=now)
            return 0
        queued = sum(
            self._queue(slot, batch, library, now=now) for batch in _batches([one.id for one in owed])
        )
        if not queued:
            self._rested[slot.name] = now
        return queued

    def _queue(self, slot: Slot, ids: Collection[int], library: Library, *, now: datetime) -> int:
        contest, identity = library.contest, self._desk.identity
        calendars: dict[Language, Attachment] = {}

        def write(to: Addressee) -> Letter:
            language = to.person.language
            if language not in calendars:
                calendars[language] = invite.published(
                    slot.milestone, contest=contest, domain=identity.domain, language=language, now=now
                )
            return reminder_letter.letter(
                slot, to, contest=contest, identity=identity, now=now, attachments=(calendars[language],)
            )

        with self._storage.write.begin() as session:
            reminded.one_at_a_time(session)
            # Read again here: what was owed a moment ago may have been handed in since.
            people = audience(session, slot, now=now, only=ids)
            done = reminded.queue(session, slot, people, write=write, identity=identity, now=now)
            for person, why in done.unwritten.items():
                said = f"{_named(slot)} 알림을 명단 {person}번에게 쓸 수 없습니다: {why}"
                self._tell(session, said, key=f"unwritten:{slot.name}:{person}", now=now)
        for person in done.unwritten:
            log.error("reminders.unwritten", slot=slot.name, person=person)
        return len(done.mails)

    # -- what does not ------------------------------------------------------------------------

    def _settle(self, plan: Plan, *, now: datetime) -> tuple[int, int]:
        """Note what became of earlier reminders, and call back those that are true no more."""
        slots = {(slot.milestone.id, str(slot.offset)): slot for slot in plan.slots}
        cancelled = 0
        late: dict[tuple[str, str], list[int]] = {}
        with self._storage.write.begin() as session:
            reminded.one_at_a_time(session)
            found = reminded.still_open(session)
            for one in reminded.end(session, found):
                late.setdefault((one.milestone, one.offset), []).append(one.person)
            waiting = [one for one in found if one.mail_state in WAITING]
            owing: dict[tuple[str, str], set[int]] = {}
            for name, slot in slots.items():
                ids = [one.person for one in waiting if (one.milestone, one.offset) == name]
                for batch in _batches(ids):
                    people = audience(session, slot, now=now, only=batch)
                    owing.setdefault(name, set()).update(one.id for one in people)
            for one in waiting:
                current = slots.get((one.milestone, one.offset))
                if current is None or current.due_at != one.due_at:
                    why = "the schedule was changed"
                elif one.person not in owing.get((one.milestone, one.offset), ()):
                    why = "nothing is owed any more"
                else:
                    continue
                cancelled += reminded.call_back(session, one, why)
            for name, persons in late.items():
                self._tell_of_late(session, slots.get(name), "-".join(name), persons, now=now)
        return cancelled, sum(len(persons) for persons in late.values())

    def _skip(self, slot: Slot, *, now: datetime) -> int:
        """Note whom a slot has missed; staff get one notice with all of them."""
        with self._storage.read() as session:
            owed = _owed(session, slot, audience(session, slot, now=slot.not_after))
        missed: list[int] = []
        if not owed:
            return 0
        with self._storage.write.begin() as session:
            reminded.one_at_a_time(session)
            for batch in _batches([one.id for one in owed]):
                people = audience(session, slot, now=slot.not_after, only=batch)
                missed += reminded.skip(session, slot, people, now=now)
            if missed:
                self._tell_of_late(session, slot, slot.name, missed, now=now)
        if missed:
            log.error("reminders.skipped_late", slot=slot.name, people=len(missed))
        return len(missed)

    def _close(self, until: datetime) -> None:
        """Note that slots up to here need no other look."""
        with self._storage.write.begin() as session:
            cursor = session.get(Cursor, _CURSOR)
            mark = max(int(until.timestamp()), cursor.low_water if cursor else 0)
            session.merge(Cursor(name=_CURSOR, low_water=mark))

    # -- what staff are told ------------------------------------------------------------------

    def _tell_of_late(
        self, session: Session, slot: Slot | None, name: str, persons: Sequence[int], *, now: datetime
    ) -> None:
        shown = [
            row.address for number in persons[:NAMED] if (row := session.get(Contestant, number)) is not None
        ]
        more = f" 외 {len(persons) - len(shown)}명" if len(persons) > len(shown) else ""
        what = _named(slot) if slot else name
        said = (
            f"{what} 알림을 제때 보내지 못해 {len(persons)}명에게 보내지 않았습니다:"
            f" {', '.join(shown)}{more}. 필요하면 직접 연락해 주세요."
        )
        self._tell(session, said, key=f"late:{name}:{persons[0]}", now=now)

    def _tell_of_fence(self, slot: Slot, count: int, *, now: datetime) -> None:
        """Say why a list that is too long is not written to; an empty one is given a while to fill."""
        if not count:
            if now - slot.at >= EMPTY_AFTER:
                self._tell_if_empty(slot, now=now)
            return
        log.error("reminders.over_limit", slot=slot.name, people=count, most=self._most)
        said = (
            f"{_named(slot)} 알림의 대상이 {count}명으로, 한 번에 보낼 수 있는 {self._most}명을 넘어 보내지"
            " 않고 있습니다. 명단이 맞다면 CONTESTDESK_AUDIENCE_LIMIT을 올려 주세요."
        )
        with self._storage.write.begin() as session:
            self._tell(session, said, key=f"limit:{slot.name}", now=now)

    def _tell_if_empty(self, slot: Slot, *, now: datetime) -> None:
        """An audience that should not be empty: nobody on the roster, or no result told yet."""
        with self._storage.read() as session:
            why = _why_empty(session, slot, now=now)
        if why is None:
            return
        log.error("reminders.empty", slot=slot.name, why=why)
        with self._storage.write.begin() as session:
            self._tell(
                session,
                f"{_named(slot)} 알림을 받을 사람이 없습니다: {_EMPTY[why]}",
                key=f"empty:{slot.name}",
                now=now,
            )

    def _tell(self, session: Session, said: str, *, key: str, now: datetime) -> None:
        notice.of_reminders(session, self._desk, said, key=key, now=now)


# -- who --------------------------------------------------------------------------------------


def audience(
    session: Session, slot: Slot, *, now: datetime, only: Collection[int] | None = None
) -> list[Addressee]:
    """Who owes what a slot reminds of, at this instant: in its stages since before it, and not unsubscribed.

    A stage that is a decision counts from its release, and for those only whose own mail has told them.
    """
    return [
        Addressee(
            id=one.id,
            person=one.person,
            team=one.team,
            stage=one.stage,
            since=one.since,
            slot_at=one.slot_at,
        )
        for one in roster.standings(session, now=now, only=only)
        if one.stage in slot.audience and one.told and one.reminded and one.since <= slot.at
    ]


def _owed(session: Session, slot: Slot, people: Sequence[Addressee]) -> list[Addressee]:
    return [one for batch in _batches(people) for one in reminded.owed(session, slot, batch)]


def _why_empty(session: Session, slot: Slot, *, now: datetime) -> str | None:
    """Why an audience is empty that should not be; None when it is not, or when all have done their part."""
    standings = roster.standings(session, now=now)
    if not standings:
        return "nobody is on the roster"
    if slot.decided and not any(one.stage in slot.audience and one.told for one in standings):
        return "no decision was told yet"
    return None


_EMPTY = {
    "nobody is on the roster": "참가자 명단이 비어 있습니다(contestdesk roster import).",
    "no decision was told yet": "심사 결과를 받은 팀이 아직 없습니다(contestdesk campaign status).",
}


def _named(slot: Slot) -> str:
    when = render.clock_text(slot.at, Language.KO)
    return f"'{slot.milestone.title[Language.KO]} {slot.offset}'({when})"


def _instant(cursor: Cursor | None) -> datetime | None:
    return datetime.fromtimestamp(cursor.low_water, UTC) if cursor is not None else None


def _batches(things: Sequence[T]) -> list[Sequence[T]]:
    return [things[start : start + BATCH] for start in range(0, len(things), BATCH)]
