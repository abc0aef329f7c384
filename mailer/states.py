"""The states of an outbox row and the one way from each to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import AliasedClass

from mailer.errors import IllegalTransition
from mailer.tables import MailState, OutboxMail

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
#: Rows that a later mail to the same person does not overtake.
AHEAD = (MailState.RETRY, MailState.CLAIMED, MailState.IN_FLIGHT)

# Rows are changed in the table alone; readers above load them anew.
DIRECT: Any = {"execution_options": {"synchronize_session": False}}
FREE: Mapping[str, None] = {"lease_token": None, "lease_until": None}


def within(
    wanted: Collection[MailState], *, of: type[OutboxMail] | AliasedClass[OutboxMail] = OutboxMail
) -> ColumnElement[bool]:
    """Write the states as literals: SQLite finds a partial index only by the very words of its WHERE."""
    return of.state.in_(bindparam(None, list(wanted), expanding=True, literal_execute=True))


def move(
    session: Session,
    mail_id: int,
    sources: Collection[MailState],
    to: MailState,
    *,
    token: str | None = None,
    **values: Any,
) -> bool:
    """Change the state of one row if it is in one of ``sources`` (and leased by ``token``).

    Raises IllegalTransition for a step that the table above does not have.
    """
    for source in sources:
        if to not in TRANSITIONS[source]:
            raise IllegalTransition(f"{source} may not become {to}")
    change = update(OutboxMail).where(OutboxMail.id == mail_id, OutboxMail.state.in_(sources))
    if token is not None:
        change = change.where(OutboxMail.lease_token == token)
    moved = session.scalar(change.values(state=to, **values).returning(OutboxMail.id), **DIRECT)
    return moved is not None


def one_at_a_time(session: Session, what: str) -> None:
    """Let one transaction at a time do this; on SQLite there is one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    key = int.from_bytes(hashlib.sha256(what.encode("utf-8")).digest()[:8], "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))
