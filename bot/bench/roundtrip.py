"""One stretch of questions to a desk, seen from both ends: our 250, and the relay's for the reply."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from bot.bench import load, mails
from bot.bench.client import Job, Outcome
from bot.bench.goals import BenchError
from bot.bench.peers import Server
from bot.storage import Storage
from bot.tables import HandledMail
from mailer.tables import Attempt, MailKind, MailState, OutboxMail

CONNECTIONS = 20
PATIENCE_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A measured desk and a look into its database."""

    server: Server
    storage: Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One stretch, seen from both ends."""

    sent: Outcome
    #: By sender: when the relay had taken the reply, in seconds of the real clock.
    taken_at: Mapping[str, float]
    cpu_ms: float
    run: str

    @property
    def per_s(self) -> float:
        """Mails answered a second, from the first mail's start to the relay's last 250."""
        return len(self.taken_at) / (max(self.taken_at.values()) - self.sent.began_at)

    def waits_ms(self) -> list[float]:
        """For each mail, milliseconds from our 250 to the relay's."""
        promised = self.sent.promised_at
        return [
            max(0.0, self.taken_at[mails.sender(self.run, number)] - promised[number]) * 1000
            for number in range(len(promised))
        ]


def answer(
    desk: Desk, run: str, asked: Sequence[str], *, count: int, rate_per_s: float | None = None
) -> Answered:
    """Send ``count`` mails and wait until the relay has every reply.

    Raises:
        BenchError: a mail was not taken, or not answered within ``PATIENCE_SECONDS``.
    """
    with desk.storage.read() as session:
        before = session.scalar(select(func.max(OutboxMail.id))) or 0
    cpu = desk.server.cpu_seconds()
    sent = load.send(
        Job(
            port=desk.server.port,
            connections=min(CONNECTIONS, count),
            count=count,
            run=run,
            questions=tuple(asked),
            rate_per_s=rate_per_s,
        )
    )
    taken_at = _wait(desk, before, count)
    cpu_ms = (desk.server.cpu_seconds() - cpu) * 1000 / count
    return Answered(sent=sent, taken_at=taken_at, cpu_ms=cpu_ms, run=run)


def _wait(desk: Desk, before: int, count: int) -> dict[str, float]:
    """Wait until every mail is answered; raises BenchError with what is missing when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    sent = select(func.count()).where(OutboxMail.id > before, OutboxMail.state == MailState.SENT)
    while True:
        with desk.storage.read() as session:
            done = session.scalar(sent) or 0
            handled = session.scalar(select(func.count()).select_from(HandledMail))
        if done >= count:
            return _taken_at(desk, before)
        if time.monotonic() > deadline:
            raise BenchError(f"{done} of {count} mails were answered ({handled} handled since the start)")
        time.sleep(0.1)


def _taken_at(desk: Desk, before: int) -> dict[str, float]:
    taken = (
        select(OutboxMail.recipient, func.max(Attempt.ended_at))
        .join(Attempt, Attempt.mail_id == OutboxMail.id)
        .where(OutboxMail.id > before, OutboxMail.kind.in_((MailKind.ANSWER, MailKind.RECEIPT)))
        .group_by(OutboxMail.recipient)
    )
    with desk.storage.read() as session:
        return {recipient: _seconds(at) for recipient, at in session.execute(taken) if at}


def _seconds(at: datetime | str) -> float:
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
