"""Whatever answers the desk, the exchange ends: another desk, a robot in one thread, a robot with many."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.storage import Storage
from tests.scenarios import rows, two_desks
from tests.scenarios.conftest import Start
from tests.scenarios.letters import FOR_STAFF, QUESTIONS, ask, letter, send
from tests.scenarios.passing import caught_for, pass_through, wait_for_mail
from tests.scenarios.serving import STAFF, Desk
from tests.servers.sink import Sink

ROBOT = "robot@example.org"


@pytest.mark.long
@pytest.mark.parametrize("text", [QUESTIONS[0], FOR_STAFF], ids=["answered", "waits"])
def test_two_desks_write_at_most_two_mails(
    tmp_path: Path, migrated_file: Path, serve: Start, text: str
) -> None:
    talk = two_desks.talk(tmp_path, migrated_file, serve, text, staff_of=lambda _other: "")

    assert talk.mails == [1, 0]
    assert [mark.verdict for mark in talk.heard] == ["auto_reply"]


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
