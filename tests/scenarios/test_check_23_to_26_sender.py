"""Checks 23 to 26: one refusal, a cut after the final dot, a killed sender, two senders on one database."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bot.storage import Storage
from mailer.tables import MailState
from tests.scenarios import rows, waiting
from tests.scenarios.conftest import Start
from tests.scenarios.gate import closed_gate
from tests.scenarios.passing import recipients
from tests.scenarios.serving import Desk, until
from tests.servers.sink import At, Fault, Sink

pytestmark = pytest.mark.long


def people(count: int) -> list[str]:
    return [f"lab-{number}@example.org" for number in range(count)]


def listed(desk: Desk, state: MailState) -> list[tuple[str, str]]:
    """What the command lists in this state: recipients and what is known."""
    told = desk.command("outbox", "list", "--state", state, "--json")
    assert told.returncode == 0, told.stderr
    return [(row["recipient"], row["last_reply"]) for row in map(json.loads, told.stdout.splitlines())]


def test_check_23_one_refusal_among_500(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    waiting.fill(storage, people(500))
    sink.follow(Fault(at=At.RCPT, recipient="lab-250@example.org", reply="550 5.1.1 no such user"))
    desk = serve(migrated_url, "sender", sink=sink, SENDERS="2")
    waiting.wait_until_settled(storage)

    assert waiting.by_state(storage) == {MailState.SENT: 499, MailState.FAILED: 1}
    assert listed(desk, MailState.FAILED) == [("lab-250@example.org", "550 5.1.1 no such user")]
    assert recipients(sink) == Counter(set(people(500)) - {"lab-250@example.org"})


def test_check_24_relay_log_settles_a_mail_that_was_cut_after_the_dot(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start, tmp_path: Path
) -> None:
    waiting.fill(storage, people(2))
    sink.follow(Fault(at=At.DOT, recipient="lab-0@example.org", cut=True, stored=True))
    desk = serve(migrated_url, "sender", "clock", sink=sink)
    waiting.wait_until_settled(storage)
    assert waiting.in_state(storage, MailState.UNKNOWN) == ["lab-0@example.org"]
    message_id = rows.outbox(storage)[0].message_id
    log = tmp_path / "mail.log"
    named = f"Nov 22 03:00:01 mx postfix/cleanup[101]: 4F2ABC9D01: message-id={message_id}\n"
    queued = "Nov 22 03:00:01 mx postfix/qmgr[90]: 4F2ABC9D01: from=<x@contest.test>, size=9, nrcpt=1 (queue active)"

    log.write_text(named)
    told_nothing = desk.command("outbox", "evidence", "--log", str(log))
    still = waiting.in_state(storage, MailState.UNKNOWN)
    log.write_text(named + queued + "\n")
    told = desk.command("outbox", "evidence", "--log", str(log), "--json")
    shown = json.loads(desk.command("outbox", "show", "1", "--json").stdout)

    assert (told_nothing.stdout, still) == ("0 settled, 1 still unknown\n", ["lab-0@example.org"])
    assert json.loads(told.stdout) == {"id": 1, "state": "sent", "evidence": queued}
    assert (shown["state"], shown["evidence"]) == ("sent", queued)
    assert recipients(sink) == Counter(people(2))  # nothing was sent again


#: Where the sender is killed, one after the other: a row is just being changed, or the relay holds it up.
GATES = ("claimed", "in_flight", "sent", "retry", "failed", "unknown")
STAGES = (At.DATA, At.DOT)
FAULTS = {
    "retry": Fault(at=At.RCPT, reply="451 4.2.0 later", times=1),
    "failed": Fault(at=At.RCPT, reply="550 5.1.1 no such user", times=1),
    "unknown": Fault(at=At.DOT, cut=True, times=1),
}
ANSWERS = 1000
CONNECTIONS = 2


def test_check_25_sender_killed_at_each_change_of_state(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    waiting.fill(storage, people(ANSWERS))
    desk = None

    def start() -> Desk:
        rows.let_leases_end(storage)
        rows.let_back_off_end(storage)
        waiting.let_trouble_end(storage)
        return serve(migrated_url, "sender", "clock", sink=sink, SENDERS=str(CONNECTIONS))

    for number, state in enumerate(GATES):
        sink.follow(*([FAULTS[state]] if state in FAULTS else []))
        # A fault strikes the next mail; the other changes come with every mail, so some are let pass.
        past = 0 if state in FAULTS else number * 80
        with closed_gate(
            migrated_url,
            at="BEFORE UPDATE ON outbox_mail",
            # The sweep at the start calls its finds unknown as well; here the sender itself is meant.
            when=f"NEW.state = '{state}' AND OLD.state <> NEW.state AND NEW.id > {past}"
            " AND coalesce(NEW.last_reply, '') <> 'crash in flight'",
        ) as gate:
            desk = start()
            gate.wait_until_reached()
            desk.kill()
    for stage in STAGES:
        sink.follow(Fault(at=stage, delay_seconds=600, times=CONNECTIONS))
        already = waiting.by_state(storage)[MailState.IN_FLIGHT]
        desk = start()
        until(
            lambda: waiting.by_state(storage)[MailState.IN_FLIGHT] >= CONNECTIONS,
            f"held up at {stage}, {already} before",
        )
        desk.kill()
    sink.follow()
    desk = start()
    waiting.wait_until_settled(storage)

    kills = len(GATES) + len(STAGES)
    states = waiting.by_state(storage)
    unknown = waiting.in_state(storage, MailState.UNKNOWN)
    got = recipients(sink)
    assert set(states) <= {MailState.SENT, MailState.UNKNOWN, MailState.FAILED}
    assert states.total() == ANSWERS
    assert states[MailState.FAILED] <= 1
    assert len(unknown) <= CONNECTIONS * kills
    assert sorted(recipient for recipient, _ in listed(desk, MailState.UNKNOWN)) == sorted(unknown)
    assert max(got.values()) == 1
    assert set(waiting.in_state(storage, MailState.SENT)) <= set(got)
    assert set(got) <= set(people(ANSWERS)) - set(waiting.in_state(storage, MailState.FAILED))


def test_check_26_two_senders_on_one_database(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    waiting.fill(storage, people(100) * 4)
    first = serve(migrated_url, "sender", sink=sink, SENDERS="2")
    second = serve(migrated_url, "sender", "clock", sink=sink, SENDERS="2")
    waiting.wait_until_settled(storage)

    assert waiting.by_state(storage) == {MailState.SENT: 400}
    assert recipients(sink) == dict.fromkeys(people(100), 4)
    ids = {row.message_id: row.id for row in rows.outbox(storage)}
    order: dict[str, list[int]] = {}
    for mail in sink.messages():
        order.setdefault(mail.recipients[0], []).append(ids[str(mail.message["Message-ID"])])
    assert all(numbers == sorted(set(numbers)) for numbers in order.values())
    assert (first.terminate()[0], second.terminate()[0]) == (0, 0)


def test_kill_after_the_final_dot_before_250(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    waiting.fill(storage, people(1))
    sink.follow(Fault(at=At.DOT, delay_seconds=600, times=1))
    desk = serve(migrated_url, "sender", "clock", sink=sink)
    until(lambda: waiting.by_state(storage)[MailState.IN_FLIGHT], "the mail is in flight")
    sink.wait_for_connections(1)
    desk.kill()
    rows.let_leases_end(storage)
    desk = serve(migrated_url, "sender", "clock", sink=sink)
    waiting.wait_until_settled(storage)

    assert listed(desk, MailState.UNKNOWN) == [("lab-0@example.org", "crash in flight")]
    assert not recipients(sink)
