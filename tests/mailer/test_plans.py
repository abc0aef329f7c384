"""A million finished mails cost nothing: what senders ask is answered by small partial indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, sessionmaker

from mailer import claiming, outbox, sending
from mailer.tables import Channel, OutboxMail
from tests.mailer.letters import IDENTITY, NOON, REAL, hello

Sessions = sessionmaker[Session]
FINISHED = 30_000
LEASE = timedelta(minutes=5)


@pytest.fixture
def finished(sessions: Sessions) -> Sessions:
    """An outbox that has sent a lot, with five mails that wait."""
    with sessions.begin() as session:
        outbox.enqueue(session, hello(), key="first", identity=IDENTITY, now=NOON)
        names = [column.name for column in OutboxMail.__table__.columns]
        copied = ", ".join(
            {"id": "n", "key": "'k' || n", "state": "'sent'", "body": "NULL"}.get(name, name)
            for name in names
        )
        numbers = "WITH RECURSIVE number(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < :most)"
        session.execute(
            text(
                f"{numbers} INSERT INTO outbox_mail ({', '.join(names)}) SELECT {copied} FROM number, outbox_mail"
            )
            if session.get_bind().dialect.name == "postgresql"
            else text(
                f"INSERT INTO outbox_mail ({', '.join(names)}) {numbers} SELECT {copied} FROM number, outbox_mail"
            ),
            {"most": FINISHED},
        )
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT setval('outbox_mail_id_seq', :most)"), {"most": FINISHED})
        for number in range(5):
            letter = hello(to=f"lab-{number}@example.org", not_after=NOON + timedelta(days=1))
            outbox.enqueue(session, letter, key=f"w{number}", identity=IDENTITY, now=NOON)
        if session.get_bind().dialect.name == "postgresql":  # which does it by itself, sooner or later
            session.execute(text("ANALYZE"))
    return sessions


@contextmanager
def plans(session: Session) -> Iterator[list[str]]:
    """The plans of everything that is asked on this session, as the database tells them."""
    asked: list[tuple[str, Any]] = []
    told: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield told
    event.remove(connection, "before_cursor_execute", note)
    explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    for statement, parameters in asked:
        if "outbox_mail" in statement:
            rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)
            told.append("\n".join(str(row[-1]) for row in rows))


def walks(plan: str) -> list[str]:
    """The steps of a plan that go through all rows of the outbox."""
    return [
        line
        for line in plan.splitlines()
        if re.search(r"SCAN outbox_mail(?!.*ix_outbox_mail_)|Seq Scan on outbox_mail", line)
    ]


def indexes(plan: str) -> set[str]:
    return set(re.findall(r"ix_outbox_mail_\w+", plan))


def test_claim_reads_only_what_waits(finished: Sessions) -> None:
    with finished.begin() as session, plans(session) as told:
        claiming.claim_due(session, Channel.MAIL, limit=20, lease=LEASE, now=NOON, real_now=REAL)

    assert [walks(plan) for plan in told] == [[]]
    assert indexes(told[0]) >= {"ix_outbox_mail_waiting", "ix_outbox_mail_ahead"}


def test_skip_late_reads_only_what_may_be_late(finished: Sessions) -> None:
    with finished.begin() as session, plans(session) as told:
        claiming.skip_late(session, Channel.MAIL, now=NOON)

    assert [walks(plan) for plan in told] == [[]]
    assert indexes(told[0]) == {"ix_outbox_mail_not_after"}


def test_sweep_reads_only_what_is_held(finished: Sessions) -> None:
    with finished.begin() as session, plans(session) as told:
        sending.sweep(session, real_now=REAL)

    assert [walks(plan) for plan in told] == [[], []]
    # Each of these leads to the held rows alone.
    assert all(
        indexes(plan) < {"ix_outbox_mail_held", "ix_outbox_mail_ahead", "ix_outbox_mail_state"}
        for plan in told
    )


def test_oldest_due_and_unknown_read_only_what_is_open(finished: Sessions) -> None:
    with finished.begin() as session, plans(session) as told:
        outbox.oldest_due(session, now=NOON)
        outbox.unknown(session)

    assert [walks(plan) for plan in told] == [[], []]
