"""Questions enter the rows and are answered, all those of a batch together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot import caps, doors, notice, own_result, personal, questions, reply, threads, triage
from bot.desk import Desk
from bot.reading import Asked
from bot.reply import Reply
from bot.tables import HandledMail, Inquiry, InquiryPart
from faq.contest import Person
from mailer import outbox
from mailer.errors import ComposeError
from mailer.letter import Letter


@dataclass(slots=True, kw_only=True)
class Question:
    """A question on its way into the rows."""

    asked: Asked
    mark: HandledMail
    #: The inquiry that it belongs to; None opens one.
    continues: Inquiry | None
    parts: list[InquiryPart] = field(default_factory=list)
    withheld: caps.Withheld | None = None
    #: The outbox row of the reply, if there is one.
    outbox_id: int | None = None
    #: True when a person has to act.
    waits: bool = False


def answer(session: Session, those: Sequence[Question], desk: Desk, *, now: datetime) -> None:
    """Write questions down, reply as far as we may, tell staff what waits; fills in what became of each."""
    if not those:
        return
    opened = questions.open_inquiries(session, [one.asked for one in those if one.continues is None], now=now)
    sent_today = caps.sent_today(session, [one.asked for one in those], now=now)
    entered = []
    for one in those:
        inquiry = one.continues or opened[one.asked.inbound_id]
        _enter(session, one, inquiry, now=now)
        one.withheld = caps.withheld(
            session, inquiry, one.asked, opened=one.continues is None, sent_today=sent_today, now=now
        )
        entered.append((one, inquiry))
    _reply(session, entered, desk, now=now)
    for one, inquiry in entered:
        _conclude(session, one, inquiry, desk, now=now)


def _enter(session: Session, one: Question, inquiry: Inquiry, *, now: datetime) -> None:
    asked = one.asked
    if one.continues is None and asked.belongs.claimed_id:
        triage.record(session, inquiry, "claims_thread", actor="desk", now=now, of=asked.belongs.claimed_id)
    one.mark.inquiry_id = inquiry.id
    questions.remember_theirs(session, inquiry, asked.mail, now=now)
    one.parts = questions.add_parts(session, inquiry, asked)
    triage.record(
        session,
        inquiry,
        "asked",
        actor="applicant",
        now=now,
        inbound=asked.inbound_id,
        text=asked.text,
        identity=asked.proof.level,
    )
    personal.log(session, inquiry, asked.personal, asked.proof, now=now)


def _reply(
    session: Session, entered: Sequence[tuple[Question, Inquiry]], desk: Desk, *, now: datetime
) -> None:
    """Put the replies that may go out into the outbox, all at once."""
    requests: list[outbox.Request] = []
    replied: list[tuple[Question, Inquiry]] = []
    for one, inquiry in entered:
        if one.withheld is None and one.asked.fault is not None:
            one.withheld = caps.Withheld(
                reason=f"the answer is broken: {one.asked.fault}",
                notice_key=caps.notice_key(session, inquiry),
            )
        if one.withheld is None and one.asked.reply is not None:
            waits = any(part.waits for part in one.parts)
            letter = _letter(one.asked, own_result.with_own_result(session, one.asked), inquiry, waits=waits)
            requests.append(outbox.Request(key=f"reply:{one.asked.inbound_id}", letter=letter))
            replied.append((one, inquiry))
    answers = doors.enqueue_all(session, requests, identity=desk.identity, now=now)
    for (one, inquiry), answer in zip(replied, answers, strict=True):
        if isinstance(answer, ComposeError):
            one.withheld = caps.Withheld(
                reason=f"the reply cannot be written: {answer}", notice_key=caps.notice_key(session, inquiry)
            )
        elif answer is not None:
            one.outbox_id = answer.id
            triage.remember_ours(session, inquiry, answer.message_id, now=now)
            triage.record(session, inquiry, "answered", actor="desk", now=now, outbox=answer.id)


def _conclude(session: Session, one: Question, inquiry: Inquiry, desk: Desk, *, now: datetime) -> None:
    """What has not been said waits for staff, who are told."""
    if one.withheld is not None:
        triage.record(session, inquiry, "withheld", actor="desk", now=now, reason=one.withheld.reason)
    if one.outbox_id is None:
        # What was not said is not answered, however sure we were.
        for part in one.parts:
            part.waits = True
    waiting = [part for part in one.parts if part.waits]
    one.waits = bool(waiting)
    triage.asked(inquiry, waits=one.waits, opened=one.continues is None, now=now)
    if one.waits:
        key = one.withheld.notice_key if one.withheld else f"notice:{one.asked.inbound_id}"
        notice.of_questions(session, desk, inquiry, waiting, key=key, now=now)


def _letter(asked: Asked, written: Reply, inquiry: Inquiry, *, waits: bool) -> Letter:
    return Letter(
        kind=written.kind,
        recipient=Person(address=asked.mail.from_address or "", name=None, language=asked.decision.language),
        subject=triage.reply_subject(asked.mail.subject or ""),
        template=written.template,
        data=reply.data(written, inquiry=inquiry.id if waits else None),
        automatic=True,
        thread=threads.reply_thread(asked.mail),
        inquiry=inquiry.id,
        provenance={**written.provenance, **({"personal": list(asked.personal)} if asked.personal else {})},
    )
