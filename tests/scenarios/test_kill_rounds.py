"""Fifty times killed with SIGKILL at random points under load: nothing lost, nothing twice, on both databases.

The roles are processes of their own; in each round one of them dies in the middle of whatever it does
and is started again, while mails keep coming and their sender tries again as mail servers do.
"""

import json
import random
import smtplib
import threading

import pytest

from bot.storage import Storage
from mailer.tables import MailState
from tests.scenarios import rows, waiting
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, letter, send
from tests.scenarios.passing import digests, recipients
from tests.scenarios.serving import Desk, until
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

ROUNDS = 50
SEED = 20201120
CONNECTIONS = 2
#: More would only make the test longer: each round finds some twenty mails on their way.
MOST_MAILS = 900
#: Rounds by role; the worker takes longest to start, as it reads the phrasings.
ROLES = ("intake",) * 20 + ("sender",) * 22 + ("worker",) * 8


class Load:
    """Somebody's mail server: each mail is tried until it was taken."""

    def __init__(self, port: int) -> None:
        self.port = port
        #: Addresses of senders whose mail was taken, and what they wrote.
        self.taken: dict[str, bytes] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Bring the mail in hand to its end, write no other."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set() and number < MOST_MAILS:
            sender = f"lab-{number}@example.org"
            raw = letter(sender=sender, text=QUESTIONS[number % len(QUESTIONS)])
            while not self._try(raw, sender):
                threading.Event().wait(0.05)
            self.taken[sender] = raw
            number += 1
            self._stop.wait(0.02)

    def _try(self, raw: bytes, sender: str) -> bool:
        try:
            send(self.port, raw, sender=sender)
        except (OSError, smtplib.SMTPException):
            return False
        return True


def test_fifty_rounds_of_kill_under_load(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    chance = random.Random(SEED)
    desks: dict[str, Desk] = {
        "intake": serve(migrated_url, "intake", sink=sink),
        "worker": serve(migrated_url, "worker", sink=sink),
        "sender": serve(migrated_url, "sender", "clock", sink=sink, SENDERS=str(CONNECTIONS)),
    }
    # It is to come back where its peers look for it.
    port = desks["intake"].smtp_port
    desks["intake"].variables = {**desks["intake"].variables, "CONTESTDESK_SMTP_LISTEN": f"127.0.0.1:{port}"}
    load = Load(port)
    load.start()
    order = list(ROLES)
    chance.shuffle(order)
    try:
        for role in order:
            threading.Event().wait(chance.uniform(0.0, 0.4))
            desks[role].kill()
            if role == "sender":
                rows.let_leases_end(storage)
            desks[role].start()
    finally:
        load.stop()
    senders = list(load.taken)
    until(
        lambda: {row.from_address for row in rows.handled(storage)} >= set(senders),
        "all is handled",
        timeout=240,
    )
    rows.let_leases_end(storage)
    desks["sender"].kill()
    desks["sender"].start()
    waiting.wait_until_settled(storage)

    # Stored once: what came twice, as its 250 was lost, was seen to be the same mail.
    marks = [mark for mark in rows.handled(storage) if mark.verdict != "duplicate"]
    assert sorted(mark.from_address or "" for mark in marks) == sorted(senders)
    assert set(rows.stored(storage)) == set(digests(load.taken.values()))
    assert len(rows.inquiries(storage)) == len(senders)
    # Answered once, or unknown and listed.
    unknown = waiting.in_state(storage, MailState.UNKNOWN)
    listed = desks["sender"].command("outbox", "list", "--state", "unknown", "--json").stdout.splitlines()
    got = recipients(sink)
    assert [json.loads(line)["recipient"] for line in listed] == unknown
    assert sorted(waiting.in_state(storage, MailState.SENT) + unknown) == sorted(senders)
    assert set(senders) - set(got) <= set(unknown)
    assert max(got.values()) == 1
    assert len(unknown) <= CONNECTIONS * (ROLES.count("sender") + 1)
