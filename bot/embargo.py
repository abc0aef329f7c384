"""What may be said to whom before a result is released: nothing of it, by whatever way.

A decision that is not released lies in the rows of its campaign alone; no answer, list or notice reads
those. What is left are the words of staff themselves: a letter to a person with such a decision waits
for the release, or for a second person who reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.refusal import Refused
from bot.tables import Event, Inquiry, Staff
from mailer import states
from mailer.campaign_tables import Campaign, CampaignState, Recipient
from mailer.tables import MailKind, MailState, OutboxMail

#: No instant lifts it: a second person does, or the release of the campaign.
HELD = datetime(9999, 1, 1, tzinfo=UTC)
#: Event of a second person's word for a letter that waited.
COUNTERSIGNED = "countersigned"


def unreleased(session: Session, address: str) -> Campaign | None:
    """The campaign with a decision on this person that is not out yet; None when there is none."""
    return session.scalar(
        select(Campaign)
        .join(Recipient, Recipient.campaign_id == Campaign.id)
        .where(
            Recipient.address == address.strip().lower(),
            Recipient.person_key.is_not(None),
            Campaign.state != CampaignState.CANCELLED,
            Campaign.released_at.is_(None),
        )
        .limit(1)
    )


def of_letter(session: Session, inquiry: Inquiry) -> datetime | None:
    """Until when a letter of staff has to wait (``embargo_until``); None when nothing speaks against it."""
    return HELD if unreleased(session, inquiry.applicant.address) else None


def is_held(session: Session, mail_id: int) -> bool:
    """True when this row waits for a second person."""
    return session.scalar(select(OutboxMail.embargo_until).where(OutboxMail.id == mail_id)) == HELD


def countersign(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> int:
    """Let a held letter go because a second person has read it; returns the outbox id.

    Raises:
        Refused: none is held, or it is this person's own.
    """
    mail = held_letter(session, inquiry)
    if mail is None:
        raise Refused(f"inquiry {inquiry.id}: no letter waits for a second person")
    writer = session.scalar(select(Event.actor).where(Event.id == mail.provenance["event"]))
    if staff.address == writer:
        raise Refused(f"{staff.address} wrote this letter; another person reads it before it leaves")
    mail.embargo_until = None
    session.add(
        Event(
            inquiry_id=inquiry.id,
            at=now,
            actor=staff.address,
            kind=COUNTERSIGNED,
            data={"outbox": mail.id},
        )
    )
    inquiry.updated_at = now
    session.flush()
    return mail.id


def lift(session: Session, campaign: Campaign, *, until: datetime | None) -> None:
    """Let the letters go that waited for this campaign: it is released, or there is none any more."""
    session.execute(
        update(OutboxMail)
        .where(
            OutboxMail.kind == MailKind.LETTER,
            OutboxMail.embargo_until == HELD,
            OutboxMail.state.in_(states.WAITING),
            OutboxMail.recipient.in_(select(Recipient.address).where(Recipient.campaign_id == campaign.id)),
        )
        .values(embargo_until=until),
        **states.DIRECT,
    )


def held_letter(session: Session, inquiry: Inquiry) -> OutboxMail | None:
    """The newest letter of an inquiry that waits for a second person; None when there is none."""
    return session.scalar(
        select(OutboxMail)
        .where(
            OutboxMail.inquiry == inquiry.id,
            OutboxMail.kind == MailKind.LETTER,
            OutboxMail.embargo_until == HELD,
            OutboxMail.state == MailState.QUEUED,
        )
        .order_by(OutboxMail.id.desc())
        .limit(1)
    )
