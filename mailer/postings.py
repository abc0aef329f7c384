"""Slack's rows in the one outbox: the same keys, states and instants as mails, a payload for a body.

Nothing here knows what a payload says. Verbs take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer import states
from mailer.errors import ComposeError
from mailer.states import FREE, ROWS
from mailer.tables import Channel, MailKind, MailState, OutboxMail

#: Why a row whose outcome was not known is queued once more.
NOT_FOUND = "looked for and not found: sent again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One payload to be accepted for sending, and the event that causes it."""

    key: str
    kind: MailKind
    #: Whose order it keeps: the person it is for, or the channel of those that are for everybody there.
    recipient: str
    body: bytes = field(repr=False)
    #: What it says, in a line.
    subject: str
    language: str
    automatic: bool
    inquiry: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None
    embargo_until: datetime | None = None
    not_after: datetime | None = None


def enqueue(session: Session, posting: Posting, *, message_domain: str, now: datetime) -> int | None:
    """Accept a payload and return its row's id; None when the event named by its key has its row.

    ``message_domain`` makes an id that threads can remember; nothing was ever sent under it.

    Raises:
        ComposeError: the key or the recipient does not fit its column.
    """
    if len(posting.key) > 200 or len(posting.recipient) > 320:
        raise ComposeError("key", f"longer than its column: {posting.key[:60]!r}")
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "key": posting.key,
        "channel": Channel.SLACK,
        "kind": posting.kind,
        "state": MailState.QUEUED,
        "recipient": posting.recipient.lower(),
        "domain": "slack",
        "subject": posting.subject,
        "language": posting.language,
        "message_id": None,
        "envelope_sender": "",
        "inquiry": posting.inquiry,
        "automatic": posting.automatic,
        "created_at": now,
        "not_before": posting.not_before,
        "embargo_until": posting.embargo_until,
        "not_after": posting.not_after,
        "attempts": 0,
        "provenance": dict(posting.provenance),
        "body": posting.body,
    }
    statement = insert(ROWS).values(values).on_conflict_do_nothing(index_elements=[OutboxMail.key])
    row_id = session.connection().execute(statement.returning(ROWS.c.id)).scalar()
    if row_id is None:
        return None
    session.connection().execute(
        ROWS.update().where(ROWS.c.id == row_id).values(message_id=message_id(row_id, message_domain))
    )
    return int(row_id)


def message_id(row_id: int, domain: str) -> str:
    """The id by which threads know a row that is no mail."""
    return f"<{row_id}.posted@{domain}>"


def lost(session: Session, *, limit: int) -> Sequence[OutboxMail]:
    """Rows of Slack whose outcome nobody knows, oldest first, for whoever can look."""
    return session.scalars(
        select(OutboxMail)
        .where(OutboxMail.channel == Channel.SLACK, OutboxMail.state == MailState.UNKNOWN)
        .order_by(OutboxMail.id)
        .limit(limit)
    ).all()


def send_again(session: Session, row_id: int) -> bool:
    """Queue a row that was looked for in vain; False when it was settled meanwhile."""
    return states.move(
        session,
        row_id,
        (MailState.UNKNOWN,),
        MailState.QUEUED,
        next_try_at=None,
        last_reply=NOT_FOUND,
        **FREE,
    )


def automatic_to(session: Session, recipient: str, *, since: datetime) -> int:
    """Count the automatic payloads for one recipient, accepted at or after ``since``; cancelled ones not.

    As of mails (outbox.automatic_to): on PostgreSQL one transaction at a time asks about a recipient.
    """
    states.one_at_a_time(session, f"automatic:{recipient.lower()}")
    wanted = select(func.count()).where(
        *_AUTOMATIC, OutboxMail.recipient == recipient.lower(), OutboxMail.created_at >= since
    )
    return session.scalar(wanted) or 0


def automatic_about(session: Session, inquiry: int, *, since: datetime | None = None) -> int:
    """Count the automatic payloads on an inquiry, accepted at or after ``since``; cancelled ones not."""
    wanted = select(func.count()).where(*_AUTOMATIC, OutboxMail.inquiry == inquiry)
    return session.scalar(wanted if since is None else wanted.where(OutboxMail.created_at >= since)) or 0


_AUTOMATIC = (
    OutboxMail.channel == Channel.SLACK,
    OutboxMail.automatic,
    OutboxMail.state != MailState.CANCELLED,
)
