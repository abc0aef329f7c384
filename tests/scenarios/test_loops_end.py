"""Whatever answers the desk, the exchange ends: another desk, a robot in one thread, a robot with many."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.storage import Storage, open_storage
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import FOR_STAFF, QUESTIONS, ask, letter, send
from tests.scenarios.passing import caught_for, pass_through, wait_for_mail
from tests.scenarios.serving import STAFF, Desk
from tests.servers.free_port import free_port
from tests.servers.sink import Sink

ROBOT = "robot@example.org"


@pytest.mark.long
@pytest.mark.parametrize("text", [QUESTIONS[0], FOR_STAFF], ids=["answered", "waits"])
def test_two_desks_write_at_most_two_mails(
    tmp_path: Path, migrated_file: Path, serve: Start, text: str
) -> None:
    files = {name: tmp_path / f"{name}.sqlite" for name in ("a", "b")}
    for file in files.values():
        shutil.copyfile(migrated_file, file)
    ports = {"a": free_port(), "b": free_port()}

    def start(name: str, other: str) -> Desk:
        return serve(
            f"sqlite:///{files[name]}",
            SMTP_LISTEN=f"127.0.0.1:{ports[name]}",
            SMTP_RELAY_URL=f"smtp://127.0.0.1:{ports[other]}",
            CONTEST_ADDRESS=f"contest@{name}.test",
            MAIL_DOMAIN=f"{name}.test",
            SECRET_KEY=f"secret of {name}",
            STAFF_ADDRESS="",
            MAIL_ALLOW_LIST="@a.test,@b.test",
        )

    desks = [start("a", "b"), start("b", "a")]
    storages = [open_storage(f"sqlite:///{file}") for file in files.values()]
    # Somebody forges the other desk's address on a question: the one spark such an exchange needs.
    spark = letter(sender="contest@b.test", text=text).replace(b"contest@contest.test", b"contest@a.test")
    send(desks[0].smtp_port, spark, sender="contest@b.test", recipient="contest@a.test")
    rows.wait_until_handled(storages[0], 1)
    heard = rows.wait_until_handled(storages[1], 1)
    rows.wait_until_handled(storages[0], len(rows.stored(storages[0])))
    mails = [len(rows.outbox(storage)) for storage in storages]
    for storage in storages:
        storage.close()

    assert mails == [1, 0]
    assert [mark.verdict for mark in heard] == ["auto_reply"]


def converse(desk: Desk, sink: Sink, write: Callable[[int, bytes | None], bytes]) -> int:
    """Play a robot that answers each mail it gets, then insists three times; returns how many it got."""
    send(desk.smtp_port, write(0, None), sender=ROBOT)
    got = 0
    for number in range(1, 20):
        pass_through(desk, sink)
        caught = caught_for(sink, ROBOT)
        if len(caught) == got:
            break
        got = len(caught)
        send(desk.smtp_port, write(number, caught[-1].raw), sender=ROBOT)
    newest = caught_for(sink, ROBOT)[-1].raw
    for number in range(20, 23):
        send(desk.smtp_port, write(number, newest), sender=ROBOT)
    pass_through(desk, sink)
    return len(caught_for(sink, ROBOT))


@pytest.mark.long
def test_robot_in_one_thread_gets_three_mails_and_staff_one_notice(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)

    def write(number: int, got: bytes | None) -> bytes:
        message = None if got is None else caught_for(sink, ROBOT)[-1].message
        return letter(sender=ROBOT, text=QUESTIONS[number % len(QUESTIONS)], answers=message)

    assert converse(desk, sink, write) == 3
    assert len(rows.outbox(storage, key="withheld:%")) == 1
    assert len(wait_for_mail(sink, STAFF)) == 1
    assert {row.inquiry for row in rows.outbox(storage, key="reply:%") if row.recipient == ROBOT} == {1}


@pytest.mark.long
def test_robot_with_a_new_thread_each_time_gets_five_mails_a_day_and_staff_one_notice(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)

    def write(number: int, _got: bytes | None) -> bytes:
        return letter(sender=ROBOT, text=QUESTIONS[number % len(QUESTIONS)], subject=f"No. {number}")

    assert converse(desk, sink, write) == 5
    assert len(rows.outbox(storage, key="withheld:%")) == 1
    assert len(wait_for_mail(sink, STAFF)) == 1


@pytest.mark.long
def test_robot_that_echoes_our_own_mail_is_not_answered(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)
    ask(desk.smtp_port, sender=ROBOT, text=QUESTIONS[0])
    [answer] = wait_for_mail(sink, ROBOT)

    # Sent back as it is, from the address that it was sent to.
    send(desk.smtp_port, answer.raw, sender=ROBOT)
    pass_through(desk, sink)

    assert rows.handled(storage)[1].verdict == "own"
    assert len(caught_for(sink, ROBOT)) == 1
