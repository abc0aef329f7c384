"""The roles as processes of their own, with nothing between them but the database."""

import pytest

from bot.storage import Storage
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, ask
from tests.scenarios.passing import recipients, wait_for_mail
from tests.servers.sink import Sink

pytestmark = pytest.mark.long


def test_mail_goes_in_at_one_process_and_out_at_another(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    intake = serve(migrated_url, "intake", sink=sink)
    worker = serve(migrated_url, "worker", sink=sink)
    sender = serve(migrated_url, "sender", sink=sink)

    ask(intake.smtp_port, sender="lab@example.org", text=QUESTIONS[0])
    [answer] = wait_for_mail(sink, "lab@example.org")

    assert (worker.smtp_port, sender.smtp_port) == (0, 0)
    assert answer.message["Auto-Submitted"] == "auto-replied"


def test_two_workers_and_two_senders_answer_each_mail_once(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    intake = serve(migrated_url, "intake", sink=sink)
    senders = [f"lab-{number}@example.org" for number in range(30)]
    for number, sender in enumerate(senders):
        ask(intake.smtp_port, sender=sender, text=QUESTIONS[number % len(QUESTIONS)])
    for _ in range(2):
        serve(migrated_url, "worker", "sender", sink=sink)
    rows.wait_until_handled(storage, len(senders))

    assert recipients(sink) == dict.fromkeys(senders, 1)
    assert len(rows.inquiries(storage)) == len(senders)
