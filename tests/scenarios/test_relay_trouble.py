"""The relay defers, refuses, is away or breaks off: each answer goes out once, or a person is told."""

import json
from functools import partial

import pytest

from bot.storage import Storage
from mailer.tables import MailState
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, ask
from tests.scenarios.passing import caught_for, pass_through, recipients, wait_for_mail
from tests.scenarios.serving import until
from tests.servers.free_port import free_port
from tests.servers.sink import At, Fault, Sink

# Each starts the desk as processes of its own, more than once.
pytestmark = pytest.mark.long

APPLICANT = "lab@example.org"


def test_deferred_answer_goes_out_once_later(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)
    sink.follow(Fault(at=At.DOT, reply="451 4.7.1 greylisted", times=1))
    ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    until(lambda: rows.states(storage) == [MailState.RETRY], "the answer is deferred")
    pass_through(desk, sink)
    assert not caught_for(sink, APPLICANT)  # the back-off is kept

    rows.let_back_off_end(storage)
    wait_for_mail(sink, APPLICANT)
    pass_through(desk, sink)

    assert rows.final_states(storage) == [MailState.SENT] * 3
    answer = rows.outbox(storage, key="reply:1")[0]
    assert (answer.state, answer.attempts) == (MailState.SENT, 2)
    assert len(caught_for(sink, APPLICANT)) == 1


def test_refused_answer_fails_with_its_reason_and_others_go_on(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)
    sink.follow(Fault(at=At.RCPT, recipient="gone@example.org", reply="550 5.1.1 no such user"))
    ask(desk.smtp_port, sender="gone@example.org", text=QUESTIONS[0])
    ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[1])
    wait_for_mail(sink, APPLICANT)

    listed = desk.command("outbox", "list", "--state", "failed", "--json").stdout.splitlines()
    assert [(row["recipient"], row["last_reply"]) for row in map(json.loads, listed)] == [
        ("gone@example.org", "550 5.1.1 no such user")
    ]
    assert rows.final_states(storage) == [MailState.FAILED, MailState.SENT]


@pytest.mark.parametrize("kept", [False, True], ids=["lost", "kept"])
def test_cut_after_the_dot_is_unknown_and_not_sent_again(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start, kept: bool
) -> None:
    desk = serve(migrated_url, sink=sink)
    sink.follow(Fault(at=At.DOT, cut=True, stored=kept, times=1))
    ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    until(lambda: rows.states(storage) == [MailState.UNKNOWN], "the answer is unknown")
    rows.let_leases_end(storage)
    rows.let_back_off_end(storage)
    pass_through(desk, sink)

    assert rows.final_states(storage) == [MailState.UNKNOWN, MailState.SENT]
    assert len(caught_for(sink, APPLICANT)) == int(kept)


def test_person_resends_an_unknown_answer_as_the_same_mail(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    sink.follow(Fault(at=At.DOT, cut=True, stored=True, times=1))
    ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    until(lambda: rows.states(migrated_sqlite) == [MailState.UNKNOWN], "the answer is unknown")

    assert desk.command("outbox", "resend", "1").returncode == 0
    first, again = wait_for_mail(sink, APPLICANT, 2)

    assert first.raw == again.raw


def test_relay_away_at_the_start_gets_every_answer_once_when_it_is_back(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    sink.stop()
    desk = serve(migrated_url, sink=sink)
    senders = [f"lab-{number}@example.org" for number in range(4)]
    for sender, text in zip(senders, QUESTIONS, strict=False):
        ask(desk.smtp_port, sender=sender, text=text)
    until(lambda: len(rows.states(storage)) == len(senders), "the answers are in the outbox")
    until(lambda: MailState.RETRY in rows.states(storage), "the relay was found to be away")
    sink.start()

    def has_come(sender: str) -> bool:
        rows.let_back_off_end(storage)
        return bool(caught_for(sink, sender))

    for sender in senders:
        until(partial(has_come, sender), f"the answer to {sender}")
    pass_through(desk, sink)

    assert recipients(sink) == dict.fromkeys(senders, 1)
    assert set(rows.final_states(storage)) == {MailState.SENT}


def test_nobody_listens_where_the_relay_should_be(
    sqlite_url: str, migrated_sqlite: Storage, serve: Start
) -> None:
    desk = serve(sqlite_url, SMTP_RELAY_URL=f"smtp://127.0.0.1:{free_port()}")
    ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    until(lambda: rows.states(migrated_sqlite) == [MailState.RETRY], "the answer waits for the relay")

    code, seconds = desk.terminate()

    assert (code, seconds < 10) == (0, True)
    assert rows.states(migrated_sqlite) == [MailState.RETRY]
