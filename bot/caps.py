"""How often the desk may write by itself: limits that hold whatever the other side is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import echo, triage
from bot.reading import Asked
from bot.slack import place
from bot.tables import Event, Inquiry, InquiryPart
from faq.contest import SEOUL
from mailer import outbox, postings
from mailer.tables import MailKind, MailState, OutboxMail

#: RFC 3834 §2 asks for limits; a robot that marks nothing is stopped by these.
MAILS_PER_ADDRESS_A_DAY = 5
MAILS_PER_INQUIRY = 3
#: In Slack, where people ask in many short messages.
POSTS_PER_PERSON_A_DAY = 60
POSTS_PER_INQUIRY = 30
#: To other addresses of a domain, on the subject that a mail from a new address there answers.
MAILS_PER_SUBJECT_A_DAY = 3
RECEIPT_AGAIN_AFTER = timedelta(days=7)
#: Of the mails of one inquiry, the newest so many are compared; a robot may have sent thousands.
LOOKED_BACK = 20

_NUMBERS_AND_SPACES = re.compile(r"[\d\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """No automatic mail goes out, and why."""

    reason: str
    #: Key of the one notice that tells staff, however many more mails meet the same limit.
    notice_key: str


def sent_today(session: Session, asked: Sequence[Asked], *, now: datetime) -> Mapping[str, int]:
    """Count the automatic mails each sender got within a day, in the transaction that enqueues."""
    people = {one.mail.from_address for one in asked if one.mail.from_address}
    return outbox.automatic_to(session, people, since=now - timedelta(days=1))


def withheld(
    session: Session,
    inquiry: Inquiry,
    asked: Asked,
    *,
    opened: bool,
    sent_today: Mapping[str, int],
    now: datetime,
) -> Withheld | None:
    """Why no automatic mail may go out now; None when it may. ``opened``: the inquiry is this mail's own."""
    address = asked.mail.from_address
    if place.read(asked.mail.message_id):
        return _withheld_in_slack(session, inquiry, address or "", now=now)
    if not address:
        return Withheld(reason="no usable sender address", notice_key=notice_key(session, inquiry))
    if not asked.ruling.may_answer:
        return Withheld(reason=asked.ruling.reason, notice_key=notice_key(session, inquiry))
    if sent_today[address.lower()] >= MAILS_PER_ADDRESS_A_DAY:
        return Withheld(
            reason=f"{MAILS_PER_ADDRESS_A_DAY} automatic mails to this address within a day",
            # A robot may open a new inquiry with each mail; staff hear of it once a day all the same.
            notice_key=f"withheld:applicant:{inquiry.applicant_id}:{now.astimezone(SEOUL):%Y-%m-%d}",
        )
    if opened:  # nothing has gone out on it, but perhaps on what it echoes
        return _echo(session, inquiry, asked, address, now=now)
    since = triage.last_staff_act(session, inquiry.id)
    if outbox.automatic_about(session, inquiry.id, since=since) >= MAILS_PER_INQUIRY:
        reason = f"{MAILS_PER_INQUIRY} automatic mails in this inquiry without a person"
        return Withheld(reason=reason, notice_key=notice_key(session, inquiry))
    if _said_before(session, inquiry, asked):
        reason = "the same words were sent in this inquiry before (RFC 3834 §2)"
        return Withheld(reason=reason, notice_key=notice_key(session, inquiry))
    bare = asked.reply is not None and not asked.reply.says_something
    if bare and _receipt_sent(session, inquiry, now=now):
        reason = f"a receipt went out within {RECEIPT_AGAIN_AFTER.days} days"
        return Withheld(reason=reason, notice_key=notice_key(session, inquiry))
    return None


def _withheld_in_slack(session: Session, inquiry: Inquiry, address: str, *, now: datetime) -> Withheld | None:
    """In Slack no other program answers ours, bots are not heard; only what nobody would type is stopped."""
    if postings.automatic_to(session, address, since=now - timedelta(days=1)) >= POSTS_PER_PERSON_A_DAY:
        return Withheld(
            reason=f"{POSTS_PER_PERSON_A_DAY} automatic answers to this Slack user within a day",
            notice_key=f"withheld:applicant:{inquiry.applicant_id}:{now.astimezone(SEOUL):%Y-%m-%d}",
        )
    since = triage.last_staff_act(session, inquiry.id)
    if postings.automatic_about(session, inquiry.id, since=since) >= POSTS_PER_INQUIRY:
        reason = f"{POSTS_PER_INQUIRY} automatic answers in this thread without a person"
        return Withheld(reason=reason, notice_key=notice_key(session, inquiry))
    return None


def _echo(
    session: Session, inquiry: Inquiry, asked: Asked, address: str, *, now: datetime
) -> Withheld | None:
    """Hold back what would keep a robot going that answers each mail of ours from another address."""
    if asked.belongs.claimed_id:
        chain = echo.claimed(session, asked.belongs.claimed_id)
        if echo.mails_about(session, chain) >= MAILS_PER_INQUIRY:
            reason = f"{MAILS_PER_INQUIRY} automatic mails in the thread that it claims, without a person"
            # Told once about the thread, however many addresses claim it.
            return Withheld(reason=reason, notice_key=notice_key(session, chain[-1]))
    domain = address.rpartition("@")[2].lower()
    day = f"{now.astimezone(SEOUL):%Y-%m-%d}"
    if echo.mails_to_details(session, address, now=now) >= MAILS_PER_ADDRESS_A_DAY:
        reason = f"{MAILS_PER_ADDRESS_A_DAY} automatic mails to this address with other details within a day"
        return Withheld(reason=reason, notice_key=f"withheld:domain:{domain}:{day}")
    subject = asked.mail.subject or ""
    if echo.mails_on_subject(session, address, subject, now=now) >= MAILS_PER_SUBJECT_A_DAY:
        return Withheld(
            reason=f"{MAILS_PER_SUBJECT_A_DAY} automatic mails to others of {domain} on this subject today",
            notice_key=f"withheld:domain:{domain}:{day}",
        )
    return None


def notice_key(session: Session, inquiry: Inquiry) -> str:
    """One notice until a person acts: a robot that writes on and on is told of once, not mail by mail.

    Where staff know already that something waits in the inquiry, it is the key of that notice.
    """
    since = triage.last_staff_act(session, inquiry.id)
    told = _told(session, inquiry, since=since)
    if told is not None:
        return told
    return f"withheld:{inquiry.id}" if since is None else f"withheld:{inquiry.id}:{since:%Y%m%dT%H%M%S}"


def _told(session: Session, inquiry: Inquiry, *, since: datetime | None) -> str | None:
    mails = session.scalars(
        select(InquiryPart.inbound_id)
        .where(InquiryPart.inquiry_id == inquiry.id)
        .distinct()
        .order_by(InquiryPart.inbound_id.desc())
        .limit(LOOKED_BACK)
    )
    wanted = select(OutboxMail.key).where(OutboxMail.key.in_([f"notice:{number}" for number in mails]))
    if since is not None:
        wanted = wanted.where(OutboxMail.created_at >= since)
    return session.scalar(wanted.order_by(OutboxMail.id.desc()).limit(1))


def _said_before(session: Session, inquiry: Inquiry, asked: Asked) -> bool:
    """Whether an earlier mail in this inquiry said the same, numbers aside: a clock, a ticket."""
    events = session.scalars(
        select(Event.data)
        .where(Event.inquiry_id == inquiry.id, Event.kind == "asked")
        .order_by(Event.id.desc())
        .limit(LOOKED_BACK)
    )
    words = _bare(asked.text)
    return any(_bare(said["text"]) == words for said in events if said["inbound"] != asked.inbound_id)


def _bare(text: str) -> str:
    return _NUMBERS_AND_SPACES.sub(" ", text).strip().casefold()


def _receipt_sent(session: Session, inquiry: Inquiry, *, now: datetime) -> bool:
    query = select(OutboxMail.id).where(
        OutboxMail.inquiry == inquiry.id,
        OutboxMail.kind == MailKind.RECEIPT,
        OutboxMail.state != MailState.CANCELLED,
        OutboxMail.created_at > now - RECEIPT_AGAIN_AFTER,
    )
    return session.scalar(query.limit(1)) is not None
