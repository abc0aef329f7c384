"""An inbound mail becomes an inquiry, its parts, events and the reply, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import caps, copies, notice, questions, reading, reply, returned, threads, triage
from bot.desk import Desk
from bot.inbox import rules
from bot.reading import Asked, Reading, Silent
from bot.reply import Reply
from bot.storage import Storage
from bot.tables import HandledMail, Inquiry
from bot.understanding import Understanding
from faq.contest import Person
from intents.decide import Decision, Verdict
from mailer import outbox
from mailer.errors import ComposeError
from mailer.letter import Letter

log = structlog.get_logger(__name__)

#: Mail of machines that a mail of ours caused.
_OF_OUR_MAIL = (rules.MailVerdict.BOUNCE, rules.MailVerdict.AUTO_REPLY)


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
    """Settle one stored mail: everything about it is written in one transaction.

    Returns None when it had been handled already, by whomever.
    """
    read = reading.read(storage, understanding, desk, inbound_id, now=now)
    try:
        return _settle(storage, read, desk, now=now)
    except IntegrityError:
        # Another worker wrote the mark (or the same mail by another door) between our look and our
        # insert: the unique keys let one of us through. Look again; a duplicate is then seen as one.
        return _settle(storage, read, desk, now=now)


def lay_aside(storage: Storage, desk: Desk, inbound_id: int, *, reason: str, now: datetime) -> Handled | None:
    """Mark a mail that cannot be worked on as unreadable and tell staff; its bytes stay stored."""
    return _settle(storage, reading.unreadable(inbound_id, rule="failed", reason=reason), desk, now=now)


def _settle(storage: Storage, read: Reading, desk: Desk, *, now: datetime) -> Handled | None:
    with storage.write.begin() as session:
        if session.get(HandledMail, read.inbound_id) is not None:
            return None
        handled = _write(session, read, desk, now=now)
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
    return handled


def _write(session: Session, read: Reading, desk: Desk, *, now: datetime) -> Handled:
    mark = HandledMail(
        inbound_id=read.inbound_id,
        handled_at=now,
        verdict=read.ruling.verdict,
        rule=read.ruling.rule,
        reason=read.ruling.reason,
        from_address=read.mail.from_address if read.mail else None,
        subject=read.mail.subject if read.mail else None,
        message_id=read.mail.message_id if read.mail else None,
        dedup_key=read.dedup_key,
    )
    first = copies.first(session, read.dedup_key)
    if first is not None:
        mark.verdict, mark.dedup_key, mark.inquiry_id = "duplicate", None, first.inquiry_id
        mark.reason = f"the same mail as inbound {first.inbound_id}"
        session.add(mark)
        return _handled(read, inquiry_id=first.inquiry_id, withheld=mark.reason)
    namesake = copies.namesake(session, read.dedup_key)
    session.add(mark)
    session.flush()
    handled = _work(session, read, mark, desk, now=now)
    if namesake is not None:
        copies.flag(session, desk, mark, namesake, now=now)
    return handled


def _work(session: Session, read: Reading, mark: HandledMail, desk: Desk, *, now: datetime) -> Handled:
    inquiry = session.get(Inquiry, read.belongs.inquiry_id) if read.belongs.inquiry_id else None
    match read:
        case Silent():
            return _silence(session, read, inquiry, mark, desk, now=now)
        case Asked(decision=Decision(decision=Verdict.IGNORE)):
            return _acknowledge(session, read, inquiry, mark, now=now)
        case Asked():
            return _converse(session, read, inquiry, mark, desk, now=now)


def _silence(
    session: Session, read: Silent, inquiry: Inquiry | None, mark: HandledMail, desk: Desk, *, now: datetime
) -> Handled:
    """Machines, bounces and what cannot be read: nothing goes out; staff find it in the quiet list."""
    ruling = read.ruling
    if read.returned is not None and ruling.verdict in _OF_OUR_MAIL:
        returned.settle(session, read.returned, ruling, inbound_id=read.inbound_id, now=now)
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
            session, inquiry, "thanks", actor="applicant", now=now, inbound=asked.inbound_id, text=asked.text
        )
    return _handled(asked, inquiry_id=mark.inquiry_id, withheld="no question in it")


def _converse(
    session: Session, asked: Asked, inquiry: Inquiry | None, mark: HandledMail, desk: Desk, *, now: datetime
) -> Handled:
    """Write the question down, reply as far as we may, and tell staff what waits."""
    opened = inquiry is None
    if inquiry is None:
        inquiry = questions.open_inquiry(session, asked, now=now)
        if asked.belongs.claimed_id:
            claimed = asked.belongs.claimed_id
            triage.record(session, inquiry, "claims_thread", actor="desk", now=now, of=claimed)
    mark.inquiry_id = inquiry.id
    questions.remember_theirs(session, inquiry, asked.mail, now=now)
    parts = questions.add_parts(session, inquiry, asked)
    triage.record(
        session, inquiry, "asked", actor="applicant", now=now, inbound=asked.inbound_id, text=asked.text
    )
    withheld = caps.withheld(session, inquiry, asked, now=now)
    outbox_id = None
    if withheld is None and asked.fault is not None:
        key = caps.notice_key(session, inquiry)
        withheld = caps.Withheld(reason=f"the answer is broken: {asked.fault}", notice_key=key)
    if withheld is None and asked.reply is not None:
        try:
            # A savepoint: what cannot be composed must not take the inquiry with it.
            with session.begin_nested():
                unsettled = any(part.waits for part in parts)
                outbox_id = _send(session, asked, asked.reply, inquiry, desk, waits=unsettled, now=now)
        except ComposeError as error:
            key = caps.notice_key(session, inquiry)
            withheld = caps.Withheld(reason=f"the reply cannot be written: {error}", notice_key=key)
    if withheld is not None:
        triage.record(session, inquiry, "withheld", actor="desk", now=now, reason=withheld.reason)
    if outbox_id is None:
        # What was not said is not answered, however sure we were.
        for part in parts:
            part.waits = True
    waiting = [part for part in parts if part.waits]
    waits = bool(waiting)
    triage.asked(inquiry, waits=waits, opened=opened, now=now)
    if waits:
        key = withheld.notice_key if withheld else f"notice:{asked.inbound_id}"
        notice.of_questions(session, desk, inquiry, waiting, key=key, now=now)
    return _handled(
        asked,
        inquiry_id=inquiry.id,
        outbox_id=outbox_id,
        withheld=withheld.reason if withheld else None,
        waits=waits,
    )


def _send(
    session: Session,
    asked: Asked,
    written: Reply,
    inquiry: Inquiry,
    desk: Desk,
    *,
    waits: bool,
    now: datetime,
) -> int | None:
    language = asked.decision.language
    letter = Letter(
        kind=written.kind,
        recipient=Person(address=asked.mail.from_address or "", name=None, language=language),
        subject=triage.reply_subject(asked.mail.subject or ""),
        template=written.template,
        data=reply.data(written, inquiry=inquiry.id if waits else None),
        automatic=True,
        thread=threads.reply_thread(asked.mail),
        inquiry=inquiry.id,
        provenance=written.provenance,
    )
    key = f"reply:{asked.inbound_id}"
    outbox_id = outbox.enqueue(session, letter, key=key, identity=desk.identity, now=now)
    if outbox_id is not None:
        triage.remember_ours(session, inquiry, outbox_id, now=now)
        triage.record(session, inquiry, "answered", actor="desk", now=now, outbox=outbox_id)
    return outbox_id


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
