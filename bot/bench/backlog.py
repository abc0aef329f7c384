"""The outbox with a million finished rows beside an empty one: taking and marking must cost the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, literal, select, text
from sqlalchemy.orm import Session

from bot import storage
from bot.clock import real_now
from bot.storage import Storage
from mailer import deliver
from mailer.ledger import Ledger
from mailer.relay import Delivered, Outcome, Outgoing
from mailer.tables import Attempt, Channel, MailKind, MailState, OutboxMail

#: Rows that a sender takes at once, as the desk's own sender does.
CLAIM_LIMIT = 20
BODY = b"x" * 4096
AT = datetime(2020, 11, 20, tzinfo=UTC)

#: What differs from one finished mail to the next; all else is copied from the first.
_VARIED = {
    "key": "'finished:' || n",
    "recipient": "n || '@example.org'",
    "message_id": "'<' || n || '@contest.test>'",
    "envelope_sender": "'bounces+' || n || '@contest.test'",
    "inquiry": "n",
}


class Taken:
    """A relay that takes every mail at once, so that only the outbox is seen."""

    def send(self, mail: Outgoing) -> Outcome:
        """Take it."""
        return Delivered(reply=f"250 taken {mail.id}")

    def doctor(self) -> str:
        """Say that all is well."""
        return "takes everything"

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def opened(path: Path, *, finished: int) -> Iterator[Storage]:
    """An outbox in a file of its own, with so many mails that were sent long ago."""
    found = storage.open_storage(f"sqlite:///{path}")
    try:
        storage.upgrade(found)
        if finished:
            with found.write.begin() as session:
                _fill(session, finished)
        yield found
    finally:
        found.close()


def _fill(session: Session, rows: int) -> None:
    """Finished mails, each with its attempt; without bodies, which no claim of others ever reads."""
    first = _row("finished:0") | {"state": MailState.SENT, "attempts": 1, "body": None}
    session.execute(insert(OutboxMail), [first])
    columns = [column.name for column in OutboxMail.__table__.columns if not column.primary_key]
    copied = ", ".join(_VARIED.get(name, name) for name in columns)
    numbers = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :rows)"
    # The names come from the tables above, not from outside.
    copy = (
        f"INSERT INTO outbox_mail ({', '.join(columns)}) {numbers} SELECT {copied} FROM outbox_mail, number"
    )
    session.execute(text(f"{copy} WHERE key = 'finished:0'"), {"rows": rows - 1})
    tried = select(OutboxMail.id, OutboxMail.created_at, OutboxMail.created_at, literal("delivered"))
    into = ["mail_id", "started_at", "ended_at", "outcome"]
    session.execute(insert(Attempt).from_select(into, tried.order_by(OutboxMail.id)))


def claim_and_mark_ms(outbox: Storage, *, mails: int, run: str) -> float:
    """Queue ``mails``, then let a sender take, begin and mark all of them: milliseconds of that, each."""
    with outbox.write.begin() as session:
        session.execute(insert(OutboxMail), [_row(f"{run}:{number}") for number in range(mails)])
    ledger = Ledger(outbox.write)
    began = time.perf_counter()
    left = mails
    while left > 0:
        tally = deliver.deliver_due(
            ledger, Taken(), Channel.MAIL, limit=CLAIM_LIMIT, now=real_now(), real_now=real_now
        )
        if not tally.sent:
            raise AssertionError(f"{left} queued mails were not due")  # ours, a moment ago
        left -= tally.sent
    return (time.perf_counter() - began) * 1000 / mails


def _row(key: str) -> dict[str, object]:
    return {
        "key": key,
        "channel": Channel.MAIL,
        "kind": MailKind.ANSWER,
        "state": MailState.QUEUED,
        # Each to somebody else: a mail does not overtake an earlier one to the same person.
        "recipient": f"{key}@example.org",
        "subject": "Re: question",
        "language": "ko",
        "message_id": f"<{key}@contest.test>",
        "envelope_sender": "bounces@contest.test",
        "automatic": True,
        "created_at": AT,
        "attempts": 0,
        "provenance": {},
        "body": BODY,
    }
