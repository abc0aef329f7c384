"""What comes back to our mails under other names: limits that hold for a robot that changes its address.

Each such mail opens an inquiry of its own and is the first of its address, so the limits by inquiry and by
address never meet. It shows itself by the thread that it claims, or by the subject that it answers.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot import triage
from bot.reading import Asked
from bot.tables import Event, Inquiry
from mailer import outbox
from mailer.tables import Channel, MailState, OutboxMail

#: So far a chain of claims is followed; each link of a loop has a mail of ours, so few are needed.
LINKS = 10
#: Of the newest automatic mails to a domain within a day, so many are compared.
SUBJECTS = 500
MAX_SUBJECT_CHARS = 300

# Tickets and numbers that help desks write into a subject; they differ each time.
_TAGS = re.compile(r"\[[^\[\]]{0,80}\]|\([^()]{0,80}\)|#\s?\w{1,20}|\d{3,}")
_ANSWERS = re.compile(r"(?:^|(?<=[\s:：|>-]))(?:re|aw|sv|antw|fwd?|답장|회신|답변|전달)\s{0,3}[:：]")
_SPACES = re.compile(r"\s+")


def claimed(session: Session, claimed_id: int) -> tuple[Inquiry, ...]:
    """The inquiry whose thread a mail of somebody else claims, and those that this one claims in turn."""
    chain: dict[int, Inquiry] = {}
    number: int | None = claimed_id
    while number is not None and number not in chain and len(chain) < LINKS:
        inquiry = session.get(Inquiry, number)
        if inquiry is None:
            break
        chain[number] = inquiry
        said = session.scalar(
            select(Event.data)
            .where(Event.inquiry_id == number, Event.kind == "claims_thread")
            .order_by(Event.id)
            .limit(1)
        )
        number = said["of"] if said else None
    return tuple(chain.values())


def shared(asked: Asked) -> set[str]:
    """Name what the limits here count for this mail beside its address: two with one name meet one limit.

    Nothing for a mail that continues an inquiry, which has a limit of its own.
    """
    if asked.belongs.inquiry_id:
        return set()
    names = {f"claims:{asked.belongs.claimed_id}"} if asked.belongs.claimed_id else set()
    local_part, _, domain = (asked.mail.from_address or "").lower().rpartition("@")
    base, plus, _ = local_part.partition("+")
    if plus:
        names.add(f"{base}@{domain}")
    if _answered(asked.mail.subject or "") is not None:
        names.add(f"re:@{domain}")
    return names


def mails_about(session: Session, inquiries: tuple[Inquiry, ...]) -> int:
    """Count the automatic mails on these since a person last acted in each."""
    return sum(
        outbox.automatic_about(session, inquiry.id, since=triage.last_staff_act(session, inquiry.id))
        for inquiry in inquiries
    )


def mails_on_subject(session: Session, address: str, subject: str, *, now: datetime) -> int:
    """Count a day's automatic mails to this domain on the subject that this mail answers.

    0 for a subject that answers nothing, and for an address that got one of them: that is who may answer.
    """
    answered = _answered(subject)
    if answered is None:
        return 0
    recent = session.execute(
        select(OutboxMail.recipient, OutboxMail.subject)
        .where(*_automatic(now), OutboxMail.domain == address.rpartition("@")[2].lower())
        .order_by(OutboxMail.id.desc())
        .limit(SUBJECTS)
    ).all()
    got = [recipient for recipient, ours in recent if _answered(ours) == answered]
    return 0 if address.lower() in got else len(got)


def mails_to_details(session: Session, address: str, *, now: datetime) -> int:
    """Count a day's automatic mails to the addresses that differ from this one in their detail alone.

    ``support+id7@`` is ``support@`` (RFC 5233): help desks write each mail from another one. 0 for an
    address without a detail, which has a limit of its own.
    """
    local_part, _, domain = address.lower().rpartition("@")
    base, plus, _ = local_part.partition("+")
    if not plus or not base:
        return 0
    found = session.scalars(
        select(OutboxMail.recipient)
        .where(*_automatic(now), OutboxMail.recipient.startswith(f"{base}+", autoescape=True))
        .limit(SUBJECTS)
    )
    return sum(recipient.rpartition("@")[2] == domain for recipient in found)


def _automatic(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        OutboxMail.channel == Channel.MAIL,
        OutboxMail.automatic.is_(True),
        OutboxMail.state != MailState.CANCELLED,
        OutboxMail.created_at >= now - timedelta(days=1),
    )


def _answered(subject: str) -> str | None:
    """Cut a subject down to what it answers, without ticket numbers; None when it answers nothing."""
    bare = _TAGS.sub(" ", subject[:MAX_SUBJECT_CHARS].casefold())
    marks = list(_ANSWERS.finditer(bare))
    return _SPACES.sub(" ", bare[marks[-1].end() :]).strip() if marks else None
