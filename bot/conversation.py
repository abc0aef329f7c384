"""Inbound mails become inquiries, their parts, events and the replies, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Insert, bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import answering, attending, copies, echo, notice, questions, reading, returned, roster, triage
from bot.answering import Question
from bot.desk import Desk
from bot.inbox import rules
from bot.reading import Asked, Reading, Silent
from bot.storage import Storage
from bot.tables import Event, HandledMail, Inquiry, InquiryPart, ThreadMessage
from bot.understanding import Understanding
from intents.decide import Decision, Verdict
from mailer.base import Base

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of one inbound mail."""

    inbound_id: int
    ruling: rules.Ruling
    from_address: str | None
    subject: str
    text: str
    decision: Decision | None
    inquiry_id: int | None = None
    #: The outbox row of the reply, if there is one.
    outbox_id: int | None = None
    #: Why nothing was sent to the sender.
    withheld: str | None = None
    #: True when a person has to act.
    waits: bool = False


def handle(
    storage: Storage, understanding: Understanding, desk: Desk, inbound_id: int, *, now: datetime
) -> Handled | None:
    """Read and settle one stored mail; None when it had been handled already, by whomever."""
    (stored,) = reading.fetch(storage, [inbound_id])
    read = reading.read(storage, understanding.current(), desk, stored, now=now)
    return next(iter(settle(storage, [read], desk, now=now)), None)


def lay_aside(storage: Storage, desk: Desk, inbound_id: int, *, reason: str, now: datetime) -> Handled | None:
    """Mark a mail that cannot be worked on as unreadable and tell staff; its bytes stay stored."""
    read = reading.unreadable(inbound_id, rule="failed", reason=reason)
    return next(iter(settle(storage, [read], desk, now=now)), None)


def apart(readings: Sequence[Reading]) -> list[Reading]:
    """Choose those that can be settled together: the first of each sender, Message-ID and shared limit.

    A second one may have to see what the first one left: its inquiry, the count of our mails, its key.
    """
    chosen: list[Reading] = []
    seen: set[str] = set()
    for read in readings:
        marks = {read.dedup_key[: copies.ID_CHARS]} if read.dedup_key else set()
        if isinstance(read, Asked):
            marks |= echo.shared(read)
            if read.mail.from_address:
                marks.add(read.mail.from_address.lower())
        if not marks & seen:
            chosen.append(read)
        seen |= marks
    return chosen


def settle(storage: Storage, readings: Sequence[Reading], desk: Desk, *, now: datetime) -> list[Handled]:
    """Settle mails that are ``apart``: everything about them is written in one transaction.

    What had been handled already, by whomever, is left out.
    """
    if not readings:
        return []
    try:
        done = _settle(storage, readings, desk, now=now)
    except IntegrityError:
        # Another worker wrote the mark (or the same mail by another door) between our look and our
        # insert: the unique keys let one of us through. Look again; a duplicate is then seen as one.
        done = _settle(storage, readings, desk, now=now)
    for handled in done:
        log.info(
            "mail.handled",
            inbound=handled.inbound_id,
            verdict=handled.ruling.verdict,
            rule=handled.ruling.rule,
            decision=handled.decision.decision if handled.decision else None,
            inquiry=handled.inquiry_id,
            outbox=handled.outbox_id,
            waits=handled.waits,
        )
    return done


def _settle(storage: Storage, readings: Sequence[Reading], desk: Desk, *, now: datetime) -> list[Handled]:
    with storage.write.begin() as session:
        numbers = [read.inbound_id for read in readings]
        marked = set(session.connection().scalars(_MARKED, {"numbers": numbers}))
        fresh = [read for read in readings if read.inbound_id not in marked]
        return _write(session, fresh, desk, now=now) if fresh else []


_MARKED = select(HandledMail.inbound_id).where(
    HandledMail.inbound_id.in_(bindparam("numbers", expanding=True))
)


def _write(session: Session, readings: Sequence[Reading], desk: Desk, *, now: datetime) -> list[Handled]:
    known = copies.find(session, [read.dedup_key for read in readings if read.dedup_key])
    done: dict[int, Handled] = {}
    asked: list[Question] = []
    namesakes: list[tuple[HandledMail, copies.Marked]] = []
    marks = {read.inbound_id: _mark(read, now=now) for read in readings}
    for read in readings:
        mark = marks[read.inbound_id]
        first = known.first(read.dedup_key)
        if first is not None:
            mark.verdict, mark.dedup_key, mark.inquiry_id = "duplicate", None, first.inquiry_id
            mark.reason = f"the same mail as inbound {first.inbound_id}"
            done[read.inbound_id] = _handled(read, inquiry_id=first.inquiry_id, withheld=mark.reason)
            continue
        if read.unsubscribes is not None:
            roster.unsubscribe(session, read.unsubscribes, now=now)
        namesake = known.namesake(read.dedup_key)
        if namesake is not None:
            namesakes.append((mark, namesake))
        inquiry = session.get(Inquiry, read.belongs.inquiry_id) if read.belongs.inquiry_id else None
        match read:
            case Silent():
                done[read.inbound_id] = _silence(session, read, inquiry, mark, desk, now=now)
            case Asked() if attending.take(session, read, inquiry, mark, desk, now=now):
                done[read.inbound_id] = _handled(read, inquiry_id=mark.inquiry_id)
            case Asked(decision=Decision(decision=Verdict.IGNORE)):
                done[read.inbound_id] = _acknowledge(session, read, inquiry, mark, now=now)
            case Asked():
                asked.append(Question(asked=read, mark=mark, continues=inquiry))
    answering.answer(session, asked, desk, now=now)
    for one in asked:
        done[one.asked.inbound_id] = _handled(
            one.asked,
            inquiry_id=one.mark.inquiry_id,
            outbox_id=one.outbox_id,
            withheld=one.withheld.reason if one.withheld else None,
            waits=one.waits,
        )
    for mark, namesake in namesakes:
        copies.flag(session, desk, mark, namesake, now=now)
    session.add_all(marks.values())
    _insert(session)
    return [done[read.inbound_id] for read in readings]


def _insert(session: Session) -> None:
    """Insert what is new; what nothing points to goes past the unit of work, which costs more than it."""
    leaves = [row for row in session.new if type(row) in _LEAVES]
    for row in leaves:
        session.expunge(row)
    session.flush()
    connection = session.connection()
    for kind, (statement, names) in _LEAVES.items():
        rows = [{name: getattr(row, name) for name in names} for row in leaves if type(row) is kind]
        if rows:
            connection.execute(statement, rows)


def _leaf(kind: type[Base]) -> tuple[Insert, tuple[str, ...]]:
    """The statement that inserts such rows, and its columns; a number of its own comes from the database."""
    table = Base.metadata.tables[kind.__tablename__]
    names = tuple(column.name for column in table.columns if column is not table.autoincrement_column)
    return insert(table), names


#: What nothing points to, in the order in which it is inserted: many rows in one statement each.
_LEAVES = {kind: _leaf(kind) for kind in (HandledMail, InquiryPart, Event, ThreadMessage)}


def _mark(read: Reading, *, now: datetime) -> HandledMail:
    return HandledMail(
        inbound_id=read.inbound_id,
        handled_at=now,
        verdict=read.ruling.verdict,
        rule=read.ruling.rule,
        reason=read.ruling.reason,
        from_address=read.mail.from_address if read.mail else None,
        subject=read.mail.subject if read.mail else None,
        message_id=read.mail.message_id if read.mail else None,
        dedup_key=read.dedup_key,
        identity=read.proof.level if read.proof else None,
    )


def _silence(
    session: Session, read: Silent, inquiry: Inquiry | None, mark: HandledMail, desk: Desk, *, now: datetime
) -> Handled:
    """Machines, bounces and what cannot be read: nothing goes out; staff find it in the quiet list."""
    ruling = read.ruling
    returned.take(session, read.returned, ruling, inbound_id=read.inbound_id, desk=desk, now=now)
    if inquiry is not None:
        mark.inquiry_id = inquiry.id
        triage.record(
            session,
            inquiry,
            "silent",
            actor="desk",
            now=now,
            inbound=read.inbound_id,
            verdict=ruling.verdict,
            reason=ruling.reason,
        )
    unreadable = ruling.verdict is rules.MailVerdict.UNREADABLE
    if unreadable:
        notice.of_unreadable(session, desk, read.inbound_id, ruling.reason, now=now)
    return _handled(read, inquiry_id=mark.inquiry_id, withheld=ruling.reason, waits=unreadable)


def _acknowledge(
    session: Session, asked: Asked, inquiry: Inquiry | None, mark: HandledMail, *, now: datetime
) -> Handled:
    """Thanks and the like are logged where they belong, and not answered."""
    if inquiry is not None:
        mark.inquiry_id = inquiry.id
        questions.remember_theirs(session, inquiry, asked.mail, now=now)
        triage.record(
            session,
            inquiry,
            "thanks",
            actor="applicant",
            now=now,
            inbound=asked.inbound_id,
            text=asked.text,
            identity=asked.proof.level,
        )
    return _handled(asked, inquiry_id=mark.inquiry_id, withheld="no question in it")


def _handled(
    read: Reading,
    *,
    inquiry_id: int | None,
    outbox_id: int | None = None,
    withheld: str | None = None,
    waits: bool = False,
) -> Handled:
    return Handled(
        inbound_id=read.inbound_id,
        ruling=read.ruling,
        from_address=read.mail.from_address if read.mail else None,
        subject=(read.mail.subject or "") if read.mail else "",
        text=read.text,
        decision=read.decision if isinstance(read, Asked) else None,
        inquiry_id=inquiry_id,
        outbox_id=outbox_id,
        withheld=withheld,
        waits=waits,
    )
