"""The committer: promises, groups, failures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import replace

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session, sessionmaker

from bot import storage
from bot.inbox.commit import Committer, Envelope, StoreError
from bot.tables import InboundMail
from tests.inbox.door import NOON, OURS

MAIL = Envelope(
    received_at=NOON,
    door="smtp",
    sender="lab@example.org",
    recipients=(OURS,),
    peer="127.0.0.1:1",
    raw=b"Subject: x\r\n\r\n",
)


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    """The desk's own writing sessions, on SQLite and on PostgreSQL."""
    opened = storage.open_storage(database_url)
    storage.upgrade(opened)
    yield opened.write
    opened.close()


def test_put_gives_the_id_of_the_row(sessions: sessionmaker[Session]) -> None:
    committer = Committer(sessions)
    committer.start()
    ids = [committer.put(MAIL).result(10) for _ in range(3)]
    committer.stop()

    with sessions() as session:
        assert list(session.scalars(select(InboundMail.id))) == ids


def test_waiting_mails_share_a_transaction(sessions: sessionmaker[Session]) -> None:
    begun, go_on, commits = threading.Event(), threading.Event(), []

    def slow_commit(connection: object) -> None:
        commits.append(1)
        begun.set()
        go_on.wait(10)

    event.listen(sessions.kw["bind"], "commit", slow_commit)
    committer = Committer(sessions)
    committer.start()
    promises = [committer.put(MAIL)]
    begun.wait(10)
    promises += [committer.put(replace(MAIL, raw=b"%d" % number)) for number in range(50)]
    go_on.set()
    wait(promises, 10)
    committer.stop()

    with sessions() as session:
        stored = {row.id: row.size_bytes for row in session.scalars(select(InboundMail))}
    assert [stored[promise.result()] for promise in promises[1:]] == [1] * 10 + [2] * 40
    assert len(commits) == 2


def test_one_bad_mail_does_not_defer_its_neighbours(sessions: sessionmaker[Session]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow_commit(connection: object) -> None:
        begun.set()
        go_on.wait(10)

    event.listen(sessions.kw["bind"], "commit", slow_commit)
    committer = Committer(sessions)
    committer.start()
    committer.put(MAIL)
    begun.wait(10)
    bad = replace(MAIL, sender="\ud800@example.org")  # no database takes a lone surrogate
    promises = [committer.put(mail) for mail in (MAIL, bad, MAIL)]
    go_on.set()
    committer.stop()

    assert [promise.exception() is None for promise in promises] == [True, False, True]
    assert isinstance(promises[1].exception(), StoreError)


def test_stop_stores_what_waits_and_takes_no_more(sessions: sessionmaker[Session]) -> None:
    committer = Committer(sessions)
    committer.start()
    promises = [committer.put(MAIL) for _ in range(600)]
    stopped = committer.stop()
    late = committer.put(MAIL)

    assert stopped
    assert [promise.exception(0) for promise in promises] == [None] * 600
    with pytest.raises(StoreError, match="not running"):
        late.result(0)


def test_worker_is_woken_after_the_commit(sessions: sessionmaker[Session]) -> None:
    seen: list[int] = []

    def wake() -> None:
        with sessions() as session:
            seen.append(session.scalar(select(func.count()).select_from(InboundMail)) or 0)
        raise ZeroDivisionError

    committer = Committer(sessions, on_stored=wake)
    committer.start()
    committer.put(MAIL).result(10)
    committer.put(MAIL).result(10)  # a faulty hook has not ended the thread
    committer.stop()

    assert seen == [1, 2]


def test_promise_given_up_before_its_turn_is_not_stored(sessions: sessionmaker[Session]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow_commit(connection: object) -> None:
        begun.set()
        go_on.wait(10)

    event.listen(sessions.kw["bind"], "commit", slow_commit)
    committer = Committer(sessions)
    committer.start()
    committer.put(MAIL)
    begun.wait(10)
    given_up = committer.put(MAIL)
    given_up.cancel()
    go_on.set()
    committer.stop()

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(InboundMail)) == 1
