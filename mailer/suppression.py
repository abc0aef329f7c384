"""Bounces on record, and the addresses they close: whom we do not write to any more, until staff say so.

Verbs take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer import states
from mailer.bounce import Bounce
from mailer.errors import NoSuchSuppression
from mailer.states import DIRECT
from mailer.tables import BouncedMail, MailState, OutboxMail, Suppression

#: How the reason of a cancelled row begins, here and where a later mail is accepted.
SUPPRESSED = "suppressed: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """An address that is open again."""

    address: str
    reason: str
    #: Mails that were kept back meanwhile; a person may send them after all.
    kept_back: tuple[int, ...]


def record(
    session: Session,
    bounce: Bounce,
    *,
    inbound_id: int,
    outbox_id: int | None,
    suppressed: str | None,
    now: datetime,
) -> BouncedMail:
    """Write a bounce down; ``outbox_id`` only where a signed address proves the row."""
    row = BouncedMail(
        at=now,
        inbound_id=inbound_id,
        outbox_id=outbox_id,
        recipient=_cut(bounce.recipient, 320),
        status=_cut(bounce.status, 16),
        permanent=bounce.permanent,
        delayed=bounce.delayed,
        cause=bounce.cause.value,
        voice=bounce.voice.value,
        original_message_id=_cut(bounce.original_message_id, 998),
        suppressed=suppressed,
    )
    session.add(row)
    session.flush()
    return row


def suppress(session: Session, address: str, *, reason: str, now: datetime) -> tuple[int, ...]:
    """Write to an address no more; returns the waiting mails that are cancelled by it.

    An address that is closed already keeps its first reason. A mail that a sender holds just now leaves.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    address = address.lower()
    session.execute(
        insert(Suppression)
        .values(address=address, reason=reason, since=now)
        .on_conflict_do_nothing(index_elements=[Suppression.address])
    )
    cancelled = session.scalars(
        update(OutboxMail)
        .where(OutboxMail.recipient == address, states.within(states.WAITING))
        .values(state=MailState.CANCELLED, last_reply=f"{SUPPRESSED}{reason}")
        .returning(OutboxMail.id),
        **DIRECT,
    ).all()
    return tuple(sorted(cancelled))


def lift(session: Session, address: str, *, by: str, now: datetime) -> Lifted:
    """Open an address again because a person said so, who stays on record with the bounce.

    Raises:
        NoSuchSuppression: the address is not closed.
    """
    address = address.strip().lower()
    found = session.get(Suppression, address, populate_existing=True)
    if found is None:
        raise NoSuchSuppression(f"{address} is not suppressed; contestdesk suppressions list shows who is")
    reason = found.reason
    session.execute(delete(Suppression).where(Suppression.address == address), **DIRECT)
    session.execute(
        update(BouncedMail)
        .where(BouncedMail.suppressed == address, BouncedMail.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by),
        **DIRECT,
    )
    kept_back = session.scalars(
        select(OutboxMail.id)
        .where(
            OutboxMail.recipient == address,
            OutboxMail.state == MailState.CANCELLED,
            OutboxMail.last_reply.startswith(SUPPRESSED, autoescape=True),
        )
        .order_by(OutboxMail.id)
    ).all()
    return Lifted(address=address, reason=reason, kept_back=tuple(kept_back))


def listing(session: Session) -> Sequence[Suppression]:
    """Give every closed address, the latest last."""
    return session.scalars(select(Suppression).order_by(Suppression.since, Suppression.address)).all()


def bounces(session: Session, *, limit: int | None = None) -> Sequence[BouncedMail]:
    """Give the latest bounces, in the order they came."""
    latest = session.scalars(select(BouncedMail).order_by(BouncedMail.id.desc()).limit(limit)).all()
    return latest[::-1]


def bounces_of(session: Session, outbox_id: int) -> Sequence[BouncedMail]:
    """Give what came back of one mail, first to last."""
    return session.scalars(
        select(BouncedMail).where(BouncedMail.outbox_id == outbox_id).order_by(BouncedMail.id)
    ).all()


def _cut(text: str | None, most: int) -> str | None:
    return None if text is None else text[:most]
