"""How far a folder was read: the row, the alarm, and what those who watch the desk see; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bot import alarm
from bot.http import Figures
from bot.inbox import account, place
from bot.storage import Storage
from bot.tables import WatchedFolder
from tests.bot.office import DESK, NOON
from tests.imap.watching import notices

BOX = "contest@imap.example.org"
MINUTE = timedelta(minutes=1)
#: UIDs and UIDVALIDITY go up to here (RFC 9051 §2.3.1.1).
HIGHEST = 2**32 - 1


def begin(
    storage: Storage, *folders: str, start: account.Start = "now", after: timedelta = MINUTE * 0
) -> None:
    with storage.write.begin() as session:
        place.begin(session, BOX, folders, start=start, real_now=NOON + after)


def opened(
    storage: Storage, *, uidvalidity: int = 7, uidnext: int = 11, after: timedelta = MINUTE * 0
) -> WatchedFolder:
    with storage.write.begin() as session:
        return place.open_at(
            session, BOX, "INBOX", uidvalidity=uidvalidity, uidnext=uidnext, real_now=NOON + after
        )


def numbers(row: WatchedFolder) -> tuple[int, int, int]:
    return row.stored_uid, row.settled_uid, row.old_uid


def test_folder_from_now_begins_at_its_next_number(storage: Storage) -> None:
    begin(storage, "INBOX")

    assert numbers(opened(storage)) == (10, 10, 10)


def test_folder_that_could_not_be_opened_for_long_begins_when_we_were_told_to(storage: Storage) -> None:
    begin(storage, "INBOX")
    begin(storage, "INBOX", after=2 * MINUTE * 60)  # a restart in between
    row = opened(storage, after=3 * MINUTE * 60)

    assert numbers(row) == (0, 0, 10)
    assert row.counts_from == NOON - account.CLOCKS_DIFFER


def test_all_of_a_folder_counts_from_nothing(storage: Storage) -> None:
    begin(storage, "INBOX", start="all")
    row = opened(storage)

    assert (numbers(row), row.counts_from) == ((0, 0, 10), None)


def test_same_uidvalidity_keeps_the_numbers(storage: Storage) -> None:
    begin(storage, "INBOX")
    row = opened(storage, uidvalidity=HIGHEST, uidnext=HIGHEST - 1)
    with storage.write.begin() as session:
        place.stored(session, row, HIGHEST)
        place.settled(session, row, HIGHEST - 1)

    assert numbers(opened(storage, uidvalidity=HIGHEST, uidnext=HIGHEST)) == (
        HIGHEST,
        HIGHEST - 1,
        HIGHEST - 2,
    )


def test_new_uidvalidity_begins_anew_with_what_came_since(storage: Storage) -> None:
    begin(storage, "INBOX")
    opened(storage)
    row = opened(storage, uidvalidity=8, uidnext=21)

    assert (numbers(row), row.counts_from) == ((0, 0, 20), NOON - account.CLOCKS_DIFFER)


def test_number_of_an_old_uidvalidity_moves_nothing(storage: Storage) -> None:
    begin(storage, "INBOX")
    old = opened(storage)
    opened(storage, uidvalidity=8, uidnext=5)
    with storage.write.begin() as session:
        place.stored(session, old, 400)

    assert numbers(opened(storage, uidvalidity=8)) == (0, 0, 4)


def test_number_never_goes_back(storage: Storage) -> None:
    begin(storage, "INBOX")
    row = opened(storage)
    with storage.write.begin() as session:
        place.stored(session, row, 3)

    assert numbers(opened(storage)) == (10, 10, 10)


def fail(storage: Storage, folder: str, *, after: timedelta) -> None:
    with storage.write.begin() as session:
        place.failed(session, BOX, folder, "log-in refused", real_now=NOON + after)


def test_check_30_alarm_is_raised_once_after_five_minutes_and_again_after_the_next_failure(
    storage: Storage,
) -> None:
    begin(storage, "INBOX", "Spam")
    for minutes in range(4):
        fail(storage, "INBOX", after=minutes * MINUTE)
    first = [
        alarm.mailbox_away(storage, DESK, now=NOON, real_now=NOON + minutes * MINUTE) for minutes in (4, 5, 6)
    ]
    with storage.write.begin() as session:
        since = place.looked(session, BOX, "INBOX", real_now=NOON + 7 * MINUTE)
    fail(storage, "INBOX", after=8 * MINUTE)
    second = [
        alarm.mailbox_away(storage, DESK, now=NOON, real_now=NOON + minutes * MINUTE) for minutes in (12, 13)
    ]

    assert (first, since, second) == ([0, 1, 0], NOON, [0, 1])
    assert ["log-in refused" in told for told in notices(storage)] == [True, True]


def test_folder_that_is_watched_no_more_raises_no_alarm(storage: Storage) -> None:
    begin(storage, "INBOX", "Spam")
    fail(storage, "Spam", after=MINUTE)
    begin(storage, "INBOX", after=2 * MINUTE)

    assert alarm.mailbox_away(storage, DESK, now=NOON, real_now=NOON + 60 * MINUTE) == 0


@pytest.mark.parametrize("failing", [False, True])
def test_metrics_tell_the_age_of_the_last_good_look(storage: Storage, failing: bool) -> None:
    begin(storage, "INBOX", "Spam")
    with storage.write.begin() as session:
        place.looked(session, BOX, "INBOX", real_now=NOON)
    if failing:
        fail(storage, "INBOX", after=MINUTE)
    registry = CollectorRegistry()
    registry.register(Figures(storage, now=lambda: NOON, real_now=lambda: NOON + 2 * MINUTE))
    page = generate_latest(registry).decode()

    assert 'contestdesk_mailbox_look_age_seconds{folder="INBOX"} 120.0' in page
    assert 'folder="Spam"' not in page
