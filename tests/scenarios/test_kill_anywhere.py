"""Killed with SIGKILL at every point between taking a mail and its answer's way out, on both databases."""

import json
import smtplib
import threading
from collections import Counter

import pytest

from bot.storage import Storage
from mailer.tables import MailState
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.gate import closed_gate
from tests.scenarios.letters import QUESTIONS, ask, letter, send
from tests.scenarios.passing import digests, pass_through, recipients
from tests.scenarios.serving import Desk, until
from tests.servers.sink import At, Fault, Sink

pytestmark = pytest.mark.long

APPLICANT = "lab@example.org"


def unknown_recipients(desk: Desk) -> list[str]:
    """What the command lists for staff as neither sent nor unsent."""
    listed = desk.command("outbox", "list", "--state", "unknown", "--json")
    assert listed.returncode == 0, listed.stderr
    return [json.loads(line)["recipient"] for line in listed.stdout.splitlines()]


def test_kill_before_250_leaves_the_mail_with_its_sender(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    raw = letter(sender=APPLICANT, text=QUESTIONS[0])
    cut: list[BaseException] = []

    def try_to_send() -> None:
        try:
            send(desk.smtp_port, raw, sender=APPLICANT)
        except (smtplib.SMTPServerDisconnected, ConnectionResetError) as error:
            cut.append(error)

    desk = serve(migrated_url, "intake", sink=sink)
    with closed_gate(migrated_url, at="AFTER INSERT ON inbound_mail") as gate:
        client = threading.Thread(target=try_to_send)
        client.start()
        gate.wait_until_reached()
        desk.kill()
        client.join()
    assert cut
    assert not rows.stored(storage)
    desk = serve(migrated_url, sink=sink)
    send(desk.smtp_port, raw, sender=APPLICANT)  # as every mail server does after a cut
    marker = pass_through(desk, sink)

    assert rows.stored(storage) == digests([raw, marker])
    assert recipients(sink) == Counter({APPLICANT: 1})


def test_kill_after_250_before_the_worker(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    intake = serve(migrated_url, "intake", sink=sink)
    senders = [f"lab-{number}@example.org" for number in range(3)]
    asked = [
        ask(intake.smtp_port, sender=sender, text=text)
        for sender, text in zip(senders, QUESTIONS, strict=False)
    ]
    intake.kill()
    assert rows.stored(storage) == digests(asked)
    assert not rows.handled(storage)
    desk = serve(migrated_url, sink=sink)
    marker = pass_through(desk, sink)

    assert rows.stored(storage) == digests([*asked, marker])
    assert recipients(sink) == Counter(senders)


def test_kill_inside_the_worker_undoes_all_of_it(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, "intake", "worker", sink=sink)
    with closed_gate(migrated_url, at="AFTER INSERT ON outbox_mail") as gate:
        raw = ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
        gate.wait_until_reached()
        desk.kill()
    assert rows.stored(storage) == digests([raw])
    assert (rows.handled(storage), rows.inquiries(storage), rows.outbox(storage)) == ([], [], [])
    desk = serve(migrated_url, sink=sink)
    marker = pass_through(desk, sink)

    assert rows.stored(storage) == digests([raw, marker])
    assert len(rows.inquiries(storage)) == 2
    assert recipients(sink) == Counter({APPLICANT: 1})


def test_kill_after_the_outbox_commit(migrated_url: str, storage: Storage, sink: Sink, serve: Start) -> None:
    desk = serve(migrated_url, "intake", "worker", sink=sink)
    raw = ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    until(lambda: rows.states(storage), "the reply is in the outbox")
    desk.kill()
    assert rows.states(storage) == [MailState.QUEUED]
    desk = serve(migrated_url, sink=sink)
    marker = pass_through(desk, sink)

    assert rows.stored(storage) == digests([raw, marker])
    assert recipients(sink) == Counter({APPLICANT: 1})


def test_kill_after_the_claim(migrated_url: str, storage: Storage, sink: Sink, serve: Start) -> None:
    desk = serve(migrated_url, sink=sink)
    with closed_gate(migrated_url, at="AFTER INSERT ON attempt") as gate:
        raw = ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
        gate.wait_until_reached()
        desk.kill()
    assert rows.states(storage) == [MailState.CLAIMED]
    rows.let_leases_end(storage)
    desk = serve(migrated_url, sink=sink)
    marker = pass_through(desk, sink)

    assert rows.stored(storage) == digests([raw, marker])
    assert recipients(sink) == Counter({APPLICANT: 1})


def test_kill_in_flight_before_the_dot(migrated_url: str, storage: Storage, sink: Sink, serve: Start) -> None:
    desk = serve(migrated_url, sink=sink)
    sink.follow(Fault(at=At.DATA, delay_seconds=600))
    raw = ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    until(lambda: rows.states(storage) == [MailState.IN_FLIGHT], "the reply is in flight")
    sink.wait_for_connections(1)
    desk.kill()
    sink.follow()
    rows.let_leases_end(storage)
    desk = serve(migrated_url, sink=sink)
    marker = pass_through(desk, sink)

    # It did not go out, but nobody can see that from here: a person decides.
    assert rows.final_states(storage) == [MailState.UNKNOWN, MailState.SENT]
    assert unknown_recipients(desk) == [APPLICANT]
    assert rows.stored(storage) == digests([raw, marker])
    assert not recipients(sink)


def test_kill_in_flight_after_the_dot(migrated_url: str, storage: Storage, sink: Sink, serve: Start) -> None:
    desk = serve(migrated_url, sink=sink)
    with closed_gate(migrated_url, at="BEFORE UPDATE ON outbox_mail", when="NEW.state = 'sent'") as gate:
        raw = ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
        sink.wait_for(1)
        gate.wait_until_reached()
        desk.kill()
    assert rows.states(storage) == [MailState.IN_FLIGHT]
    rows.let_leases_end(storage)
    desk = serve(migrated_url, sink=sink)
    marker = pass_through(desk, sink)

    assert rows.final_states(storage) == [MailState.UNKNOWN, MailState.SENT]
    assert unknown_recipients(desk) == [APPLICANT]
    assert rows.stored(storage) == digests([raw, marker])
    assert recipients(sink) == Counter({APPLICANT: 1})
