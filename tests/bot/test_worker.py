"""Stored mails are worked off in order, whatever one of them does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.clock import ContestClock
from bot.conversation import Handled
from bot.loop import Loop
from bot.storage import open_storage, upgrade
from bot.understanding import Understanding
from bot.worker import TRIES, Worker
from tests.bot.office import DEADLINE, DESK, FORM, NOON, OWNER, WORTH, Office, eml, put

PATIENCE = 20.0


def worker_of(office: Office, on_handled: Callable[[Handled], None] = lambda _handled: None) -> Worker:
    clock = ContestClock.starting_at(NOON)
    return Worker(office.storage, office.understanding, office.desk, clock, on_handled=on_handled)


def put_all(office: Office, *texts: str) -> list[int]:
    return [
        put(office.storage, eml(text, id=f"<{n}@example.org>", sender=f"lab{n}@example.org"))
        for n, text in enumerate(texts)
    ]


def put_broken(office: Office) -> int:
    """A row whose recipients are no addresses: reading it raises each time."""
    return put(office.storage, eml(FORM, id="<broken@example.org>"), recipients=[None])


def test_mails_are_worked_off_in_the_order_they_came(office: Office) -> None:
    numbers = put_all(office, DEADLINE, FORM, WORTH)
    seen: list[int] = []
    done = worker_of(office, lambda handled: seen.append(handled.inbound_id)).work_off()

    assert (done, seen) == (3, numbers)


def test_worker_with_nothing_to_do_does_nothing(office: Office) -> None:
    assert worker_of(office).work_off() == 0


def test_mail_is_worked_off_once(office: Office) -> None:
    put_all(office, DEADLINE)
    done = [worker_of(office).work_off() for _ in range(2)]

    assert (done, len(office.outbox())) == ([1, 0], 1)


def test_mail_that_always_fails_is_laid_aside_and_the_next_is_answered(office: Office) -> None:
    broken = put_broken(office)
    (good,) = put_all(office, DEADLINE)
    seen: list[tuple[int, str]] = []
    worker_of(office, lambda one: seen.append((one.inbound_id, one.ruling.verdict))).work_off()
    mark = office.mark(broken)

    assert seen == [(good, "question"), (broken, "unreadable")]
    assert (mark.rule, mark.reason) == ("failed", "could not be processed: AttributeError")
    assert [row.key for row in office.notices()] == [f"unreadable:{broken}"]


def test_mail_that_fails_is_tried_again_before_it_is_laid_aside(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    put_broken(office)
    worker_of(office).work_off()

    assert capsys.readouterr().out.count("worker.mail_failed") == TRIES


def test_fault_of_the_database_lays_no_mail_aside(tmp_path: Path, understanding: Understanding) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    upgrade(storage)
    office = Office(storage=storage, understanding=understanding)
    (number,) = put_all(office, DEADLINE)
    worker = worker_of(office)
    with storage.write.begin() as session:
        session.execute(text("ALTER TABLE handled_mail RENAME TO away"))
    faults = 0
    for _ in range(TRIES + 1):
        try:
            worker.work_off()
        except OperationalError:
            faults += 1
    with storage.write.begin() as session:
        session.execute(text("ALTER TABLE away RENAME TO handled_mail"))
    done = worker.work_off()
    verdict = office.mark(number).verdict
    storage.close()

    assert (faults, done, verdict) == (TRIES + 1, 1, "question")


def test_stop_finishes_the_mail_in_hand_and_takes_no_other(office: Office) -> None:
    put_all(office, DEADLINE, FORM, WORTH, OWNER)
    in_hand = threading.Event()
    go_on = threading.Event()

    def hold(_handled: Handled) -> None:
        in_hand.set()
        go_on.wait(PATIENCE)

    worker = worker_of(office, hold)
    worker.loop.start()
    assert in_hand.wait(PATIENCE)
    worker.loop.ask_to_stop()
    go_on.set()
    ended = worker.loop.join(timedelta(seconds=PATIENCE))

    assert (ended, len(office.outbox())) == (True, 1)


def test_stored_mail_is_answered_when_the_worker_is_woken(office: Office) -> None:
    answered = threading.Event()
    worker = worker_of(office, lambda _handled: answered.set())
    worker.loop.start()
    put_all(office, DEADLINE)
    worker.loop.wake()
    came = answered.wait(PATIENCE)
    worker.loop.ask_to_stop()
    worker.loop.join(timedelta(seconds=PATIENCE))

    assert came


def test_two_workers_share_the_mails(server_office: Office) -> None:
    numbers = put_all(server_office, *[DEADLINE, FORM] * 5)
    seen: list[int] = []
    workers = [worker_of(server_office, lambda one: seen.append(one.inbound_id)) for _ in range(2)]
    threads = [threading.Thread(target=worker.work_off) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sorted(seen), len(server_office.outbox())) == (numbers, 10)


def test_loop_survives_a_round_that_fails() -> None:
    second = threading.Event()
    rounds: list[int] = []

    def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise RuntimeError("the first round fails")
        second.set()

    loop = Loop("test", work)
    loop.start()
    loop.wake()
    came = second.wait(PATIENCE)
    loop.ask_to_stop()

    assert (came, loop.join(timedelta(seconds=PATIENCE))) == (True, True)


def test_loop_says_when_it_does_not_end_in_time() -> None:
    go_on = threading.Event()
    loop = Loop("test", lambda: go_on.wait(PATIENCE))
    loop.start()
    loop.ask_to_stop()
    in_time = loop.join(timedelta(milliseconds=1))
    go_on.set()

    assert (in_time, loop.join(timedelta(seconds=PATIENCE))) == (False, True)


def test_loop_that_never_began_has_ended() -> None:
    assert Loop("test", lambda: None).join(timedelta(seconds=1))


def test_desk_of_the_tests_takes_its_own_mail() -> None:
    addresses = (
        "contest@contest.test",
        "CONTEST+x@contest.test",
        "inquiry+1.x@contest.test",
        "bounces+1.x@contest.test",
        "Postmaster@contest.test",
        "other@contest.test",
        "contest@example.org",
        "contest",
    )

    assert [DESK.accepts(address) for address in addresses] == [True] * 5 + [False] * 3
