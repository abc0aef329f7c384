"""Entries of many threads are written together, each once, and none takes another with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from mailer.ledger import Ledger
from mailer.tables import Suppression
from tests.mailer.letters import NOON

Sessions = sessionmaker[Session]
THREADS = 12


def closed(address: str) -> Callable[[Session], str]:
    """An entry that closes an address; one that is closed already breaks the transaction."""

    def write(session: Session) -> str:
        session.add(Suppression(address=address, reason="5.1.1", since=NOON))
        session.flush()
        return address

    return write


def write_at_once(ledger: Ledger, addresses: list[str]) -> list[str]:
    """Each in a thread of its own; what each got, an exception by its name."""
    ready = threading.Barrier(len(addresses))
    got = [""] * len(addresses)

    def one(number: int) -> None:
        ready.wait()
        try:
            got[number] = ledger.write(closed(addresses[number]))
        except Exception as error:
            got[number] = type(error).__name__

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(addresses))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def rows(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return sorted(row.address for row in session.query(Suppression))


def test_each_entry_is_written_once_and_answered(sessions: Sessions) -> None:
    addresses = [f"{number:02}@example.org" for number in range(THREADS)]

    assert write_at_once(Ledger(sessions), addresses) == addresses
    assert rows(sessions) == addresses


def test_entry_that_fails_takes_no_other_with_it(sessions: Sessions) -> None:
    with sessions.begin() as session:
        closed("07@example.org")(session)
    addresses = [f"{number:02}@example.org" for number in range(THREADS)]
    got = write_at_once(Ledger(sessions), addresses)

    assert got == [*addresses[:7], "IntegrityError", *addresses[8:]]
    assert rows(sessions) == addresses


def test_entries_that_come_while_another_is_written_share_a_transaction(sessions: Sessions) -> None:
    ledger = Ledger(sessions)
    engine = sessions.kw["bind"]
    first_is_in, go_on = threading.Event(), threading.Event()
    commits: list[Any] = []

    def note(connection: Any) -> None:
        commits.append(connection)

    event.listen(engine, "commit", note)

    def first(_session: Session) -> None:
        first_is_in.set()
        go_on.wait(20)

    writer = threading.Thread(target=lambda: ledger.write(first))
    writer.start()
    first_is_in.wait(20)
    others = [
        threading.Thread(target=ledger.write, args=(closed(f"{number}@example.org"),)) for number in range(5)
    ]
    for other in others:
        other.start()
    while len(ledger._waiting) < len(others):  # no event tells that they stand in the queue
        threading.Event().wait(0.001)
    go_on.set()
    for thread in (writer, *others):
        thread.join()
    event.remove(engine, "commit", note)

    assert (len(commits), len(rows(sessions))) == (2, 5)


def test_nothing_is_told_before_it_is_on_disk(sessions: Sessions) -> None:
    engine = sessions.kw["bind"]

    def full(_connection: Any) -> None:
        raise OSError("the disk is full")

    event.listen(engine, "commit", full)
    got = write_at_once(Ledger(sessions), ["a@example.org", "b@example.org"])
    event.remove(engine, "commit", full)

    assert (got, rows(sessions)) == (["OSError", "OSError"], [])


def test_entry_that_raises_is_told(sessions: Sessions) -> None:
    def wrong(session: Session) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        Ledger(sessions).write(wrong)
