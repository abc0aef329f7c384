"""The outbox: every mail that was accepted for sending; what is asked of it, and what staff decide.

Verbs take a session and never commit. ``now`` is contest time (not before, embargo, not after),
``real_now`` is real UTC, which no simulated clock moves (leases, back-off).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer import states
from mailer.compose import compose
from mailer.errors import ComposeError, IllegalTransition, NoSuchMail
from mailer.letter import Identity, Letter
from mailer.states import DIRECT, FREE
from mailer.tables import Attempt, Channel, MailState, OutboxMail, Suppression


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
        session.execute(delete(OutboxMail).where(OutboxMail.id == row_id), **DIRECT)
        raise
    suppression = session.get(Suppression, composed.recipient)
    values: dict[str, Any] = {
        "recipient": composed.recipient,
        "domain": composed.recipient.rpartition("@")[2],
        "subject": composed.subject,
        "message_id": composed.message_id,
        "envelope_sender": composed.envelope_sender,
        "body": composed.body,
    }
    if suppression is not None:
        values |= {"state": MailState.CANCELLED, "last_reply": f"suppressed: {suppression.reason}"}
    session.execute(update(OutboxMail).where(OutboxMail.id == row_id).values(values), **DIRECT)
    return row_id


def resend(session: Session, mail_id: int) -> None:
    """Queue a mail once more because a person said so: the same message, with the same Message-ID.

    A ``not_after`` is lifted, as the person saw that it is late; an embargo is not.
    Raises NoSuchMail, or IllegalTransition unless it is unknown, failed or cancelled.
    """
    moved = states.move(
        session,
        mail_id,
        (MailState.UNKNOWN, MailState.FAILED, MailState.CANCELLED),
        MailState.QUEUED,
        next_try_at=None,
        not_after=None,
        attempts=0,
        **FREE,
    )
    if not moved:
        _refuse(session, mail_id, "sent again")


def cancel(session: Session, mail_id: int, *, reason: str = "cancelled by staff") -> None:
    """Keep a mail from leaving.

    Raises NoSuchMail, or IllegalTransition once a sender holds it or it has gone out.
    """
    if not states.move(session, mail_id, states.WAITING, MailState.CANCELLED, last_reply=reason):
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
        states.one_at_a_time(session, f"automatic:{recipient.lower()}")
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


def oldest_due(session: Session, *, now: datetime) -> datetime | None:
    """Say when the mail that should have left longest ago was accepted; None when nothing is overdue.

    What waits for its hour is not overdue; what waits for its next try is.
    """
    return session.scalar(
        select(func.min(OutboxMail.created_at)).where(
            states.within(states.WAITING),
            or_(OutboxMail.not_before.is_(None), OutboxMail.not_before <= now),
            or_(OutboxMail.embargo_until.is_(None), OutboxMail.embargo_until <= now),
        )
    )


def unknown(session: Session) -> Mapping[str, int]:
    """Give the rows whose outcome nobody knows: Message-ID to row, for whoever looks for proof."""
    found = session.execute(
        select(OutboxMail.message_id, OutboxMail.id).where(OutboxMail.state == MailState.UNKNOWN)
    )
    return {message_id: mail_id for message_id, mail_id in found if message_id}


def _refuse(session: Session, mail_id: int, what: str) -> None:
    mail = show(session, mail_id)
    raise IllegalTransition(f"outbox mail {mail_id} is {mail.state} and cannot be {what}")
