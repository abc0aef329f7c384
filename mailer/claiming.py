"""The outbox as a sender looks for work: what may leave now, taken for one sender and one lease.

Verbs take a session and never commit. ``now`` is contest time, ``real_now`` is real UTC.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from mailer import gate, states
from mailer.base import Base
from mailer.states import ROWS, WAITING
from mailer.tables import Channel, MailKind, MailState, Trouble

#: Reason of a row that was not sent because its ``not_after`` had gone by.
SKIPPED_LATE = "skipped_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row that one sender holds until its lease ends; ``token`` proves it."""

    id: int
    token: str
    lease: timedelta
    channel: Channel
    kind: MailKind
    recipient: str
    domain: str
    envelope_sender: str
    message_id: str
    body: bytes = field(repr=False)


def waits(session: Session, channel: Channel, *, now: datetime, real_now: datetime) -> bool:
    """True when something may be due: a look that takes no lock, for a sender woken by others' work."""
    found = session.connection().execute(_WAITS, {"channel": channel, "now": now, "real_now": real_now})
    return found.first() is not None


def claim_due(
    session: Session, channel: Channel, *, limit: int, lease: timedelta, now: datetime, real_now: datetime
) -> list[Claimed]:
    """Take up to ``limit`` rows that may leave now, oldest first, for one sender and one lease.

    No row is given to two senders, and no mail overtakes an earlier one to the same person: while that
    one is held or waits for its next try, later ones are passed over. What is given out together
    holds to the same rule, as long as its sender keeps the order. Rows to a domain that is left
    alone, and rows past their ``not_after``, are not given out; nor are results before their campaign
    is open, or with other bytes than were approved.
    """
    # One claim at a time (on SQLite the transaction is the only writer): a row that another sender is
    # just taking would still look free, and the next one to the same person would be given out.
    states.one_at_a_time(session, f"claim:{channel}")
    token = uuid.uuid4().hex
    rows = session.connection().execute(
        _CLAIM,
        {
            "of_channel": channel,
            "now": now,
            "real_now": real_now,
            "most": limit,
            "token": token,
            "until": real_now + lease,
        },
    )
    claimed = [
        Claimed(
            id=row.id,
            token=token,
            lease=lease,
            channel=channel,
            kind=row.kind,
            recipient=row.recipient,
            domain=row.domain,
            envelope_sender=row.envelope_sender,
            message_id=row.message_id or "",
            body=row.body or b"",
        )
        for row in rows
    ]
    altered = gate.vet(session, claimed)
    return sorted((mail for mail in claimed if mail.id not in altered), key=lambda mail: mail.id)


def skip_late(session: Session, channel: Channel, *, now: datetime) -> tuple[int, ...]:
    """Cancel what is past its ``not_after`` and return the ids: staff are told, applicants are not."""
    ids = session.connection().execute(_SKIP_LATE, {"of_channel": channel, "now": now}).scalars()
    return tuple(sorted(ids))


# Written once: they run at every wake-up of every sender, and to write them takes longer than to run them.
_MAY_LEAVE = (
    states.within(WAITING),
    or_(ROWS.c.next_try_at.is_(None), ROWS.c.next_try_at <= bindparam("real_now")),
    or_(ROWS.c.not_before.is_(None), ROWS.c.not_before <= bindparam("now")),
    or_(ROWS.c.embargo_until.is_(None), ROWS.c.embargo_until <= bindparam("now")),
    gate.MAY_LEAVE,
)
_WAITS = select(ROWS.c.id).where(ROWS.c.channel == bindparam("channel"), *_MAY_LEAVE).limit(1)
_EARLIER = ROWS.alias("earlier")
_ANOTHER_GOES_FIRST = (
    select(_EARLIER.c.id)
    .where(
        _EARLIER.c.recipient == ROWS.c.recipient,
        _EARLIER.c.id < ROWS.c.id,
        _EARLIER.c.channel == ROWS.c.channel,
        states.within(states.AHEAD, _EARLIER.c.state),
        or_(_EARLIER.c.state != MailState.RETRY, _EARLIER.c.next_try_at > bindparam("real_now")),
    )
    .exists()
)
_TROUBLE = Base.metadata.tables[Trouble.__tablename__]
_DUE = (
    select(ROWS.c.id)
    .where(
        ROWS.c.channel == bindparam("of_channel"),
        *_MAY_LEAVE,
        or_(ROWS.c.not_after.is_(None), ROWS.c.not_after >= bindparam("now")),
        ~_ANOTHER_GOES_FIRST,
        ~exists().where(_TROUBLE.c.scope == ROWS.c.domain, _TROUBLE.c.until > bindparam("real_now")),
    )
    .order_by(ROWS.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=ROWS, skip_locked=True)
    .cte("due")
)
_SKIP_LATE = (
    update(ROWS)
    .where(
        ROWS.c.channel == bindparam("of_channel"),
        states.within(WAITING),
        ROWS.c.not_after.is_not(None),
        ROWS.c.not_after < bindparam("now"),
    )
    .values(state=MailState.CANCELLED, last_reply=SKIPPED_LATE)
    .returning(ROWS.c.id)
)
_CLAIM = (
    update(ROWS)
    .where(ROWS.c.id == _DUE.c.id, states.within(WAITING))
    .values(state=MailState.CLAIMED, lease_token=bindparam("token"), lease_until=bindparam("until"))
    .returning(
        *(
            ROWS.c[name]
            for name in ("id", "kind", "recipient", "domain", "envelope_sender", "message_id", "body")
        )
    )
)
