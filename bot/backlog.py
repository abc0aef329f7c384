"""The mails that are stored and not yet handled, found without a look at those that are done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.storage import Storage
from bot.tables import Cursor, HandledMail, InboundMail

log = structlog.get_logger(__name__)

INBOUND = "inbound"
#: The cursor is moved after so many mails; a look walks over this many finished ones at most.
STEP = 500
#: How long moving the cursor may make the door wait.
LOCK_PATIENCE = timedelta(milliseconds=300)


def low_water(session: Session) -> int:
    """Up to this number all mails are handled."""
    return session.connection().scalar(LOW_WATER) or 0


def waiting(session: Session, *, limit: int) -> Sequence[int]:
    """Numbers of mails that are not handled, in the order they came."""
    return session.connection().scalars(_NEXT, {"low": low_water(session), "most": limit}).all()


def next_after(session: Session, low: int, *, limit: int) -> tuple[int, Sequence[int]]:
    """Numbers of mails above ``low`` that are not handled, and up to which number none waits now.

    On SQLite only that stays true; on PostgreSQL lower numbers may still appear.
    """
    connection = session.connection()
    low = max(low, connection.scalar(LOW_WATER) or 0)
    numbers = connection.scalars(_NEXT, {"low": low, "most": limit}).all()
    if numbers:
        return numbers[0] - 1, numbers
    return max(low, connection.scalar(_NEWEST) or 0), numbers


def unfinished(connection: Connection, numbers: Sequence[int]) -> Sequence[int]:
    """Those of these mails that nobody has handled meanwhile."""
    finished = set(connection.scalars(_FINISHED, {"numbers": list(numbers)})) if numbers else set()
    return [number for number in numbers if number not in finished]


def count(session: Session) -> int:
    """How many mails are not handled."""
    return session.scalar(select(func.count()).select_from(after(low_water(session)).subquery())) or 0


def oldest(session: Session) -> datetime | None:
    """When the mail that waits longest came; None when nothing waits."""
    first = after(low_water(session)).limit(1).scalar_subquery()
    return session.scalar(select(InboundMail.received_at).where(InboundMail.id == first))


def advance(storage: Storage) -> bool:
    """Move the cursor to before the first mail that waits; False when somebody is storing just now.

    On PostgreSQL numbers are given before they are committed, so a lower one may still appear. The lock
    is granted only while nobody is storing: then each number below is there, or will never be.
    """
    try:
        with storage.write.begin() as session:
            if storage.dialect == "postgresql":
                patience = int(LOCK_PATIENCE.total_seconds() * 1000)
                session.execute(text(f"SET LOCAL lock_timeout = {patience}"))
                session.execute(text(f"LOCK TABLE {InboundMail.__tablename__} IN SHARE MODE"))
            _move(session)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available
            raise
        return False
    return True


def _move(session: Session) -> None:
    low = low_water(session)
    first = session.scalar(after(low).limit(1))
    newest = session.scalar(select(func.max(InboundMail.id))) or 0
    to = newest if first is None else first - 1
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Cursor).values(name=INBOUND, low_water=0).on_conflict_do_nothing())
    session.execute(
        update(Cursor).where(Cursor.name == INBOUND, Cursor.low_water < to).values(low_water=to),
        execution_options={"synchronize_session": False},
    )


def after(low: int | BindParameter[int]) -> Select[int]:
    """Ask for the mails above the cursor that are not handled, in the order they came."""
    # The bound stands on both sides: a merge would else begin at the first mail ever handled.
    done = select(HandledMail.inbound_id).where(
        HandledMail.inbound_id == InboundMail.id, HandledMail.inbound_id > low
    )
    return select(InboundMail.id).where(InboundMail.id > low, ~done.exists()).order_by(InboundMail.id)


# Written once, for a worker asks at each wake-up.
LOW_WATER = select(Cursor.low_water).where(Cursor.name == INBOUND)
_NEXT = after(bindparam("low")).limit(bindparam("most"))
_FINISHED = select(HandledMail.inbound_id).where(
    HandledMail.inbound_id.in_(bindparam("numbers", expanding=True))
)
_NEWEST = select(func.max(InboundMail.id))
