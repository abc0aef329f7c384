"""Payloads are stored before they are acknowledged, and each is acted on once.

A payload and what it leads to are one transaction: the handler's verb and the mark that it is done. So a
process may die anywhere: what was acknowledged is in the table, and what is not done is done by the next
worker. Interactive payloads are settled by the listener that has the person waiting; the worker takes
those whose listener died.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import anyio.to_thread
import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from bot.refusal import Refused
from bot.slack.keys import Named
from bot.slack.tables import EventState, SlackCount, SlackEvent
from bot.storage import Storage
from mailer.ledger import Ledger

log = structlog.get_logger(__name__)

#: How long a listener has an interactive payload to itself.
LISTENER_LEASE = timedelta(seconds=15)
#: A payload that fails so often is laid aside.
TRIES = 5
#: After a failure, and for what has to wait for something else.
AGAIN_AFTER = timedelta(seconds=1)
#: Payloads are kept so long: retries come within minutes, replays after a reconnect later.
KEEP = timedelta(days=30)
BATCH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A payload as the table has it."""

    id: int
    key: str
    kind: str
    team_id: str
    user_id: str
    body: dict[str, Any] = field(repr=False)
    #: Real time.
    received_at: datetime


class Seen(Enum):
    """What storing a payload said about it."""

    #: Nobody has it: go on.
    NEW = "new"
    #: It came before: acknowledge it and do nothing.
    BEFORE = "before"


class Outcome(Enum):
    """Answers of ``settle`` that are no handler's."""

    DONE_BEFORE = "done before"


#: What ``settle`` returns for a payload that somebody has settled already.
DONE_BEFORE = Outcome.DONE_BEFORE


class Later(Exception):
    """The handler cannot say yet; the payload is tried again a little later."""


Handler = Callable[[Session, Stored], object]


class Inbox:
    """The table of payloads, and who handles which."""

    def __init__(self, storage: Storage, *, real_now: Callable[[], datetime]) -> None:
        self._storage = storage
        self._ledger = Ledger(storage.write)
        self._real_now = real_now
        self._handlers: dict[str, list[Handler]] = defaultdict(list)

    def on(self, kind: str, handler: Handler) -> None:
        """Let ``handler(session, stored)`` act on payloads of a kind, where they are marked as done."""
        if self._handlers[kind] and not kind.startswith("event:"):
            raise ValueError(f"{kind} has a handler already")
        self._handlers[kind].append(handler)

    def handles(self, kind: str) -> bool:
        """True when somebody acts on payloads of this kind."""
        return bool(self._handlers.get(kind))

    @property
    def kinds(self) -> frozenset[str]:
        """All kinds that somebody acts on."""
        return frozenset(kind for kind, handlers in self._handlers.items() if handlers)

    async def store(
        self, named: Named, body: dict[str, Any], *, retry_num: int | None, retry_reason: str | None
    ) -> tuple[Seen, Stored | None]:
        """Commit a payload; after this returns it may be acknowledged. From the loop of a door."""

        def write(session: Session) -> tuple[Seen, Stored | None]:
            return self.store_in(session, named, body, retry_num=retry_num, retry_reason=retry_reason)

        # What several sockets and requests bring at a time is flushed to disk together.
        return await anyio.to_thread.run_sync(self._ledger.write, write)

    async def settle(self, stored: Stored) -> object:
        """Act on a payload whose person waits; what the handler returned, or DONE_BEFORE.

        Raises:
            Refused: the verb said no; nothing was changed, and it may be submitted again.
        """
        return await anyio.to_thread.run_sync(self.settle_now, stored)

    def settle_now(self, stored: Stored) -> object:
        """``settle``, in the caller's thread."""
        try:
            with self._storage.write.begin() as session:
                return self._act(session, stored)
        except Refused as error:
            with self._storage.write.begin() as session:
                self._mark(session, stored.id, EventState.REFUSED, str(error))
            raise

    async def count(self, name: str) -> None:
        """Count something that leaves no row."""
        await anyio.to_thread.run_sync(lambda: self._ledger.write(lambda session: count(session, name)))

    def work_off(self, stopping: Callable[[], bool]) -> int:
        """Act on what waits, oldest first; returns how many payloads that were."""
        done = 0
        while not stopping():
            handled = self._together()
            if not handled:
                return done
            done += handled
        return done

    def forget(self, *, before: datetime) -> int:
        """Delete what is done and older; returns how many."""

        def run(session: Session) -> int:
            gone = delete(SlackEvent).where(
                SlackEvent.received_at < before, SlackEvent.state.in_((EventState.DONE, EventState.REFUSED))
            )
            return len(session.scalars(gone.returning(SlackEvent.id)).all())

        return self._ledger.write(run)

    def store_in(
        self,
        session: Session,
        named: Named,
        body: dict[str, Any],
        *,
        retry_num: int | None,
        retry_reason: str | None,
    ) -> tuple[Seen, Stored | None]:
        """Write a payload down unless it is there; the caller commits."""
        now = self._real_now()
        waits = self.handles(named.kind)
        by_listener = waits and not named.kind.startswith("event:")
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        statement = (
            insert(SlackEvent)
            .values(
                key=named.key,
                kind=named.kind,
                team_id=named.team_id,
                user_id=named.user_id,
                event_id=named.event_id,
                retry_num=retry_num,
                retry_reason=retry_reason,
                body=body,
                state=(
                    EventState.LEASED
                    if by_listener
                    else EventState.NEW
                    if waits
                    else EventState.DONE  # nobody acts on it: kept for the record
                ),
                tries=0,
                lease_until=now + LISTENER_LEASE if by_listener else None,
                received_at=now,
            )
            .on_conflict_do_nothing(index_elements=[SlackEvent.key])
        )
        number = session.execute(statement.returning(SlackEvent.id)).scalar()
        if number is None:
            number = self._again(session, named.key, body) if by_listener else None
            if number is None:
                count(session, "repeated")
                return Seen.BEFORE, None
        stored = Stored(
            id=number,
            key=named.key,
            kind=named.kind,
            team_id=named.team_id,
            user_id=named.user_id,
            body=body,
            received_at=now,
        )
        return Seen.NEW, stored

    def _again(self, session: Session, key: str, body: dict[str, Any]) -> int | None:
        """Take a payload that was refused and is submitted once more."""
        again = (
            update(SlackEvent)
            .where(SlackEvent.key == key, SlackEvent.state == EventState.REFUSED)
            .values(state=EventState.LEASED, lease_until=self._real_now() + LISTENER_LEASE, body=body)
        )
        return session.execute(again.returning(SlackEvent.id)).scalar()

    def _act(self, session: Session, stored: Stored) -> object:
        if not self._mark(session, stored.id, EventState.DONE, None):
            return DONE_BEFORE
        said: object = None
        for handler in self._handlers.get(stored.kind, ()):
            answer = handler(session, stored)
            said = said if answer is None else answer
        return said

    def _mark(self, session: Session, number: int, state: EventState, error: str | None) -> bool:
        """The first to mark it acts; the row's lock makes others wait for how that ends."""
        marked = session.execute(
            update(SlackEvent)
            .where(SlackEvent.id == number, SlackEvent.state.in_((EventState.NEW, EventState.LEASED)))
            .values(state=state, error=error, handled_at=self._real_now(), lease_until=None)
            .returning(SlackEvent.id)
        )
        return marked.scalar() is not None

    def _together(self) -> int:
        """Act on some payloads in one transaction; where one of them fails, on each by itself."""
        taken: list[Stored] = []
        try:
            with self._storage.write.begin() as session:
                taken = self._due(session)
                for stored in taken:
                    self._act(session, stored)
            return len(taken)
        except (OperationalError, InterfaceError):
            raise  # the database's trouble is not the payloads'
        except Exception:  # one of them did it, and takes none of the others with it
            return sum(self._alone(stored) for stored in taken)

    def _due(self, session: Session) -> list[Stored]:
        # Locked until they are done: the transaction is the lease. A listener's own ends by the clock.
        due = (
            select(SlackEvent)
            .where(
                SlackEvent.state.in_((EventState.NEW, EventState.LEASED)),
                or_(SlackEvent.lease_until.is_(None), SlackEvent.lease_until <= self._real_now()),
            )
            .order_by(SlackEvent.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        return [
            Stored(
                id=row.id,
                key=row.key,
                kind=row.kind,
                team_id=row.team_id,
                user_id=row.user_id,
                body=row.body,
                received_at=row.received_at,
            )
            for row in session.scalars(due)
        ]

    def _alone(self, stored: Stored) -> int:
        """Act on one payload; 1 when that settled it."""
        try:
            self.settle_now(stored)
        except Refused as error:
            log.info("slack.refused", payload=stored.id, kind=stored.kind, reason=str(error))
            return 1
        except Later:
            self._put_off(stored.id, None)
            return 0
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # whatever one payload does, the ones behind it are handled
            log.exception("slack.event_failed", payload=stored.id, kind=stored.kind)
            self._put_off(stored.id, type(error).__name__)
            return 0
        return 1

    def _put_off(self, number: int, error: str | None) -> None:
        with self._storage.write.begin() as session:
            row = session.get(SlackEvent, number, with_for_update=True)
            if row is None or row.state not in (EventState.NEW, EventState.LEASED):
                return
            row.tries += error is not None  # who only has to wait has not failed
            row.error = error
            row.state = EventState.DEAD if row.tries >= TRIES else EventState.NEW
            row.lease_until = self._real_now() + AGAIN_AFTER * max(1, row.tries)
            dead = row.state is EventState.DEAD
        if dead:
            log.error("slack.event_dead", payload=number, error=error)


def refuse(session: Session, stored: Stored, reason: str) -> None:
    """Keep what a handler wrote, and let the person submit the same again; for handlers that say no."""
    session.execute(
        update(SlackEvent).where(SlackEvent.id == stored.id).values(state=EventState.REFUSED, error=reason)
    )


def count(session: Session, name: str) -> None:
    """Add one to a count."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(SlackCount)
        .values(name=name, count=1)
        .on_conflict_do_update(index_elements=[SlackCount.name], set_={"count": SlackCount.count + 1})
    )


def counts(session: Session) -> dict[str, int]:
    """All counts by name."""
    return {name: number for name, number in session.execute(select(SlackCount.name, SlackCount.count))}
