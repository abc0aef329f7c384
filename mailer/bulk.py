"""Notices to many: rows that are begun and recorded together, a claim at a time.

A mail to one person is marked as in flight by itself, so that a crash leaves at most one in doubt a
connection. For notices that everybody gets a claim's worth is marked at once: a crash leaves so many in
doubt, and each mail costs a small part of a commit. Results and all that answers somebody stay single.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from mailer import states
from mailer.base import Base
from mailer.claiming import Claimed
from mailer.states import FREE, OPEN, ROWS
from mailer.tables import Attempt, MailKind, MailState

#: What may be begun together.
KINDS = frozenset({MailKind.REMINDER, MailKind.BULLETIN})
#: Taken on top where a whole claim was notices.
MORE = 30


def begin(session: Session, claimed: Sequence[Claimed], *, real_now: datetime) -> list[Claimed]:
    """Mark the notices of one claim as in flight, and open their attempts; returns those that are.

    To be committed before the first octet leaves.
    """
    claimed = [mail for mail in claimed if mail.kind in KINDS]
    if not claimed:
        return []
    begun = (
        session.connection()
        .execute(
            _BEGIN,
            {
                "ids": [mail.id for mail in claimed],
                "of_token": claimed[0].token,
                "until": real_now + claimed[0].lease,
            },
        )
        .scalars()
        .all()
    )
    ours = [mail for mail in claimed if mail.id in set(begun)]
    if ours:
        opened = [{"mail_id": mail.id, "started_at": real_now} for mail in ours]
        session.connection().execute(insert(_ATTEMPTS), opened)
    return ours


def mark_delivered(
    session: Session, replies: Sequence[tuple[Claimed, str]], *, now: datetime, real_now: datetime
) -> set[int]:
    """Record that the relay took these mails; returns the ids whose lease was still ours."""
    if not replies:
        return set()
    connection = session.connection()
    done = connection.execute(
        _SENT,
        [{"of_id": mail.id, "of_token": mail.token, "reply": reply, "at": now} for mail, reply in replies],
    )
    ids = {mail.id for mail, _ in replies}
    if done.rowcount != len(replies):  # a lease was lost: which one, is worth a question
        found = connection.execute(
            select(ROWS.c.id).where(ROWS.c.id.in_(ids), ROWS.c.state == MailState.SENT)
        )
        ids = set(found.scalars())
    _close(session, "delivered", [(mail, reply) for mail, reply in replies if mail.id in ids], real_now)
    return ids


def give_back(session: Session, mails: Sequence[Claimed], *, real_now: datetime) -> None:
    """Return what was begun and never offered to the relay: it may be tried at once, by anybody."""
    for mail in mails:
        states.move(
            session,
            mail.id,
            (MailState.IN_FLIGHT,),
            MailState.RETRY,
            token=mail.token,
            next_try_at=real_now,
            last_reply=NOT_TRIED,
            **FREE,
        )
    _close(session, "deferred", [(mail, NOT_TRIED) for mail in mails], real_now)


def _close(
    session: Session, outcome: str, replies: Sequence[tuple[Claimed, str]], real_now: datetime
) -> None:
    if replies:
        closed = [
            {"of_mail": mail.id, "of_outcome": outcome, "of_reply": reply, "at": real_now}
            for mail, reply in replies
        ]
        session.connection().execute(_CLOSE, closed)


#: Of a mail that was given back.
NOT_TRIED = "given back untried"

# Written once, past the session: they run for every mail.
_ATTEMPTS = Base.metadata.tables[Attempt.__tablename__]
_BEGIN = (
    update(ROWS)
    .where(
        ROWS.c.id.in_(bindparam("ids", expanding=True)),
        ROWS.c.state == MailState.CLAIMED,
        ROWS.c.lease_token == bindparam("of_token"),
    )
    .values(state=MailState.IN_FLIGHT, attempts=ROWS.c.attempts + 1, lease_until=bindparam("until"))
    .returning(ROWS.c.id)
)
_SENT = (
    update(ROWS)
    .where(
        ROWS.c.id == bindparam("of_id"),
        ROWS.c.lease_token == bindparam("of_token"),
        # Not IN: what is run for many at once takes no list.
        or_(*(ROWS.c.state == state for state in OPEN)),
    )
    .values(state=MailState.SENT, last_reply=bindparam("reply"), sent_at=bindparam("at"), **FREE)
)
_OPENED = _ATTEMPTS.alias("opened")
_CLOSE = (
    update(_ATTEMPTS)
    .where(
        _ATTEMPTS.c.id
        == select(func.max(_OPENED.c.id)).where(_OPENED.c.mail_id == bindparam("of_mail")).scalar_subquery()
    )
    .values(outcome=bindparam("of_outcome"), reply=bindparam("of_reply"), ended_at=bindparam("at"))
)
