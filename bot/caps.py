"""How often the desk may write by itself: limits that hold whatever the other side is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import triage
from bot.reading import Asked
from bot.tables import Inquiry
from faq.contest import SEOUL
from mailer import outbox
from mailer.tables import MailKind, MailState, OutboxMail

#: RFC 3834 §2 asks for limits; a robot that marks nothing is stopped by these.
MAILS_PER_ADDRESS_A_DAY = 5
MAILS_PER_INQUIRY = 3
RECEIPT_AGAIN_AFTER = timedelta(days=7)


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
    if opened:
        return None  # nothing has gone out on it
    since = triage.last_staff_act(session, inquiry.id)
    if outbox.automatic_about(session, inquiry.id, since=since) >= MAILS_PER_INQUIRY:
        reason = f"{MAILS_PER_INQUIRY} automatic mails in this inquiry without a person"
        return Withheld(reason=reason, notice_key=notice_key(session, inquiry))
    bare = asked.reply is not None and not asked.reply.says_something
    if bare and _receipt_sent(session, inquiry, now=now):
        reason = f"a receipt went out within {RECEIPT_AGAIN_AFTER.days} days"
        return Withheld(reason=reason, notice_key=notice_key(session, inquiry))
    return None


def notice_key(session: Session, inquiry: Inquiry) -> str:
    """One notice until a person acts: a robot that writes on and on is told of once, not mail by mail."""
    since = triage.last_staff_act(session, inquiry.id)
    return f"withheld:{inquiry.id}" if since is None else f"withheld:{inquiry.id}:{since:%Y%m%dT%H%M%S}"


def _receipt_sent(session: Session, inquiry: Inquiry, *, now: datetime) -> bool:
    query = select(OutboxMail.id).where(
        OutboxMail.inquiry == inquiry.id,
        OutboxMail.kind == MailKind.RECEIPT,
        OutboxMail.state != MailState.CANCELLED,
        OutboxMail.created_at > now - RECEIPT_AGAIN_AFTER,
    )
    return session.scalar(query.limit(1)) is not None
