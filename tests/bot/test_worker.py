"""Stored mails are worked off in order, whatever one of them does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from bot.caps import MAILS_PER_ADDRESS_A_DAY
from bot.clock import ContestClock
from bot.conversation import Handled
from bot.loop import Loop
from bot.storage import Storage, open_storage, upgrade
from bot.understanding import Understanding
from bot.worker import BATCH, TRIES, Worker
from tests.bot.office import DEADLINE, DESK, FORM, NOON, OTHER, OWNER, WORTH, Office, eml, put

PATIENCE = 20.0


def worker_of(office: Office, on_handled: Callable[[Handled], None] = lambda _handled: None) -> Worker:
    clock = ContestClock.starting_at(NOON)
    return Worker(office.storage, office.understanding, office.desk, clock, on_handled=on_handled)


def put_all(office: Office, *texts: str) -> list[int]:
    return [
        put(
            office.storage,
            eml(text, id=f"<{n}@example.org>", sender=f"lab{n}@example.org"),
            envelope_sender=f"lab{n}@example.org",
        )
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


def test_stop_finishes_the_mails_in_hand_and_takes_no_other(office: Office) -> None:
    put_all(office, *[DEADLINE, FORM, WORTH, OWNER] * (BATCH // 4), DEADLINE)
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

    assert (ended, 1 <= len(office.outbox()) <= BATCH) == (True, True)


@contextmanager
def transactions(storage: Storage) -> Iterator[list[str]]:
    """Notes each transaction that wrote a mark."""
    marks: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO handled_mail"):
            marks.append(statement)

    event.listen(storage.engine, "before_cursor_execute", note)
    yield marks
    event.remove(storage.engine, "before_cursor_execute", note)


def test_mails_of_several_people_are_settled_together(office: Office) -> None:
    numbers = put_all(office, DEADLINE, FORM, OTHER, WORTH)
    with transactions(office.storage) as marks:
        worker_of(office).work_off()

    assert len(marks) == 1
    assert [office.mark(number).verdict for number in numbers] == ["question"] * 4
    assert [row.recipient for row in office.to_applicants()] == [f"lab{n}@example.org" for n in range(4)]
    assert [row.inquiry for row in office.to_applicants()] == [
        office.mark(number).inquiry_id for number in numbers
    ]


def test_caps_hold_within_a_burst_of_one_person(office: Office) -> None:
    for n in range(MAILS_PER_ADDRESS_A_DAY + 2):
        raw = eml(DEADLINE, id=f"<{n}@example.org>", sender="lab@example.org")
        put(office.storage, raw, envelope_sender=f"{n}@bounces.example.org")
    worker_of(office).work_off()

    assert len(office.to_applicants()) == MAILS_PER_ADDRESS_A_DAY


def test_caps_hold_within_a_burst_whatever_the_letters_of_the_address(office: Office) -> None:
    for n in range(MAILS_PER_ADDRESS_A_DAY + 2):
        sender = "Lab@example.org" if n % 2 else "lab@example.org"
        put(
            office.storage,
            eml(DEADLINE, id=f"<{n}@example.org>", sender=sender),
            envelope_sender=f"{n}@a.test",
        )
    worker_of(office).work_off()

    assert len(office.to_applicants()) == MAILS_PER_ADDRESS_A_DAY


def test_replies_of_several_people_at_one_provider_are_settled_together(office: Office) -> None:
    put_all(office, DEADLINE, FORM, WORTH)
    worker_of(office).work_off()
    for n, ours in enumerate(office.to_applicants()):
        text = eml(
            OTHER,
            id=f"<again-{n}@example.org>",
            sender=f"lab{n}@example.org",
            subject="Re: 문의",
            answers=ours.message_id,
        )
        put(office.storage, text, envelope_sender=f"lab{n}@example.org")
    with transactions(office.storage) as marks:
        worker_of(office).work_off()

    assert len(marks) == 1
    assert [office.mark(number).inquiry_id for number in (4, 5, 6)] == [1, 2, 3]


def test_second_mail_of_a_burst_joins_what_the_first_opened(office: Office) -> None:
    first = put(office.storage, eml(DEADLINE, id="<a@example.org>"))
    second = put(office.storage, eml(FORM, id="<b@example.org>", answers="<a@example.org>"))
    worker_of(office).work_off()

    assert office.mark(second).inquiry_id == office.mark(first).inquiry_id


def test_same_mail_twice_in_a_burst_is_one_question(office: Office) -> None:
    raw = eml(DEADLINE, id="<a@example.org>")
    first = put(office.storage, raw, envelope_sender="lab@example.org")
    second = put(office.storage, raw, envelope_sender="forwarder@example.org")
    worker_of(office).work_off()

    assert [office.mark(number).verdict for number in (first, second)] == ["question", "duplicate"]
    assert len(office.to_applicants()) == 1


def test_mail_that_cannot_be_written_down_takes_no_other_with_it(
    small_storage: Storage, understanding: Understanding
) -> None:
    office = Office(storage=small_storage, understanding=understanding)
    with office.storage.write.begin() as session:
        session.execute(
            text(
                "CREATE TRIGGER poison BEFORE INSERT ON handled_mail WHEN NEW.from_address = 'lab1@example.org'"
                " BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
        )
    numbers = put_all(office, DEADLINE, FORM, WORTH)
    worker_of(office).work_off()

    assert [office.mark(number).verdict for number in numbers] == ["question", "unreadable", "question"]
    assert office.mark(numbers[1]).reason == "could not be processed: IntegrityError"


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
