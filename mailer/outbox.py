"""The outbox: every mail that was accepted for sending, in one state, moved by one of these verbs.

Verbs take a session and never commit. ``now`` is contest time (not before, embargo, not after),
``real_now`` is real UTC, which no simulated clock moves (leases, back-off).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer import backoff
from mailer.compose import compose
from mailer.errors import ComposeError, IllegalTransition, NoSuchMail
from mailer.letter import Identity, Letter
from mailer.tables import Attempt, Channel, MailState, OutboxMail, Suppression

#: From a state to those that may follow; nothing else moves a row.
TRANSITIONS: Mapping[MailState, frozenset[MailState]] = {
    MailState.QUEUED: frozenset({MailState.CLAIMED, MailState.CANCELLED}),
    MailState.CLAIMED: frozenset({MailState.IN_FLIGHT, MailState.QUEUED}),
    MailState.IN_FLIGHT: frozenset({MailState.SENT, MailState.RETRY, MailState.FAILED, MailState.UNKNOWN}),
    MailState.RETRY: frozenset({MailState.CLAIMED, MailState.CANCELLED}),
    # The first three only by the sender whose lease ran out, when it learns the outcome after all;
    # back to the queue only by a person.
    MailState.UNKNOWN: frozenset({MailState.SENT, MailState.RETRY, MailState.FAILED, MailState.QUEUED}),
    MailState.FAILED: frozenset({MailState.QUEUED}),
    MailState.CANCELLED: frozenset({MailState.QUEUED}),
    MailState.SENT: frozenset(),
}

#: Rows that a sender may claim.
WAITING = (MailState.QUEUED, MailState.RETRY)
#: Rows that a sender holds.
HELD = (MailState.CLAIMED, MailState.IN_FLIGHT)
#: Rows whose outcome the holder of the lease token may still record.
OPEN = (MailState.IN_FLIGHT, MailState.UNKNOWN)
#: Reason of a row that was not sent because its ``not_after`` had gone by.
SKIPPED_LATE = "skipped_late"
#: Reason of a row whose sender died while it was in flight.
CRASH_IN_FLIGHT = "crash in flight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row that one sender holds until its lease ends; ``token`` proves it."""

    id: int
    token: str
    lease: timedelta
    channel: Channel
    recipient: str
    envelope_sender: str
    message_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found: rows back in the queue, and rows that a person must look at."""

    requeued: tuple[int, ...]
    parked: tuple[int, ...]


def enqueue(
    session: Session,
    letter: Letter,
    *,
    key: str,
    identity: Identity,
    now: datetime,
    reply_to: str | None = None,
) -> int | None:
    """Accept a letter for sending and return its id; None when the event named by ``key`` has its mail.

    A suppressed recipient gets a cancelled row that says why, so that staff find it.
    Raises ComposeError when the message cannot be written; nothing is queued then, and the caller's
    transaction stays good, so that it may tell staff instead.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # The row comes first: its id is in the Message-ID and in the bounce address.
    row_id: int | None = session.scalar(
        insert(OutboxMail)
        .values(
            key=key,
            channel=Channel.MAIL,
            kind=letter.kind,
            state=MailState.QUEUED,
            recipient="",
            subject="",
            language=letter.recipient.language.value,
            envelope_sender="",
            inquiry=letter.inquiry,
            automatic=letter.automatic,
            created_at=now,
            not_before=letter.not_before,
            embargo_until=letter.embargo_until,
            not_after=letter.not_after,
            attempts=0,
            provenance=dict(letter.provenance),
        )
        .on_conflict_do_nothing(index_elements=[OutboxMail.key])
        .returning(OutboxMail.id)
    )
    if row_id is None:
        return None
    try:
        composed = compose(letter, row_id=row_id, identity=identity, now=now, reply_to=reply_to)
    except ComposeError:
        session.execute(delete(OutboxMail).where(OutboxMail.id == row_id), **_DIRECT)
        raise
    suppression = session.get(Suppression, composed.recipient)
    values: dict[str, Any] = {
        "recipient": composed.recipient,
        "subject": composed.subject,
        "message_id": composed.message_id,
        "envelope_sender": composed.envelope_sender,
        "body": composed.body,
    }
    if suppression is not None:
        values |= {"state": MailState.CANCELLED, "last_reply": f"suppressed: {suppression.reason}"}
    session.execute(update(OutboxMail).where(OutboxMail.id == row_id).values(values), **_DIRECT)
    return row_id


def claim_due(
    session: Session, channel: Channel, *, limit: int, lease: timedelta, now: datetime, real_now: datetime
) -> list[Claimed]:
    """Take up to ``limit`` rows that may leave now, oldest first, for one sender and one lease.

    No row is given to two senders: on PostgreSQL held rows are passed over (SKIP LOCKED), on SQLite
    the transaction is the only writer. Rows past their ``not_after`` are never given out.
    """
    due = (
        select(OutboxMail.id)
        .where(
            OutboxMail.channel == channel,
            _within(WAITING),
            or_(OutboxMail.next_try_at.is_(None), OutboxMail.next_try_at <= real_now),
            or_(OutboxMail.not_before.is_(None), OutboxMail.not_before <= now),
            or_(OutboxMail.embargo_until.is_(None), OutboxMail.embargo_until <= now),
            or_(OutboxMail.not_after.is_(None), OutboxMail.not_after >= now),
        )
        .order_by(OutboxMail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    token = uuid.uuid4().hex
    rows = session.execute(
        update(OutboxMail)
        .where(OutboxMail.id == due.c.id, _within(WAITING))
        .values(state=MailState.CLAIMED, lease_token=token, lease_until=real_now + lease)
        .returning(
            OutboxMail.id,
            OutboxMail.recipient,
            OutboxMail.envelope_sender,
            OutboxMail.message_id,
            OutboxMail.body,
        ),
        **_DIRECT,
    )
    claimed = [
        Claimed(
            id=row.id,
            token=token,
            lease=lease,
            channel=channel,
            recipient=row.recipient,
            envelope_sender=row.envelope_sender,
            message_id=row.message_id or "",
            body=row.body or b"",
        )
        for row in rows
    ]
    return sorted(claimed, key=lambda mail: mail.id)


def skip_late(session: Session, channel: Channel, *, now: datetime) -> tuple[int, ...]:
    """Cancel what is past its ``not_after`` and return the ids: staff are told, applicants are not."""
    ids = session.scalars(
        update(OutboxMail)
        .where(OutboxMail.channel == channel, _within(WAITING), OutboxMail.not_after < now)
        .values(state=MailState.CANCELLED, last_reply=SKIPPED_LATE)
        .returning(OutboxMail.id),
        **_DIRECT,
    )
    return tuple(sorted(ids))


def begin(session: Session, claimed: Claimed, *, real_now: datetime) -> bool:
    """Mark a claimed row as in flight and open its attempt; False when the lease is not ours any more.

    To be committed before the first octet leaves: after a crash the row then says that the mail may
    have gone out.
    """
    started = _move(
        session,
        claimed.id,
        (MailState.CLAIMED,),
        MailState.IN_FLIGHT,
        token=claimed.token,
        lease_until=real_now + claimed.lease,
        attempts=OutboxMail.attempts + 1,
    )
    if started:
        session.add(Attempt(mail_id=claimed.id, started_at=real_now))
        session.flush()
    return started


def release(session: Session, mails: Sequence[Claimed]) -> None:
    """Give back what was claimed and not begun, as when a sender stops or the relay is down."""
    for mail in mails:
        _move(session, mail.id, (MailState.CLAIMED,), MailState.QUEUED, token=mail.token, **_FREE)


def mark_delivered(
    session: Session, claimed: Claimed, reply: str, *, now: datetime, real_now: datetime
) -> bool:
    """Record that the relay took the mail; ``reply`` holds its queue id. False when the lease is lost."""
    done = _move(
        session,
        claimed.id,
        OPEN,
        MailState.SENT,
        token=claimed.token,
        last_reply=reply,
        sent_at=now,
        **_FREE,
    )
    if done:
        _close_attempt(session, claimed.id, "delivered", reply, real_now=real_now)
    return done


def retry_later(
    session: Session, claimed: Claimed, code: int | None, text: str, *, real_now: datetime
) -> MailState | None:
    """Record a deferral (4yz, or nothing handed over: ``code`` None) and say when to try again.

    Returns RETRY, or FAILED when it was the last try, or None when the lease is lost.
    """
    attempts = session.scalar(select(OutboxMail.attempts).where(OutboxMail.id == claimed.id)) or 1
    first = session.scalar(_first_try(claimed.id, attempts)) or real_now
    next_try_at = backoff.next_try_at(
        claimed.id, attempts=attempts, code=code, first_tried_at=first, real_now=real_now
    )
    reply = text if code is None else f"{code} {text}"
    if next_try_at is None:
        reply = f"gave up after {attempts} tries: {reply}"
    state = MailState.RETRY if next_try_at else MailState.FAILED
    done = _move(
        session,
        claimed.id,
        OPEN,
        state,
        token=claimed.token,
        last_reply=reply,
        next_try_at=next_try_at,
        **_FREE,
    )
    if not done:
        return None
    _close_attempt(session, claimed.id, "deferred", text, real_now=real_now, code=code)
    return state


def give_up(session: Session, claimed: Claimed, code: int, text: str, *, real_now: datetime) -> bool:
    """Record a refusal for good (5yz). False when the lease is lost."""
    done = _move(
        session,
        claimed.id,
        OPEN,
        MailState.FAILED,
        token=claimed.token,
        last_reply=f"{code} {text}",
        **_FREE,
    )
    if done:
        _close_attempt(session, claimed.id, "rejected", text, real_now=real_now, code=code)
    return done


def park(session: Session, claimed: Claimed, cause: str, *, real_now: datetime) -> bool:
    """Record that nobody knows whether the mail went out; a person decides.

    Nothing sends it again by itself.
    """
    done = _move(
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


def sweep(session: Session, *, real_now: datetime) -> Swept:
    """Settle what dead senders left: claimed rows return to the queue, rows in flight become unknown.

    The lease token of an unknown row stays, so that a sender that was only slow can still say what
    became of it.
    """
    dead = OutboxMail.lease_until < real_now
    requeued = session.scalars(
        update(OutboxMail)
        .where(_within(HELD), OutboxMail.state == MailState.CLAIMED, dead)
        .values(state=MailState.QUEUED, **_FREE)
        .returning(OutboxMail.id),
        **_DIRECT,
    ).all()
    parked = session.scalars(
        update(OutboxMail)
        .where(_within(HELD), OutboxMail.state == MailState.IN_FLIGHT, dead)
        .values(state=MailState.UNKNOWN, last_reply=CRASH_IN_FLIGHT, lease_until=None)
        .returning(OutboxMail.id),
        **_DIRECT,
    ).all()
    for mail_id in parked:
        _close_attempt(session, mail_id, "unknown", CRASH_IN_FLIGHT, real_now=real_now)
    return Swept(requeued=tuple(sorted(requeued)), parked=tuple(sorted(parked)))


def resend(session: Session, mail_id: int) -> None:
    """Queue a mail once more because a person said so: the same message, with the same Message-ID.

    A ``not_after`` is lifted, as the person saw that it is late; an embargo is not.
    Raises NoSuchMail, or IllegalTransition unless it is unknown, failed or cancelled.
    """
    moved = _move(
        session,
        mail_id,
        (MailState.UNKNOWN, MailState.FAILED, MailState.CANCELLED),
        MailState.QUEUED,
        next_try_at=None,
        not_after=None,
        attempts=0,
        **_FREE,
    )
    if not moved:
        _refuse(session, mail_id, "sent again")


def cancel(session: Session, mail_id: int, *, reason: str = "cancelled by staff") -> None:
    """Keep a mail from leaving.

    Raises NoSuchMail, or IllegalTransition once a sender holds it or it has gone out.
    """
    if not _move(session, mail_id, WAITING, MailState.CANCELLED, last_reply=reason):
        _refuse(session, mail_id, "cancelled")


def automatic_count(
    session: Session,
    *,
    recipient: str | None = None,
    inquiry: int | None = None,
    since: datetime | None = None,
) -> int:
    """Count the automatic mails to a person, or on an inquiry, accepted at or after ``since``.

    Asked in the transaction that enqueues, it bounds what machines can make us send (RFC 3834 §2):
    on PostgreSQL whoever asks about the same recipient waits for that transaction to end; on SQLite
    there is one writer anyway. Cancelled rows do not count. Letter case of ``recipient`` is ignored.
    """
    wanted = [
        OutboxMail.channel == Channel.MAIL,
        OutboxMail.automatic,
        OutboxMail.state != MailState.CANCELLED,
    ]
    if recipient is not None:
        _one_at_a_time(session, f"automatic:{recipient.lower()}")
        wanted.append(OutboxMail.recipient == recipient.lower())
    if inquiry is not None:
        wanted.append(OutboxMail.inquiry == inquiry)
    if since is not None:
        wanted.append(OutboxMail.created_at >= since)
    return session.scalar(select(func.count()).select_from(OutboxMail).where(and_(*wanted))) or 0


def show(session: Session, mail_id: int) -> OutboxMail:
    """Give one row as the table has it now. Raises NoSuchMail."""
    mail = session.get(OutboxMail, mail_id, populate_existing=True)
    if mail is None:
        raise NoSuchMail(f"no outbox mail {mail_id}")
    return mail


def listing(
    session: Session,
    *,
    states: Collection[MailState] = (),
    channel: Channel | None = None,
    inquiry: int | None = None,
    limit: int | None = None,
) -> Sequence[OutboxMail]:
    """Give rows, oldest first, all states if none is named."""
    wanted = select(OutboxMail).order_by(OutboxMail.id)
    if states:
        wanted = wanted.where(OutboxMail.state.in_(states))
    if channel is not None:
        wanted = wanted.where(OutboxMail.channel == channel)
    if inquiry is not None:
        wanted = wanted.where(OutboxMail.inquiry == inquiry)
    return session.scalars(wanted.limit(limit), execution_options={"populate_existing": True}).all()


def tries(session: Session, mail_id: int) -> Sequence[Attempt]:
    """Give every attempt at a mail, first to last."""
    return session.scalars(
        select(Attempt).where(Attempt.mail_id == mail_id).order_by(Attempt.id),
        execution_options={"populate_existing": True},
    ).all()


def _within(states: Collection[MailState]) -> ColumnElement[bool]:
    """Write the states as literals: SQLite finds a partial index only by the very words of its WHERE."""
    return OutboxMail.state.in_(bindparam(None, list(states), expanding=True, literal_execute=True))


# Rows are changed in the table alone; readers above load them anew.
_DIRECT: Any = {"execution_options": {"synchronize_session": False}}
_FREE: Mapping[str, None] = {"lease_token": None, "lease_until": None}


def _move(
    session: Session,
    mail_id: int,
    sources: Collection[MailState],
    to: MailState,
    *,
    token: str | None = None,
    **values: Any,
) -> bool:
    """Change the state of one row if it is in one of ``sources`` (and leased by ``token``)."""
    for source in sources:
        if to not in TRANSITIONS[source]:
            raise IllegalTransition(f"{source} may not become {to}")
    change = update(OutboxMail).where(OutboxMail.id == mail_id, OutboxMail.state.in_(sources))
    if token is not None:
        change = change.where(OutboxMail.lease_token == token)
    moved = session.scalar(change.values(state=to, **values).returning(OutboxMail.id), **_DIRECT)
    return moved is not None


def _refuse(session: Session, mail_id: int, what: str) -> None:
    mail = show(session, mail_id)
    raise IllegalTransition(f"outbox mail {mail_id} is {mail.state} and cannot be {what}")


def _close_attempt(
    session: Session, mail_id: int, outcome: str, reply: str, *, real_now: datetime, code: int | None = None
) -> None:
    # The newest attempt, closed or not: a late outcome corrects an "unknown" of the sweeper.
    newest = select(func.max(Attempt.id)).where(Attempt.mail_id == mail_id).scalar_subquery()
    session.execute(
        update(Attempt)
        .where(Attempt.id == newest)
        .values(outcome=outcome, code=code, reply=reply, ended_at=real_now),
        **_DIRECT,
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


def _one_at_a_time(session: Session, what: str) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    key = int.from_bytes(hashlib.sha256(what.encode("utf-8")).digest()[:8], "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))
