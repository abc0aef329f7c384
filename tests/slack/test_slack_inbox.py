"""Payloads are stored once, acted on once, and what fails takes no other with it; on both databases."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.refusal import Refused
from bot.slack import inbox, posting, richtext
from bot.slack.inbox import DONE_BEFORE, Inbox, Later, Seen, Stored
from bot.slack.keys import Named
from bot.slack.posting import Post, Posted
from bot.slack.tables import EventState, SlackEvent
from bot.storage import Storage
from mailer.tables import MailKind, OutboxMail
from tests.bot.office import NOON


class Clock:
    """Real time as the test says."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(storage: Storage, clock: Clock) -> Inbox:
    return Inbox(storage, real_now=clock)


def store(box: Inbox, storage: Storage, kind: str, key: str, **body: Any) -> tuple[Seen, Stored | None]:
    named = Named(kind=kind, key=key, team_id="T1", app_id="A1", user_id="U1")
    with storage.write.begin() as session:
        return box.store_in(session, named, body, retry_num=None, retry_reason=None)


def state(storage: Storage, key: str) -> EventState:
    with storage.read() as session:
        return session.scalars(select(SlackEvent).where(SlackEvent.key == key)).one().state


def never() -> bool:
    return False


def noting(seen: list[str]) -> Callable[[Session, Stored], object]:
    def handler(_session: Session, stored: Stored) -> object:
        seen.append(stored.key)
        return f"done {stored.key}"

    return handler


def test_payload_that_comes_twice_is_stored_and_handled_once(box: Inbox, storage: Storage) -> None:
    seen: list[str] = []
    box.on("event:message", noting(seen))

    answers = [store(box, storage, "event:message", "msg:1")[0] for _ in range(2)]
    handled = [box.work_off(never) for _ in range(2)]

    assert answers == [Seen.NEW, Seen.BEFORE]
    assert (handled, seen) == ([1, 0], ["msg:1"])


def test_event_of_no_interest_is_kept_and_done(box: Inbox, storage: Storage) -> None:
    store(box, storage, "event:channel_rename", "ev:1")

    assert (box.work_off(never), state(storage, "ev:1")) == (0, EventState.DONE)


def test_click_is_settled_by_its_listener_and_a_second_settling_does_nothing(
    box: Inbox, storage: Storage
) -> None:
    seen: list[str] = []
    box.on("action:claim", noting(seen))
    _, stored = store(box, storage, "action:claim", "act:1")
    assert stored is not None

    answers = [box.settle_now(stored) for _ in range(2)]

    assert answers == ["done act:1", DONE_BEFORE]
    assert seen == ["act:1"]


def test_click_whose_listener_died_is_settled_by_the_worker_after_a_while(
    box: Inbox, storage: Storage, clock: Clock
) -> None:
    seen: list[str] = []
    box.on("action:claim", noting(seen))
    store(box, storage, "action:claim", "act:1")

    early = box.work_off(never)
    clock.now += inbox.LISTENER_LEASE + timedelta(seconds=1)
    late = box.work_off(never)

    assert (early, late, seen) == (0, 1, ["act:1"])


def test_refused_submission_changes_nothing_and_may_come_again(box: Inbox, storage: Storage) -> None:
    tries: list[str] = []

    def handler(session: Session, stored: Stored) -> object:
        inbox.count(session, "touched")
        tries.append(stored.key)
        if len(tries) == 1:
            raise Refused("not yours")
        return "done"

    box.on("view:answer", handler)
    _, first = store(box, storage, "view:answer", "view:1")
    assert first is not None
    with pytest.raises(Refused, match="not yours"):
        box.settle_now(first)
    refused = state(storage, "view:1")

    _, again = store(box, storage, "view:answer", "view:1")
    assert again is not None
    done = box.settle_now(again)

    with storage.read() as session:
        counted = inbox.counts(session)
    assert (refused, done) == (EventState.REFUSED, "done")
    assert counted["touched"] == 1


def test_faulty_payload_takes_no_other_with_it_and_is_laid_aside(
    box: Inbox, storage: Storage, clock: Clock
) -> None:
    seen: list[str] = []

    def handler(_session: Session, stored: Stored) -> object:
        if stored.body.get("bad"):
            raise RuntimeError("this one")
        seen.append(stored.key)
        return None

    box.on("event:message", handler)
    store(box, storage, "event:message", "msg:1", bad=True)
    store(box, storage, "event:message", "msg:2")
    for _ in range(inbox.TRIES):
        box.work_off(never)
        clock.now += timedelta(minutes=1)

    assert state(storage, "msg:1") is EventState.DEAD
    assert state(storage, "msg:2") is EventState.DONE
    assert seen[-1] == "msg:2"


def test_payload_that_has_to_wait_is_tried_for_as_long_as_it_says(
    box: Inbox, storage: Storage, clock: Clock
) -> None:
    ready: list[bool] = []

    def handler(_session: Session, _stored: Stored) -> object:
        if not ready:
            raise Later
        return None

    box.on("event:message", handler)
    store(box, storage, "event:message", "msg:1")
    for _ in range(inbox.TRIES + 2):
        box.work_off(never)
        clock.now += timedelta(minutes=1)
    waiting = state(storage, "msg:1")
    ready.append(True)
    box.work_off(never)

    assert (waiting, state(storage, "msg:1")) == (EventState.NEW, EventState.DONE)


def test_old_payloads_are_forgotten_but_not_those_that_wait(
    box: Inbox, storage: Storage, clock: Clock
) -> None:
    box.on("event:message", noting([]))
    store(box, storage, "event:message", "msg:1")
    store(box, storage, "event:channel_rename", "ev:1")

    gone = box.forget(before=clock.now + timedelta(days=1))

    assert gone == 1
    assert state(storage, "msg:1") is EventState.NEW


def test_post_has_one_row_however_often_its_event_asks(storage: Storage) -> None:
    post = Post(arguments={"channel": "C1", "text": "hi", "blocks": [richtext.context("hi")]})

    def put() -> int | None:
        with storage.write.begin() as session:
            return posting.enqueue(
                session, post, key="card:1", kind=MailKind.STAFF_NOTICE, recipient="C1", now=NOON
            )

    first, second = put(), put()

    with storage.read() as session:
        row = session.scalars(select(OutboxMail)).one()
        body = row.body
    assert (first, second) == (row.id, None)
    assert posting.decode(body or b"").arguments["metadata"]["event_payload"] == {"key": "card:1"}


def test_callbacks_hear_of_a_post_and_it_is_found_again(storage: Storage) -> None:
    heard: list[str] = []
    outgoing = posting.Outgoing()
    outgoing.on_posted("card:", lambda _session, key, posted, _now: heard.append(f"{key} {posted.ts}"))

    for _ in range(2):  # after a crash it is told again
        with storage.write.begin() as session:
            outgoing.note(session, "card:1", Posted(channel="C1", ts="1.2"), team="T1", inquiry=1, now=NOON)

    with storage.read() as session:
        assert posting.where(session, "card:1") == Posted(channel="C1", ts="1.2")
    assert heard == ["card:1 1.2", "card:1 1.2"]
