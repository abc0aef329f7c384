"""The outbox as a sender records its work: begin, mark, sweep.

Verbs take a session and never commit. ``now`` is contest time, ``real_now`` is real UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BindParameter,
    ScalarSelect,
    Select,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from mailer import backoff, states
from mailer.base import Base
from mailer.claiming import Claimed
from mailer.states import DIRECT, FREE, OPEN
from mailer.tables import Attempt, MailState, OutboxMail

#: Reason of a row whose sender died while it was in flight.
CRASH_IN_FLIGHT = "crash in flight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found: rows back in the queue, and rows that a person must look at."""

    requeued: tuple[int, ...]
    parked: tuple[int, ...]


def begin(session: Session, claimed: Claimed, *, real_now: datetime) -> bool:
    """Mark a claimed row as in flight and open its attempt; False when the lease is not ours any more.

    To be committed before the first octet leaves: after a crash the row then says that the mail may
    have gone out.
    """
    started = states.move(
        session,
        claimed.id,
        (MailState.CLAIMED,),
        MailState.IN_FLIGHT,
        token=claimed.token,
        lease_until=real_now + claimed.lease,
        tried=True,
    )
    if started:
        session.connection().execute(_OPEN_ATTEMPT, {"mail_id": claimed.id, "started_at": real_now})
    return started


def release(session: Session, mails: Sequence[Claimed]) -> None:
    """Give back what was claimed and not begun, as when a sender stops or the relay is down."""
    for mail in mails:
        states.move(session, mail.id, (MailState.CLAIMED,), MailState.QUEUED, token=mail.token, **FREE)


def mark_delivered(
    session: Session, claimed: Claimed, reply: str, *, now: datetime, real_now: datetime
) -> bool:
    """Record that the relay took the mail; ``reply`` holds its queue id. False when the lease is lost."""
    done = states.move(
        session,
        claimed.id,
        OPEN,
        MailState.SENT,
        token=claimed.token,
        last_reply=reply,
        sent_at=now,
        **FREE,
    )
    if done:
        _close_attempt(session, claimed.id, "delivered", reply, real_now=real_now)
    return done


def retry_later(
    session: Session,
    claimed: Claimed,
    code: int | None,
    text: str,
    *,
    real_now: datetime,
    after: timedelta | None = None,
) -> MailState | None:
    """Record a deferral (4yz, or nothing handed over: ``code`` None) and say when to try again.

    Returns RETRY, or FAILED when it was the last try, or None when the lease is lost.
    """
    attempts = session.scalar(select(OutboxMail.attempts).where(OutboxMail.id == claimed.id)) or 1
    first = session.scalar(_first_try(claimed.id, attempts)) or real_now
    next_try_at = backoff.next_try_at(
        claimed.id, attempts=attempts, code=code, first_tried_at=first, real_now=real_now, after=after
    )
    reply = text if code is None else f"{code} {text}"
    if next_try_at is None:
        reply = f"gave up after {attempts} tries: {reply}"
    state = MailState.RETRY if next_try_at else MailState.FAILED
    done = states.move(
        session,
        claimed.id,
        OPEN,
        state,
        token=claimed.token,
        last_reply=reply,
        next_try_at=next_try_at,
        **FREE,
    )
    if not done:
        return None
    _close_attempt(session, claimed.id, "deferred", text, real_now=real_now, code=code)
    return state


def give_up(session: Session, claimed: Claimed, code: int, text: str, *, real_now: datetime) -> bool:
    """Record a refusal for good (5yz). False when the lease is lost."""
    done = states.move(
        session,
        claimed.id,
        OPEN,
        MailState.FAILED,
        token=claimed.token,
        last_reply=f"{code} {text}",
        **FREE,
    )
    if done:
        _close_attempt(session, claimed.id, "rejected", text, real_now=real_now, code=code)
    return done


def park(session: Session, claimed: Claimed, cause: str, *, real_now: datetime) -> bool:
    """Record that nobody knows whether the mail went out; a person decides.

    Nothing sends it again by itself.
    """
    done = states.move(
        session,
        claimed.id,
        (MailState.IN_FLIGHT,),
        MailState.UNKNOWN,
        token=claimed.token,
        last_reply=cause,
        lease_until=None,
    )
    if done:
        _close_attempt(session, claimed.id, "unknown", cause, real_now=real_now)
    return done


def settle(session: Session, mail_id: int, to: MailState, evidence: str, *, now: datetime) -> bool:
    """Record what a relay's log or a DSN proves of a mail whose outcome is not known: sent or failed.

    Also of one in flight: its sender may have died after the final dot, and the proof comes only once.
    False when nothing is left to settle.
    """
    sent_at = now if to is MailState.SENT else None
    settled = states.move(
        session, mail_id, OPEN, to, last_reply=evidence, evidence=evidence, sent_at=sent_at, **FREE
    )
    if settled:
        outcome = "delivered" if to is MailState.SENT else "rejected"
        session.execute(
            update(Attempt)
            .where(Attempt.id == _newest_attempt(mail_id))
            .values(outcome=outcome, reply=evidence),
            **DIRECT,
        )
    return settled


def sweep(session: Session, *, real_now: datetime) -> Swept:
    """Settle what dead senders left: claimed rows return to the queue, rows in flight become unknown.

    The lease token of an unknown row stays, so that a sender that was only slow can still say what
    became of it.
    """
    dead = OutboxMail.lease_until < real_now
    requeued = session.scalars(
        update(OutboxMail)
        .where(states.within(states.HELD), OutboxMail.state == MailState.CLAIMED, dead)
        .values(state=MailState.QUEUED, **FREE)
        .returning(OutboxMail.id),
        **DIRECT,
    ).all()
    parked = session.scalars(
        update(OutboxMail)
        .where(states.within(states.HELD), OutboxMail.state == MailState.IN_FLIGHT, dead)
        .values(state=MailState.UNKNOWN, last_reply=CRASH_IN_FLIGHT, lease_until=None)
        .returning(OutboxMail.id),
        **DIRECT,
    ).all()
    for mail_id in parked:
        _close_attempt(session, mail_id, "unknown", CRASH_IN_FLIGHT, real_now=real_now)
    return Swept(requeued=tuple(sorted(requeued)), parked=tuple(sorted(parked)))


def _close_attempt(
    session: Session, mail_id: int, outcome: str, reply: str, *, real_now: datetime, code: int | None = None
) -> None:
    session.connection().execute(
        _CLOSE_ATTEMPT,
        {"of_mail": mail_id, "outcome": outcome, "code": code, "reply": reply, "ended_at": real_now},
    )


def _newest_attempt(mail_id: int | BindParameter[int]) -> ScalarSelect[int]:
    # Closed or not: a late outcome corrects an "unknown" of the sweeper.
    return select(func.max(_ATTEMPTS.c.id)).where(_ATTEMPTS.c.mail_id == mail_id).scalar_subquery()


# Written once, past the session: they run for every mail.
_ATTEMPTS = Base.metadata.tables[Attempt.__tablename__]
_OPEN_ATTEMPT = insert(_ATTEMPTS)
_CLOSE_ATTEMPT = (
    update(_ATTEMPTS)
    .where(_ATTEMPTS.c.id == _newest_attempt(bindparam("of_mail")))
    .values({name: bindparam(name) for name in ("outcome", "code", "reply", "ended_at")})
)


def _first_try(mail_id: int, attempts: int) -> Select[datetime]:
    # Tries before a person queued it again do not count.
    return (
        select(Attempt.started_at)
        .where(Attempt.mail_id == mail_id)
        .order_by(Attempt.id.desc())
        .offset(attempts - 1)
        .limit(1)
    )
