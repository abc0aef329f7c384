"""Mails to one person leave in their order, whatever happens to the first and whoever sends."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session, sessionmaker

from mailer import deliver, sending
from mailer.ledger import Ledger
from mailer.relay import Deferred, Delivered, Outcome, Outgoing
from mailer.tables import Channel, MailState
from tests.mailer.letters import NOON, REAL, Scripted, claim, hello, queue, states

Sessions = sessionmaker[Session]
MINUTE = timedelta(minutes=1)


def test_claim_passes_over_a_person_whose_earlier_mail_is_held(sessions: Sessions) -> None:
    queue(sessions, hello(to="a@example.org"), hello(to="a@example.org"), hello(to="b@example.org"))

    first = claim(sessions, limit=1)
    second = claim(sessions)

    assert [mail.id for mail in first] == [1]
    assert [mail.id for mail in second] == [3]


def test_claim_gives_one_sender_all_mails_to_a_person_in_order(sessions: Sessions) -> None:
    queue(sessions, *[hello(to="a@example.org") for _ in range(3)])

    assert [mail.id for mail in claim(sessions)] == [1, 2, 3]


def test_claim_passes_over_a_person_whose_earlier_mail_waits_for_its_next_try(sessions: Sessions) -> None:
    queue(sessions, hello())
    (first,) = claim(sessions)
    with sessions.begin() as session:
        sending.begin(session, first, real_now=REAL)
        sending.retry_later(session, first, 451, "4.2.0 later", real_now=REAL)
    queue(sessions, hello())

    assert claim(sessions, real_now=REAL) == []
    assert [mail.id for mail in claim(sessions, real_now=REAL + 5 * MINUTE)] == [1, 2]


def test_claim_is_not_held_up_by_a_mail_that_waits_for_its_hour(sessions: Sessions) -> None:
    queue(sessions, hello(not_before=NOON + timedelta(days=7)), hello())

    assert [mail.id for mail in claim(sessions)] == [2]


def test_claim_is_not_held_up_by_a_mail_that_a_person_must_settle(sessions: Sessions) -> None:
    queue(sessions, hello())
    (first,) = claim(sessions)
    with sessions.begin() as session:
        sending.begin(session, first, real_now=REAL)
        sending.park(session, first, "cut", real_now=REAL)
    queue(sessions, hello())

    assert [mail.id for mail in claim(sessions)] == [2]


def test_deferred_mail_holds_up_what_was_claimed_with_it(sessions: Sessions, relay: Scripted) -> None:
    queue(sessions, hello(to="a@example.org"), hello(to="b@example.org"), hello(to="a@example.org"))
    relay.answer = lambda mail: (
        Deferred(code=451, text="4.2.0 later") if mail.id == 1 else Delivered(reply="250")
    )

    tally = deliver.deliver_due(
        Ledger(sessions), relay, Channel.MAIL, limit=10, now=NOON, real_now=lambda: REAL
    )

    assert (tally.sent, tally.deferred, tally.released) == (1, 1, 1)
    assert states(sessions) == [MailState.RETRY, MailState.SENT, MailState.QUEUED]


def test_senders_at_the_same_time_keep_each_persons_order(sessions: Sessions) -> None:
    people = [f"lab-{number}@example.org" for number in range(5)]
    queue(sessions, *[hello(to=person) for _ in range(8) for person in people])
    went: dict[str, list[int]] = {person: [] for person in people}
    ready = threading.Barrier(4)

    class Wire:
        """Takes each third mail at the second try."""

        def send(self, mail: Outgoing) -> Outcome:
            if mail.id % 3 == 0 and mail.id not in refused:
                refused.add(mail.id)
                return Deferred(code=451, text="4.2.0 later")
            went[mail.recipient].append(mail.id)
            return Delivered(reply="250")

        def doctor(self) -> str:
            return ""

        def close(self) -> None:
            """Nothing is open."""

    refused: set[int] = set()

    def sender() -> None:
        ready.wait()
        for later in range(12):
            at = REAL + later * 5 * MINUTE
            while deliver.deliver_due(
                Ledger(sessions),
                Wire(),
                Channel.MAIL,
                limit=3,
                now=NOON,
                real_now=partial(datetime.fromtimestamp, at.timestamp(), UTC),
            ).claimed:
                pass

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused
    assert went == {person: sorted(set(ids)) for person, ids in went.items()}
    assert states(sessions) == [MailState.SENT] * 40
