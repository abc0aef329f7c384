"""What keeps mail from leaving by accident: a copy of the database, an empty list, one that is too long.

An installation is known by a file in DATA_DIR and a row of the database that must agree. A copy or a
backup that was put back takes the row along, but not the file, or an older row, or lies elsewhere: then
nothing leaves until a person has said that this is the one.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from bot.refusal import Refused
from bot.storage import Storage
from mailer import states
from mailer.states import DIRECT, FREE
from mailer.tables import Attempt, Installation, MailState, OutboxMail

log = structlog.get_logger(__name__)

FILE = "installation.json"
#: How long a look is trusted, in seconds (monotonic): often enough for a database swapped under a desk
#: that runs, seldom enough to cost a sender nothing.
TRUSTED_SECONDS = 30.0
DOUBTED_SECONDS = 2.0
_MACHINE = Path("/etc/machine-id")
_HOW = "nothing is sent until somebody says that this is the one: contestdesk db confirm --staff ADDRESS"


class Fenced(Refused):
    """A mailing to nobody, or to more people than anybody meant."""


def within(count: int, *, most: int, what: str) -> None:
    """Let a mailing pass whose number of people is sane.

    Raises:
        Fenced: it would go to nobody, or to more than ``most``.
    """
    if not count:
        raise Fenced(f"{what}: the list is empty; nobody would get it")
    if count > most:
        raise Fenced(
            f"{what}: {count} people are more than the limit of {most};"
            " if that is meant, raise CONTESTDESK_AUDIENCE_LIMIT"
        )


# -- whose database this is -------------------------------------------------------------------


class Waiting(StrEnum):
    """What becomes of mails that wait in a database that was put back."""

    CANCEL = "cancel"
    SEND = "send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an installation remembers outside its database."""

    name: str
    epoch: int
    #: What the row's pulse was at least.
    pulse: int = 0
    #: Hash of the machine's own id; empty where it has none, as in a container.
    machine: str = ""
    #: True until the row of a first start is written.
    pending: bool = False


class Gate:
    """Tells senders and reminders whether this installation owns its database."""

    def __init__(self, storage: Storage, data_dir: Path) -> None:
        self._storage = storage
        self._path = data_dir / FILE
        self._lock = threading.Lock()
        self._looked_at = -TRUSTED_SECONDS
        self._doubt: str | None = None
        self._beaten: int | None = None

    def adopt(self, *, now: datetime) -> None:
        """Take possession of a database that nobody has yet; any other stays as it is."""
        try:
            known = read(self._path)
        except Refused:
            return  # the look says so
        with self._storage.write.begin() as session:
            states.one_at_a_time(session, "installation")
            if session.get(Installation, 1) is not None:
                return
            if known is not None and not known.pending and session.scalar(select(OutboxMail.id).limit(1)):
                return  # the file is from after this copy was made: doubtful
            name = known.name if known and known.pending else uuid.uuid4().hex
            first = Known(name=name, epoch=1, machine=machine(), pending=True)
            # The file comes first and says so: killed in between, the next start takes it up.
            _write(self._path, first)
            session.add(
                Installation(
                    id=1,
                    name=name,
                    epoch=1,
                    place=place(session),
                    pulse=0,
                    confirmed_at=now,
                    confirmed_by="",
                )
            )
        _write(self._path, replace(first, pending=False))

    def doubt(self) -> str | None:
        """Say why this may be a copy, and how to mend it; None when all agrees."""
        try:
            known = read(self._path)
        except Refused as error:
            return str(error)
        with self._storage.read() as session:
            return doubt(session, known)

    def may_send(self) -> bool:
        """True when mail may leave; a look is trusted for a while."""
        with self._lock:
            for_how_long = DOUBTED_SECONDS if self._doubt else TRUSTED_SECONDS
            if time.monotonic() - self._looked_at >= for_how_long:
                before, self._doubt = self._doubt, self.doubt()
                self._looked_at = time.monotonic()
                if self._doubt and self._doubt != before:
                    log.error("fence.closed", why=self._doubt)
                elif before and not self._doubt:
                    log.info("fence.opened")
            return self._doubt is None

    def beat(self) -> None:
        """Let the pulse grow if mail was tried since the last beat, and remember it outside."""
        if not self.may_send():
            return
        with self._storage.read() as session:
            tried = session.scalar(select(func.max(Attempt.id))) or 0
        if tried == self._beaten:
            return
        with self._storage.write.begin() as session:
            pulse = session.scalar(
                update(Installation)
                .where(Installation.id == 1)
                .values(pulse=Installation.pulse + 1)
                .returning(Installation.pulse),
                **DIRECT,
            )
        known = read(self._path)
        if known is not None and pulse is not None:
            # After the commit: the file never says more than the row, unless the row is an older one.
            _write(self._path, replace(known, pulse=max(known.pulse, pulse)))
        self._beaten = tried


def doubt(session: Session, known: Known | None) -> str | None:
    """Compare the row with what the installation remembers; None when this is its own database."""
    row = session.get(Installation, 1, populate_existing=True)
    if row is None:
        why = "the database is older than this installation" if known and not known.pending else None
    elif known is None:
        why = f"the database belongs to an installation that is not here (no {FILE} in DATA_DIR)"
    elif known.name != row.name:
        why = "the database belongs to another installation"
    elif known.epoch != row.epoch:
        older = "the database" if known.epoch > row.epoch else "this installation"
        why = f"{older} is an older copy (epoch {row.epoch} there, {known.epoch} here)"
    elif known.pulse > row.pulse:
        why = "the database is an older copy: more mail has left than it knows of"
    elif row.place != place(session):
        why = "the database lies elsewhere than it did: it may be a copy"
    elif known.machine and machine() and known.machine != machine():
        why = "this machine is another than it was: it may be a copy"
    else:
        why = None
    return f"{why}; {_HOW}" if why else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What was confirmed, and what became of mails that waited."""

    epoch: int
    cancelled: int
    waiting: int


def confirm(
    session: Session,
    *,
    known: Known | None,
    staff: str,
    waiting: Waiting | None,
    beside: bool,
    now: datetime,
) -> tuple[Confirmed, Known]:
    """Say that this installation is the one, or with ``beside`` one more of those that share a database.

    Write what is returned with ``remember`` once the transaction is committed. Raises Refused when mails
    wait and nobody said what becomes of them: the other installation may have sent them.
    """
    states.one_at_a_time(session, "installation")
    row = session.get(Installation, 1)
    if row is None:
        row = Installation(id=1, name=uuid.uuid4().hex, epoch=0, place="", pulse=0, confirmed_by="")
        row.confirmed_at = now
        session.add(row)
    if beside:
        if row.place != place(session):
            raise Refused("the database lies elsewhere than it did: it is no shared one; leave --beside away")
        done = Confirmed(epoch=row.epoch, cancelled=0, waiting=_count_waiting(session))
        return done, Known(name=row.name, epoch=row.epoch, pulse=row.pulse, machine=machine())
    count = _count_waiting(session)
    if count and waiting is None:
        raise Refused(
            f"{count} mails wait to be sent, and the other installation may have sent them already;"
            " say --waiting cancel (each can still be sent: contestdesk outbox resend) or --waiting send"
        )
    cancelled = _cancel_waiting(session, staff) if waiting is Waiting.CANCEL else 0
    row.epoch = max(row.epoch, known.epoch if known else 0) + 1
    row.place = place(session)
    row.confirmed_at, row.confirmed_by = now, staff
    session.flush()
    done = Confirmed(epoch=row.epoch, cancelled=cancelled, waiting=_count_waiting(session))
    return done, Known(name=row.name, epoch=row.epoch, pulse=row.pulse, machine=machine())


def known_of(data_dir: Path) -> Known | None:
    """What this installation remembers; None where there is nothing, or nothing that can be read."""
    try:
        return read(data_dir / FILE)
    except Refused:
        return None


def remember(data_dir: Path, known: Known) -> None:
    """Write what this installation knows of itself beside its other data."""
    _write(data_dir / FILE, known)


def held_before(session: Session) -> datetime | None:
    """When a copy was confirmed last: what was due before it, the other one may have sent."""
    row = session.get(Installation, 1)
    return row.confirmed_at if row is not None and row.epoch > 1 else None


def _count_waiting(session: Session) -> int:
    held = (*states.WAITING, MailState.CLAIMED)
    return session.scalar(select(func.count(OutboxMail.id)).where(OutboxMail.state.in_(held))) or 0


def _cancel_waiting(session: Session, staff: str) -> int:
    # What a sender of the other installation had taken is back in the queue first.
    held = select(OutboxMail.id).where(OutboxMail.state == MailState.CLAIMED)
    for mail_id in session.scalars(held).all():
        states.move(session, mail_id, (MailState.CLAIMED,), MailState.QUEUED, **FREE)
    waiting = session.scalars(select(OutboxMail.id).where(OutboxMail.state.in_(states.WAITING))).all()
    reason = f"cancelled by {staff}: the database was put back or copied"
    for mail_id in waiting:
        states.move(session, mail_id, states.WAITING, MailState.CANCELLED, last_reply=reason)
    return len(waiting)


# -- where it lies ----------------------------------------------------------------------------


def place(session: Session) -> str:
    """Where the tables lie: what changes when they are copied, and not when a machine starts again."""
    bind = session.get_bind()
    if bind.dialect.name != "postgresql":
        database = bind.engine.url.database
        # Not the device, whose number may change at a restart.
        return f"file:{os.stat(database).st_ino}" if database and database != ":memory:" else "memory"
    oid = session.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    allowed = session.scalar(text("SELECT has_function_privilege('pg_control_system()', 'execute')"))
    cluster = session.scalar(text("SELECT system_identifier FROM pg_control_system()")) if allowed else ""
    return f"server:{cluster}:{oid}"


def machine() -> str:
    """A hash of the machine's id; empty where it has none, as in many containers."""
    try:
        found = _MACHINE.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return hashlib.sha256(f"contestdesk:{found}".encode()).hexdigest()[:16] if found else ""


def read(path: Path) -> Known | None:
    """Read what an installation remembers; None where there is nothing.

    Raises:
        Refused: the file is there and cannot be read.
    """
    try:
        return Known(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise Refused(f"{path} cannot be read ({error}); {_HOW}") from error


def _write(path: Path, known: Known) -> None:
    """Write it whole or not at all, and on disk before anything else is done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(known), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
