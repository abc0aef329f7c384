from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from bot import storage
from mailer import claiming, outbox, sending, token
from mailer import states as states_of
from mailer.base import Base
from mailer.errors import ComposeError, IllegalTransition, NoSuchMail
from mailer.tables import Channel, MailKind, MailState, Suppression
from tests.mailer.letters import IDENTITY, NOON, REAL, begun, claim, hello, queue, states

Sessions = sessionmaker[Session]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def test_enqueue_accepts_an_event_once(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first = outbox.enqueue(session, hello(), key="answer:7", identity=IDENTITY, now=NOON)
        second = outbox.enqueue(session, hello(), key="answer:7", identity=IDENTITY, now=NOON)

    assert (first is None, second) == (False, None)
    assert states(sessions) == [MailState.QUEUED]


def test_enqueue_stores_the_message_and_its_names(sessions: Sessions) -> None:
    (mail_id,) = queue(sessions, hello(to="Lab@Example.ORG"))

    with sessions.begin() as session:
        mail = outbox.show(session, mail_id)
        assert mail.recipient == "lab@example.org"
        assert mail.message_id == token.message_id(mail_id, IDENTITY.secret, IDENTITY.domain)
        assert mail.envelope_sender == f"{token.sign('bounces', mail_id, IDENTITY.secret)}@desk.test"
        assert mail.body is not None
        assert f"Message-ID: {mail.message_id}\r\n".encode() in mail.body
        assert mail.created_at == NOON


def test_enqueue_leaves_nothing_of_a_mail_that_cannot_be_written(sessions: Sessions) -> None:
    with sessions.begin() as session:
        with pytest.raises(ComposeError):
            outbox.enqueue(session, hello(to="no address"), key="answer:1", identity=IDENTITY, now=NOON)
        # The caller goes on in the same transaction, to tell staff.
        told = outbox.enqueue(session, hello(to="staff@example.org"), key="n:1", identity=IDENTITY, now=NOON)

    with sessions.begin() as session:
        assert [mail.id for mail in outbox.listing(session)] == [told]


def test_enqueue_cancels_what_a_suppressed_recipient_would_get(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.add(Suppression(address="lab@example.org", reason="5.1.1 no such user", since=NOON))
    (mail_id,) = queue(sessions, hello(to="LAB@example.org"))

    with sessions.begin() as session:
        mail = outbox.show(session, mail_id)
        assert (mail.state, mail.last_reply) == (MailState.CANCELLED, "suppressed: 5.1.1 no such user")
    assert claim(sessions) == []


def test_claim_gives_a_mail_to_one_sender_only(sessions: Sessions) -> None:
    ids = queue(sessions, *[hello(to=f"lab-{n}@example.org") for n in range(3)])

    first = claim(sessions, limit=2)
    second = claim(sessions, limit=2)

    assert [[mail.id for mail in batch] for batch in (first, second)] == [ids[:2], ids[2:]]
    assert claim(sessions) == []


def test_claim_gives_each_mail_once_to_senders_at_the_same_time(sessions: Sessions) -> None:
    ids = queue(sessions, *[hello(to=f"lab-{n}@example.org") for n in range(40)])
    taken: list[int] = []
    ready = threading.Barrier(4)

    def sender() -> None:
        ready.wait()
        while batch := claim(sessions, limit=3):
            taken.extend(mail.id for mail in batch)

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == ids


def test_claim_names_its_channel(sessions: Sessions) -> None:
    queue(sessions, hello())

    with sessions.begin() as session:
        assert (
            claiming.claim_due(session, Channel.SLACK, limit=9, lease=MINUTE, now=NOON, real_now=REAL) == []
        )
    assert len(claim(sessions)) == 1


@pytest.mark.parametrize("hold", ["not_before", "embargo_until"])
def test_claim_waits_in_contest_time(sessions: Sessions, hold: str) -> None:
    held: dict[str, Any] = {hold: NOON + MINUTE}
    queue(sessions, hello(**held))

    assert claim(sessions, now=NOON) == []
    assert len(claim(sessions, now=NOON + MINUTE)) == 1


def test_skip_late_cancels_what_is_overdue(sessions: Sessions) -> None:
    ids = queue(sessions, hello(not_after=NOON), hello(not_after=NOON + DAY))
    later = NOON + MINUTE

    claimed = claim(sessions, now=later)
    with sessions.begin() as session:
        skipped = claiming.skip_late(session, Channel.MAIL, now=later)

    assert [mail.id for mail in claimed] == ids[1:]
    assert skipped == (ids[0],)
    with sessions.begin() as session:
        assert outbox.show(session, ids[0]).last_reply == "skipped_late"


def test_begin_needs_the_lease(sessions: Sessions) -> None:
    queue(sessions, hello())
    (claimed,) = claim(sessions)
    with sessions.begin() as session:
        sending.sweep(session, real_now=REAL + timedelta(minutes=6))
    (again,) = claim(sessions, real_now=REAL + timedelta(minutes=6))

    with sessions.begin() as session:
        assert not sending.begin(session, claimed, real_now=REAL)
        assert sending.begin(session, again, real_now=REAL)


def test_mark_delivered_keeps_the_reply_and_the_attempt(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = begun(sessions)

    with sessions.begin() as session:
        done = sending.mark_delivered(session, claimed, "250 2.0.0 queued as 4F2", now=NOON, real_now=REAL)

    assert done
    with sessions.begin() as session:
        mail = outbox.show(session, claimed.id)
        assert (mail.state, mail.sent_at, mail.last_reply) == (
            MailState.SENT,
            NOON,
            "250 2.0.0 queued as 4F2",
        )
        (tried,) = outbox.tries(session, claimed.id)
        assert (tried.outcome, tried.started_at, tried.ended_at) == ("delivered", REAL, REAL)


def test_retry_later_waits_in_real_time(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = begun(sessions)
    with sessions.begin() as session:
        state = sending.retry_later(session, claimed, 451, "4.7.1 greylisted", real_now=REAL)

    assert state is MailState.RETRY
    assert claim(sessions, real_now=REAL + timedelta(seconds=59), now=NOON + DAY) == []
    assert len(claim(sessions, real_now=REAL + timedelta(seconds=76))) == 1
    with sessions.begin() as session:
        assert outbox.show(session, claimed.id).last_reply == "451 4.7.1 greylisted"


def test_retry_later_gives_up_after_three_days(sessions: Sessions) -> None:
    queue(sessions, hello())
    first = begun(sessions)
    with sessions.begin() as session:
        sending.retry_later(session, first, 451, "later", real_now=REAL)
    second = begun(sessions, real_now=REAL + 3 * DAY)
    with sessions.begin() as session:
        state = sending.retry_later(session, second, 451, "later", real_now=REAL + 3 * DAY)

    assert state is MailState.FAILED
    with sessions.begin() as session:
        assert outbox.show(session, first.id).last_reply == "gave up after 2 tries: 451 later"


def test_give_up_ends_it(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = begun(sessions)
    with sessions.begin() as session:
        assert sending.give_up(session, claimed, 550, "5.1.1 unknown user", real_now=REAL)

    assert states(sessions) == [MailState.FAILED]
    assert claim(sessions, real_now=REAL + 30 * DAY) == []


def test_park_is_never_tried_again_by_itself(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = begun(sessions)
    with sessions.begin() as session:
        assert sending.park(session, claimed, "no reply after the final dot", real_now=REAL)
        sending.sweep(session, real_now=REAL + DAY)

    assert states(sessions) == [MailState.UNKNOWN]
    assert claim(sessions, real_now=REAL + 30 * DAY) == []


def test_sweep_queues_what_was_only_claimed(sessions: Sessions) -> None:
    (mail_id,) = queue(sessions, hello())
    claim(sessions)

    with sessions.begin() as session:
        early = sending.sweep(session, real_now=REAL + MINUTE)
        late = sending.sweep(session, real_now=REAL + 6 * MINUTE)

    assert (early.requeued, late.requeued, late.parked) == ((), (mail_id,), ())
    assert len(claim(sessions, real_now=REAL + 6 * MINUTE)) == 1


def test_sweep_parks_what_was_in_flight(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = begun(sessions)

    with sessions.begin() as session:
        swept = sending.sweep(session, real_now=REAL + 6 * MINUTE)

    assert swept.parked == (claimed.id,)
    with sessions.begin() as session:
        assert outbox.show(session, claimed.id).last_reply == "crash in flight"
        assert [tried.outcome for tried in outbox.tries(session, claimed.id)] == ["unknown"]


def test_a_slow_sender_may_settle_what_the_sweeper_parked(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = begun(sessions)
    with sessions.begin() as session:
        sending.sweep(session, real_now=REAL + 6 * MINUTE)
    with sessions.begin() as session:
        assert sending.mark_delivered(session, claimed, "250 ok", now=NOON, real_now=REAL + 7 * MINUTE)

    assert states(sessions) == [MailState.SENT]


def test_a_slow_sender_cannot_touch_what_a_person_queued_again(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = begun(sessions)
    with sessions.begin() as session:
        sending.sweep(session, real_now=REAL + 6 * MINUTE)
        outbox.resend(session, claimed.id)
    with sessions.begin() as session:
        assert not sending.mark_delivered(session, claimed, "250 ok", now=NOON, real_now=REAL)

    assert states(sessions) == [MailState.QUEUED]


def test_resend_sends_the_same_message(sessions: Sessions) -> None:
    queue(sessions, hello())
    first = begun(sessions)
    with sessions.begin() as session:
        sending.give_up(session, first, 550, "no", real_now=REAL)
        outbox.resend(session, first.id)
    second = begun(sessions)

    assert (second.message_id, second.body) == (first.message_id, first.body)


def test_resend_counts_its_tries_anew(sessions: Sessions) -> None:
    queue(sessions, hello())
    first = begun(sessions)
    with sessions.begin() as session:
        sending.park(session, first, "cut", real_now=REAL)
        outbox.resend(session, first.id)
    second = begun(sessions, real_now=REAL + 30 * DAY)
    with sessions.begin() as session:
        state = sending.retry_later(session, second, 451, "later", real_now=REAL + 30 * DAY)

    assert state is MailState.RETRY


def test_resend_refuses_what_went_out_or_waits(sessions: Sessions) -> None:
    queue(sessions, hello())
    with (
        sessions.begin() as session,
        pytest.raises(IllegalTransition, match="is queued and cannot be sent again"),
    ):
        outbox.resend(session, 1)
    claimed = begun(sessions)
    with sessions.begin() as session:
        sending.mark_delivered(session, claimed, "250", now=NOON, real_now=REAL)

    with sessions.begin() as session, pytest.raises(IllegalTransition, match="is sent and cannot"):
        outbox.resend(session, claimed.id)


def test_cancel_keeps_a_waiting_mail_here(sessions: Sessions) -> None:
    (mail_id,) = queue(sessions, hello())
    with sessions.begin() as session:
        outbox.cancel(session, mail_id)

    assert states(sessions) == [MailState.CANCELLED]
    assert claim(sessions) == []


def test_cancel_comes_too_late_for_a_claimed_mail(sessions: Sessions) -> None:
    (mail_id,) = queue(sessions, hello())
    claim(sessions)

    with (
        sessions.begin() as session,
        pytest.raises(IllegalTransition, match="is claimed and cannot be cancelled"),
    ):
        outbox.cancel(session, mail_id)


def test_show_names_what_is_missing(sessions: Sessions) -> None:
    with sessions.begin() as session, pytest.raises(NoSuchMail, match="no outbox mail 77"):
        outbox.show(session, 77)


def test_release_gives_back_untouched(sessions: Sessions) -> None:
    queue(sessions, hello())
    claimed = claim(sessions)
    with sessions.begin() as session:
        sending.release(session, claimed)

    with sessions.begin() as session:
        (mail,) = outbox.listing(session)
        assert (mail.state, mail.attempts, mail.lease_token) == (MailState.QUEUED, 0, None)


def test_automatic_to_sees_a_person_whatever_the_letters(sessions: Sessions) -> None:
    queue(sessions, hello(to="LAB@example.org"), hello(to="lab@Example.org"), hello(to="other@example.org"))

    with sessions.begin() as session:
        assert outbox.automatic_to(session, ["Lab@example.org"], since=NOON) == {"lab@example.org": 2}
        assert outbox.automatic_to(session, ["lab@example.org"], since=NOON + MINUTE) == {
            "lab@example.org": 0
        }


def test_automatic_about_leaves_out_letters_and_cancelled_mail(sessions: Sessions) -> None:
    letter = hello(
        kind=MailKind.LETTER,
        template="letter",
        automatic=False,
        inquiry=4,
        data={"body": "네.", "staff": "staff-a", "question": None, "greeting": None},
    )
    ids = queue(sessions, letter, hello(inquiry=4), hello(inquiry=4), hello(inquiry=5))
    with sessions.begin() as session:
        outbox.cancel(session, ids[1])

    with sessions.begin() as session:
        assert outbox.automatic_about(session, 4) == 1


def test_automatic_to_holds_the_cap_against_workers_at_the_same_time(sessions: Sessions) -> None:
    ready = threading.Barrier(4)

    def worker(number: int) -> None:
        ready.wait()
        for n in range(3):
            with sessions.begin() as session:
                if outbox.automatic_to(session, ["lab@example.org"], since=NOON - DAY)["lab@example.org"] < 5:
                    outbox.enqueue(session, hello(), key=f"a:{number}:{n}", identity=IDENTITY, now=NOON)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(states(sessions)) == 5


def test_every_state_has_its_transitions() -> None:
    assert set(states_of.TRANSITIONS) == set(MailState)
    assert states_of.TRANSITIONS[MailState.SENT] == frozenset()


def test_finished_rows_cost_the_sender_nothing(tmp_path: Path) -> None:
    # SQLite takes a partial index only when the query repeats its condition word by word.
    opened = storage.open_storage(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    Base.metadata.create_all(opened.engine)
    asked: dict[str, Any] = {}

    @event.listens_for(opened.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked[statement] = values

    with opened.write.begin() as session:
        claiming.claim_due(session, Channel.MAIL, limit=9, lease=MINUTE, now=NOON, real_now=REAL)
        claiming.skip_late(session, Channel.MAIL, now=NOON)
        sending.sweep(session, real_now=REAL)
        outbox.automatic_to(session, ["lab@example.org"], since=NOON)
        outbox.automatic_about(session, 4)
        plans = [
            str(row)
            for statement, values in list(asked.items())
            for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    opened.close()

    assert len(asked) >= 6
    assert [plan for plan in plans if "SCAN outbox_mail" in plan] == []
