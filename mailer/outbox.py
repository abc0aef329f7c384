"""The outbox: every mail that was accepted for sending; what is asked of it, and what staff decide.

Verbs take a session and never commit. ``now`` is contest time (not before, embargo, not after),
``real_now`` is real UTC, which no simulated clock moves (leases, back-off).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer import states
from mailer.compose import Composed, compose, fingerprint
from mailer.errors import ComposeError, IllegalTransition, NoSuchMail
from mailer.letter import Identity, Letter
from mailer.states import DIRECT, FREE, ROWS
from mailer.tables import Attempt, Channel, MailKind, MailState, OutboxMail, Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A letter to be accepted, and the name of the event that causes it."""

    key: str
    letter: Letter
    #: The campaign's recipient whose result it is.
    result_of: int | None = None
    #: Fingerprint of the message that was approved; any other one is not accepted.
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A letter that has its row."""

    id: int
    message_id: str


def enqueue(session: Session, letter: Letter, *, key: str, identity: Identity, now: datetime) -> int | None:
    """Accept a letter for sending and return its id; None when the event named by ``key`` has its mail.

    Raises ComposeError when the message cannot be written; nothing is queued then, and the caller's
    transaction stays good, so that it may tell staff instead.
    """
    (done,) = enqueue_all(session, [Request(key=key, letter=letter)], identity=identity, now=now)
    if isinstance(done, ComposeError):
        raise done
    return done.id if done else None


def enqueue_all(
    session: Session, requests: Sequence[Request], *, identity: Identity, now: datetime
) -> list[Accepted | ComposeError | None]:
    """Accept many letters in a few statements; an answer for each, in their order.

    None when the event has its mail, ComposeError when the message cannot be written: nothing is
    queued for that one. Two requests must not name one event. A suppressed recipient gets a
    cancelled row that says why, so that staff find it.
    """
    if not requests:
        return []
    # The rows come first: a row's id is in the Message-ID and in the bounce address.
    ids = _reserve(session, requests, now=now)
    answers: list[Accepted | ComposeError | None] = []
    written: dict[int, Composed] = {}
    for request in requests:
        row_id = ids.get(request.key)
        if row_id is None:
            answers.append(None)
            continue
        try:
            written[row_id] = _composed(request, row_id, identity, now=now)
        except ComposeError as error:
            answers.append(error)
        else:
            answers.append(Accepted(id=row_id, message_id=written[row_id].message_id))
    if unwritten := [row_id for row_id in ids.values() if row_id not in written]:
        session.execute(delete(OutboxMail).where(OutboxMail.id.in_(unwritten)), **DIRECT)
    if written:
        _fill(session, written)
    return answers


def _composed(request: Request, row_id: int, identity: Identity, *, now: datetime) -> Composed:
    composed = compose(request.letter, row_id=row_id, identity=identity, now=now, result_of=request.result_of)
    if request.digest is not None and fingerprint(composed.body) != request.digest:
        raise ComposeError("digest", "the message is not the one that was approved")
    return composed


def _reserve(session: Session, requests: Sequence[Request], *, now: datetime) -> dict[str, int]:
    """Insert an empty row for each event that has none; returns the new ids by key."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [
        {
            "key": request.key,
            "channel": Channel.MAIL,
            "kind": request.letter.kind,
            "state": MailState.QUEUED,
            "recipient": "",
            "domain": "",
            "subject": "",
            "language": request.letter.recipient.language.value,
            "envelope_sender": "",
            "inquiry": request.letter.inquiry,
            "automatic": request.letter.automatic,
            "created_at": now,
            "not_before": request.letter.not_before,
            "embargo_until": request.letter.embargo_until,
            "not_after": request.letter.not_after,
            "attempts": 0,
            "provenance": dict(request.letter.provenance),
        }
        for request in requests
    ]
    statement = insert(ROWS).on_conflict_do_nothing(index_elements=[OutboxMail.key])
    new = session.connection().execute(statement.returning(OutboxMail.key, OutboxMail.id), rows)
    return {key: row_id for key, row_id in new}


def _fill(session: Session, written: Mapping[int, Composed]) -> None:
    recipients = {composed.recipient for composed in written.values()}
    connection = session.connection()
    found = connection.execute(_SUPPRESSED, {"recipients": list(recipients)})
    suppressed = {address: reason for address, reason in found}
    connection.execute(
        _FILL,
        [
            {
                "row_id": row_id,
                "recipient": composed.recipient,
                "domain": composed.recipient.rpartition("@")[2],
                "subject": composed.subject,
                "message_id": composed.message_id,
                "envelope_sender": composed.envelope_sender,
                "body": composed.body,
            }
            for row_id, composed in written.items()
        ],
    )
    for row_id, composed in written.items():
        if composed.recipient in suppressed:
            reason = f"suppressed: {suppressed[composed.recipient]}"
            states.move(session, row_id, (MailState.QUEUED,), MailState.CANCELLED, last_reply=reason)


# Written once, past the session: they run for every batch of the worker.
_SUPPRESSED = select(Suppression.address, Suppression.reason).where(
    Suppression.address.in_(bindparam("recipients", expanding=True))
)
_FILL = (
    update(ROWS)
    .where(ROWS.c.id == bindparam("row_id"))
    .values(
        {
            name: bindparam(name)
            for name in ("recipient", "domain", "subject", "message_id", "envelope_sender", "body")
        }
    )
)


def resend(session: Session, mail_id: int, *, evidence: str | None = None) -> None:
    """Queue a mail once more because a person said so: the same message, with the same Message-ID.

    A ``not_after`` is lifted, as the person saw that it is late; an embargo is not. ``evidence`` says how
    the person knows that it did not arrive; a result whose outcome is unknown needs it.
    Raises NoSuchMail, or IllegalTransition unless it is unknown, failed or cancelled.
    """
    if evidence is None or not evidence.strip():
        mail = show(session, mail_id)
        if mail.kind is MailKind.RESULT and mail.state is MailState.UNKNOWN:
            raise IllegalTransition(
                f"outbox mail {mail_id} is a result that may have arrived: say how you know that it has not"
                " (--evidence TEXT); nobody is told twice"
            )
    known: dict[str, Any] = {"evidence": evidence.strip()} if evidence else {}
    moved = states.move(
        session,
        mail_id,
        (MailState.UNKNOWN, MailState.FAILED, MailState.CANCELLED),
        MailState.QUEUED,
        next_try_at=None,
        not_after=None,
        attempts=0,
        **known,
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


def automatic_to(session: Session, recipients: Collection[str], *, since: datetime) -> Mapping[str, int]:
    """Count the automatic mails to each of these people (in lower case), accepted at or after ``since``.

    Asked in the transaction that enqueues, it bounds what machines can make us send (RFC 3834 §2):
    on PostgreSQL whoever asks about the same recipient waits for that transaction to end; on SQLite
    there is one writer anyway. Cancelled rows do not count.
    """
    people = {recipient.lower() for recipient in recipients}
    if not people:
        return {}
    states.one_at_a_time(session, *(f"automatic:{recipient}" for recipient in people))
    counted = session.connection().execute(_AUTOMATIC_TO, {"people": list(people), "since": since})
    return dict.fromkeys(people, 0) | {recipient: count for recipient, count in counted}


def automatic_about(session: Session, inquiry: int, *, since: datetime | None = None) -> int:
    """Count the automatic mails on an inquiry, accepted at or after ``since``; cancelled ones not."""
    wanted = [*_AUTOMATIC, OutboxMail.inquiry == inquiry]
    if since is not None:
        wanted.append(OutboxMail.created_at >= since)
    return session.scalar(select(func.count()).select_from(OutboxMail).where(and_(*wanted))) or 0


_AUTOMATIC = (
    OutboxMail.channel == Channel.MAIL,
    OutboxMail.automatic,
    OutboxMail.state != MailState.CANCELLED,
)
_AUTOMATIC_TO = (
    select(OutboxMail.recipient, func.count())
    .where(
        *_AUTOMATIC,
        OutboxMail.recipient.in_(bindparam("people", expanding=True)),
        OutboxMail.created_at >= bindparam("since"),
    )
    .group_by(OutboxMail.recipient)
)


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
