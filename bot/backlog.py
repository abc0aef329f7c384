"""The mails that are stored and not yet handled, found without a look at those that are done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Integer, Select, cast, func, literal, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from bot.storage import Storage
from bot.tables import Cursor, HandledMail, InboundMail

log = structlog.get_logger(__name__)

INBOUND = "inbound"
#: The cursor is moved after so many mails; a look walks over this many finished ones at most.
STEP = 500
#: On PostgreSQL: how far a worker looks past mails that others have in hand.
LOOK = 200
#: Any number will do as long as all our processes use the same one.
IN_HAND = 5_050_002
#: How long moving the cursor may make the door wait.
LOCK_PATIENCE = timedelta(milliseconds=300)


def low_water(session: Session) -> int:
    """Up to this number all mails are handled."""
    return session.scalar(select(Cursor.low_water).where(Cursor.name == INBOUND)) or 0


def waiting(session: Session, *, limit: int) -> Sequence[int]:
    """Numbers of mails that are not handled, in the order they came."""
    return session.scalars(_waiting(low_water(session)).limit(limit)).all()


def count(session: Session) -> int:
    """How many mails are not handled."""
    return session.scalar(select(func.count()).select_from(_waiting(low_water(session)).subquery())) or 0


def oldest(session: Session) -> datetime | None:
    """When the mail that waits longest came; None when nothing waits."""
    first = _waiting(low_water(session)).limit(1).scalar_subquery()
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
    first = session.scalar(_waiting(low).limit(1))
    newest = session.scalar(select(func.max(InboundMail.id))) or 0
    to = newest if first is None else first - 1
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Cursor).values(name=INBOUND, low_water=0).on_conflict_do_nothing())
    session.execute(
        update(Cursor).where(Cursor.name == INBOUND, Cursor.low_water < to).values(low_water=to),
        execution_options={"synchronize_session": False},
    )


def _waiting(low: int) -> Select[int]:
    # The bound stands on both sides: a merge would else begin at the first mail ever handled.
    done = select(HandledMail.inbound_id).where(
        HandledMail.inbound_id == InboundMail.id, HandledMail.inbound_id > low
    )
    return select(InboundMail.id).where(InboundMail.id > low, ~done.exists()).order_by(InboundMail.id)


class Share:
    """The part of the backlog that one worker has in hand, so that no other does the same work.

    On PostgreSQL each mail in hand is an advisory lock on a connection of its own: it ends with the
    worker, however that dies, and it is no more than courtesy; the mark's unique key is the promise.
    On SQLite one worker is all that one file can use.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._connection: Connection | None = None

    def take(self, limit: int) -> Sequence[int]:
        """Numbers of waiting mails that nobody else has in hand, oldest first; ours until released."""
        if self._storage.dialect != "postgresql":
            with self._storage.read() as session:
                return waiting(session, limit=limit)
        return self._take(self._ready(), limit)

    def release(self) -> None:
        """Leave what is still unhandled to others, and give the connection back."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.execute(text("SELECT pg_advisory_unlock_all()"))
        except DBAPIError:
            # Not to the pool: a lock would live on there. The server frees it with the connection.
            connection.invalidate()
            raise
        finally:
            connection.close()

    def _ready(self) -> Connection:
        if self._connection is None:
            connection = self._storage.engine.connect()
            self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    def _take(self, connection: Connection, limit: int) -> Sequence[int]:
        low = connection.scalar(select(Cursor.low_water).where(Cursor.name == INBOUND)) or 0
        # MATERIALIZED: locks are tried on what the look found, in its order, and on no row more.
        found = _waiting(low).limit(LOOK).cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
        free = func.pg_try_advisory_lock(literal(IN_HAND), cast(found.c.id, Integer))
        numbers = connection.scalars(select(found.c.id).where(free).limit(limit)).all()
        # What another worker finished between our look and our lock is done.
        done = select(HandledMail.inbound_id).where(HandledMail.inbound_id.in_(numbers))
        finished = set(connection.scalars(done)) if numbers else set()
        return [number for number in numbers if number not in finished]
