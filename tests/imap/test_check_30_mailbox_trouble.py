"""A mailbox whose server drops us, forgets its numbers, falls silent or turns us away: mail.md's check 30."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot import alarm
from bot.clock import real_now
from bot.inbox import login, place
from bot.inbox.account import Secret
from bot.inbox.login import LoginGate
from bot.inbox.watch import Pace
from bot.storage import Storage
from tests.bot.office import DESK, NOON
from tests.imap.conftest import Join, Watch
from tests.imap.watching import QUICK, mails, notices
from tests.scenarios.conftest import Start
from tests.scenarios.serving import until
from tests.servers.dovecot import PASSWORD, Dovecot

MAILS = 300
KICK_EVERY_SECONDS = 2.0
#: So that they come over some ten kicks.
MAIL_EVERY_SECONDS = 0.06
FIVE_MINUTES = timedelta(minutes=5)
A_MINUTE_SECONDS = 60.0


@contextmanager
def again_and_again(act: Callable[[], object], seconds: float) -> Iterator[list[float]]:
    """Act every so many seconds meanwhile; gives the instants."""
    ended, acted = threading.Event(), list[float]()

    def run() -> None:
        while not ended.wait(seconds):
            act()
            acted.append(time.monotonic())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield acted
    finally:
        ended.set()
        thread.join()


@pytest.mark.long
def test_check_30_kicked_every_two_seconds_has_each_mail_once(
    storage: Storage, dovecot: Dovecot, watch: Watch
) -> None:
    watching = watch(dovecot, storage=storage, pace=Pace(round=timedelta(minutes=5)))
    never = threading.Event()
    with again_and_again(dovecot.kick, KICK_EVERY_SECONDS) as kicks:
        for raw in mails(MAILS):
            dovecot.deliver([raw])
            never.wait(MAIL_EVERY_SECONDS)
        watching.wait_for(MAILS)
        watching.wait_until_settled(MAILS)

    assert len(kicks) >= 5
    assert dovecot.log_ins()[0] > 5
    assert watching.ids() == {f"<{number}@example.org>": 1 for number in range(1, MAILS + 1)}


@pytest.mark.long
def test_check_30_changed_uidvalidity_takes_nothing_twice(
    storage: Storage, dovecot: Dovecot, watch: Watch
) -> None:
    watching = watch(dovecot, storage=storage)
    dovecot.deliver(mails(20))
    watching.wait_until_settled(20)
    before = watching.place().uidvalidity
    dovecot.renumber()
    dovecot.deliver(mails(5, first=21))
    until(lambda: watching.place().uidvalidity > before, "the new numbers are known")
    watching.wait_until_settled(25)

    assert watching.ids() == {f"<{number}@example.org>": 1 for number in range(1, 26)}


@pytest.mark.long
def test_check_30_changed_uidvalidity_does_not_bring_up_what_was_never_ours(
    dovecot: Dovecot, watch: Watch
) -> None:
    """A desk that began today is not asked all questions of last year when a backup is restored."""
    with dovecot.client() as client:
        client.append("INBOX", mails(1)[0], msg_time=real_now() - timedelta(days=300))
    watching = watch(dovecot, start="now")
    until(lambda: watching.place().looked_at, "the first look is over")
    dovecot.deliver(mails(1, first=2))
    watching.wait_for(1)
    watching.stop()
    before = watching.place().uidvalidity
    dovecot.renumber()
    dovecot.deliver(mails(1, first=3))
    watching.start()
    until(lambda: watching.place().uidvalidity > before, "the new numbers are known")
    watching.wait_until_settled(3)

    assert watching.ids() == {"<2@example.org>": 1, "<3@example.org>": 1}


@pytest.mark.long
def test_check_30_silent_link_is_replaced(dovecot: Dovecot, watch: Watch, link: Join) -> None:
    between = link(dovecot.port)
    watching = watch(dovecot, port=between.port)
    dovecot.deliver(mails(3))
    watching.wait_until_settled(3)
    between.fall_silent()
    dovecot.deliver(mails(3, first=4))
    watching.wait_for(6)

    assert between.connections == 2
    assert set(watching.ids().values()) == {1}


@pytest.mark.long
def test_check_30_link_that_falls_silent_within_a_mail_is_replaced(
    dovecot: Dovecot, watch: Watch, link: Join
) -> None:
    def stall(octets: bytes) -> bytes:
        if b"BODY[]<0>" in octets and between.connections == 1:
            between.fall_silent()
            return octets[: len(octets) // 2]
        return octets

    between = link(dovecot.port, to_client=stall)
    dovecot.deliver(mails(2))
    watching = watch(dovecot, port=between.port)
    watching.wait_until_settled(2)

    assert between.connections == 2
    assert set(watching.ids().values()) == {1}


def test_check_30_silent_link_is_noticed_within_a_minute() -> None:
    """While we wait for mail or for a reply: no answer comes, we pause, and connect anew."""
    pace = Pace()
    while_idle = pace.round.total_seconds() + pace.patience.sign_of_life_s + pace.pause_s(1)
    within_a_reply = pace.patience.reply_s + pace.pause_s(1)

    assert max(while_idle, within_a_reply) < A_MINUTE_SECONDS
    assert pace.round <= timedelta(minutes=5)


def test_check_30_server_that_was_away_is_found_within_a_minute() -> None:
    pauses = [Pace().pause_s(failures) for failures in (1, 2, 3, 5, 6, 7, 5_000)]

    assert pauses == [1.0, 2.0, 4.0, 16.0, 30.0, 30.0, 30.0]


@pytest.mark.long
def test_check_30_expired_password_is_told_after_five_minutes_and_then_is_right_again(
    desk_storage: Storage, dovecot: Dovecot, watch: Watch, tmp_path: Path
) -> None:
    words = tmp_path / "password"
    words.write_text(f"{PASSWORD}\n")
    watching = watch(dovecot, password_file=words)
    until(lambda: watching.place().looked_at, "the first look is over")
    dovecot.set_password("another word")
    dovecot.kick()
    until(lambda: "refused" in (watching.place().failure or ""), "we were turned away")
    since = watching.place().failing_since
    assert since is not None
    raised = [
        alarm.mailbox_away(desk_storage, DESK, now=NOON, real_now=since + later)
        for later in (FIVE_MINUTES - timedelta(seconds=1), FIVE_MINUTES, 2 * FIVE_MINUTES)
    ]
    [notice] = notices(desk_storage)
    dovecot.deliver(mails(1))
    words.write_text("another word\n")
    mended = time.monotonic()
    watching.wait_for(1)
    took = time.monotonic() - mended
    until(lambda: watching.place().failing_since is None, "all is well again")

    assert raised == [0, 1, 0]
    assert "메일함 INBOX에 온 메일을 가져오지 못하고 있습니다: log-in refused" in notice
    assert took < A_MINUTE_SECONDS
    assert dovecot.log_ins()[1] <= 3


@pytest.mark.long
def test_check_30_alarm_is_raised_by_the_clock(
    sqlite_url: str, migrated_sqlite: Storage, serve: Start
) -> None:
    with migrated_sqlite.write.begin() as session:
        began = real_now() - FIVE_MINUTES
        place.begin(session, "contest@box.test", ["INBOX"], start="now", real_now=began)
        place.failed(session, "contest@box.test", "INBOX", "log-in refused", real_now=began)
    desk = serve(sqlite_url, "clock")
    until(lambda: notices(migrated_sqlite), "staff are told")

    assert len(notices(migrated_sqlite)) == 1
    assert "mailbox.away" in desk.log


@pytest.mark.long
def test_check_30_account_that_is_unlocked_at_the_provider_is_found_within_a_minute(
    dovecot: Dovecot, watch: Watch
) -> None:
    right = dovecot.password
    watching = watch(dovecot)
    until(lambda: watching.place().looked_at, "the first look is over")
    dovecot.set_password("locked by the provider")
    dovecot.kick()
    until(lambda: dovecot.log_ins()[1] >= 1, "we were turned away")
    dovecot.deliver(mails(1))
    dovecot.set_password(right)
    mended = time.monotonic()
    watching.wait_for(1)

    assert time.monotonic() - mended < A_MINUTE_SECONDS


@pytest.mark.parametrize("connections", [1, 4])
def test_check_30_log_ins_with_a_wrong_password_are_few(connections: int) -> None:
    """An hour with a wrong password, asked every 5 s by each connection: no provider's lock-out is reached."""
    gate, wrong = LoginGate(), Secret(text="wrong", is_token=False)
    tries: list[float] = []
    for at in range(0, 3600, 5):
        for _ in range(connections):
            if gate.wait_s(wrong, at_s=at) == 0.0:
                tries.append(at)
                gate.refused(wrong, at_s=at)
    by_minute = Counter(int(at // 60) for at in tries)
    gaps = [
        later - before for before, later in zip(tries[connections:], tries[connections + 1 :], strict=False)
    ]

    assert sum(by_minute[minute] for minute in range(5)) <= 10 + connections
    assert len(tries) <= 85
    assert max(gaps) <= login.LONGEST_PAUSE_S + 5


def test_check_30_renewed_password_is_tried_at_once() -> None:
    gate = LoginGate()
    for at in range(5):
        gate.refused(Secret(text="old", is_token=True), at_s=at)

    assert gate.wait_s(Secret(text="old", is_token=True), at_s=5) > 0
    assert gate.wait_s(Secret(text="new", is_token=True), at_s=5) == 0


@pytest.mark.long
def test_stop_breaks_out_of_idle(dovecot: Dovecot, watch: Watch) -> None:
    watching = watch(dovecot, pace=Pace(round=timedelta(minutes=5)))
    until(lambda: watching.place().looked_at, "the first look is over")
    began = time.monotonic()
    ended = watching.stop()

    assert ended
    assert time.monotonic() - began < 2


@pytest.mark.long
def test_stop_leaves_a_server_that_keeps_silent(dovecot: Dovecot, watch: Watch, link: Join) -> None:
    between = link(dovecot.port)
    watching = watch(dovecot, port=between.port, pace=Pace())
    until(lambda: watching.place().looked_at, "the first look is over")
    between.fall_silent()
    began = time.monotonic()
    ended = watching.stop(deadline_s=2)

    assert ended
    assert time.monotonic() - began < 3


@pytest.mark.long
def test_stop_while_turned_away_ends_at_once(dovecot: Dovecot, watch: Watch, tmp_path: Path) -> None:
    words = tmp_path / "password"
    words.write_text("wrong")
    watching = watch(dovecot, password_file=words, pace=QUICK)
    until(lambda: watching.place().failure, "we were turned away")
    began = time.monotonic()

    assert watching.stop()
    assert time.monotonic() - began < 2
