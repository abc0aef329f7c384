"""The states of an outbox row and the one way from each to the next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Update,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from mailer.base import Base
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

#: The outbox without the session's bookkeeping: for what is done to every mail.
ROWS = Base.metadata.tables[OutboxMail.__tablename__]
# Rows are changed in the table alone; readers above load them anew.
DIRECT: Any = {"execution_options": {"synchronize_session": False}}
FREE: Mapping[str, Any] = {"lease_token": None, "lease_until": None}


def within(
    wanted: Collection[MailState], state: ColumnElement[MailState] = ROWS.c.state
) -> ColumnElement[bool]:
    """Write the states as literals: SQLite finds a partial index only by the very words of its WHERE."""
    return state.in_([literal_column(f"'{one.value}'") for one in wanted])


def move(
    session: Session,
    mail_id: int,
    sources: tuple[MailState, ...],
    to: MailState,
    *,
    token: str | None = None,
    tried: bool = False,
    **values: Any,
) -> bool:
    """Change the state of one row if it is in one of ``sources`` (and leased by ``token``).

    ``tried`` counts an attempt. Raises IllegalTransition for a step that the table above does not have.
    """
    statement = _step(sources, to, token is not None, tried, tuple(sorted(values)))
    moved = session.connection().execute(statement, {"of_id": mail_id, "of_token": token} | values)
    return moved.rowcount == 1


@cache
def _step(
    sources: tuple[MailState, ...], to: MailState, leased: bool, tried: bool, names: tuple[str, ...]
) -> Update:
    """Write the statement of a step; once, as that takes longer than to run it."""
    for source in sources:
        if to not in TRANSITIONS[source]:
            raise IllegalTransition(f"{source} may not become {to}")
    change = update(ROWS).where(ROWS.c.id == bindparam("of_id"), within(sources))
    if leased:
        change = change.where(ROWS.c.lease_token == bindparam("of_token"))
    changes: dict[str, Any] = {name: bindparam(name) for name in names} | {"state": to}
    if tried:
        changes["attempts"] = ROWS.c.attempts + 1
    return change.values(changes)


def one_at_a_time(session: Session, *what: str) -> None:
    """Let one transaction at a time do each of these; on SQLite there is one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    # Sorted: two transactions that want the same locks take them in the same order.
    keys = sorted(
        int.from_bytes(sha256(one.encode("utf-8")).digest()[:8], "big", signed=True) for one in what
    )
    wanted = func.unnest(cast(keys, ARRAY(BigInteger))).column_valued("key")
    session.execute(select(func.pg_advisory_xact_lock(wanted)))
