"""Check 27: whatever the clock does, no reminder twice, none for the past; what is too late, staff hear of.

Also what else may befall a scheduler: a second one beside it, and a kill in the middle of a tick.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from bot.storage import Storage
from faq.library import Library
from mailer.tables import ReminderState
from tests.bot import scheduler, season
from tests.bot.season import D1, D3, D7, DAY, HOUR, MINUTE

#: Before which of its statements and commits a scheduler is killed, from the first row that it writes: each
#: of the first transaction, and some of the second.
KILLS = (1, 2, 3, 4, 5, 6, 7, 8, 10)


@pytest.fixture
def foreign_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in New York, where clocks went back on 1 November 2020."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_check_27_clock_a_day_ahead_and_back_repeats_nothing(storage: Storage, packaged: Library) -> None:
    addresses = season.enrol(storage, 3)
    # The day before D-3 it leaps onto the day of D-3 and past its hour, and comes back.
    season.beats(storage, packaged, [D3 - DAY, D3 + HOUR])
    early = season.send_all(storage, D3 + HOUR)
    season.beats(storage, packaged, [D3 - DAY + MINUTE, D3, D3 + MINUTE])

    assert early == addresses
    assert season.send_all(storage, D3 + MINUTE) == []
    assert season.reminders(storage, ReminderState.DONE) == [("D-3", address) for address in addresses]


def test_check_27_leap_over_a_slot_is_told_to_staff(storage: Storage, packaged: Library) -> None:
    addresses = season.enrol(storage, 3)
    season.beats(storage, packaged, [D7 - HOUR, D7 - HOUR + DAY])

    assert season.send_all(storage, D7 - HOUR + DAY) == []
    assert season.reminders(storage, ReminderState.SKIPPED_LATE) == [
        ("D-7", address) for address in addresses
    ]
    assert season.notices(storage) == 1


def test_check_27_clock_that_comes_back_in_time_makes_good_what_was_skipped(
    storage: Storage, packaged: Library
) -> None:
    addresses = season.enrol(storage, 3)
    season.beats(storage, packaged, [D7 - HOUR, D7 - HOUR + DAY, D7 - HOUR + MINUTE, D7])

    assert season.send_all(storage, D7) == addresses
    assert season.reminders(storage, ReminderState.QUEUED) == [("D-7", address) for address in addresses]


def test_check_27_clock_a_day_back_repeats_nothing(storage: Storage, packaged: Library) -> None:
    addresses = season.enrol(storage, 3)
    season.tick(storage, packaged, D7)
    first = season.send_all(storage, D7)
    season.beats(storage, packaged, [D7 - DAY, D7 - MINUTE, D7, D7 + MINUTE])

    assert first == addresses
    assert season.send_all(storage, D7 + MINUTE) == []


@pytest.mark.usefixtures("foreign_zone")
def test_check_27_foreign_zone_with_summer_time_changes_nothing(
    small_storage: Storage, packaged: Library
) -> None:
    season.enrol(small_storage, 1)
    instants = [season.OPENED + number * 2 * HOUR for number in range(12 * 30)]
    season.beats(small_storage, packaged, [instant.astimezone() for instant in instants])

    assert time.tzname == ("EST", "EDT")
    # Every two hours from 9:00 KST: the first look after 10:00 is at 11:00.
    assert [row.created_at for row in season.outbox(small_storage)] == [slot + HOUR for slot in (D7, D3, D1)]


def test_check_27_none_for_the_past(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 2, at=D1 + DAY)
    season.tick(small_storage, packaged, season.day(12, 30))

    assert (season.reminders(small_storage), season.outbox(small_storage)) == ([], [])


@pytest.mark.long
def test_check_26_two_schedulers_in_two_processes_remind_each_once(
    storage: Storage, migrated_url: str, packaged: Library
) -> None:
    addresses = season.enrol(storage, 200)
    together = scheduler.PROCESSES.Barrier(2)
    both = [scheduler.start(migrated_url, packaged, D7, 3, together=together) for _ in range(2)]

    assert [scheduler.ended(one) for one in both] == [0, 0]
    assert Counter(season.send_all(storage, D7 + MINUTE)) == Counter(addresses)


@pytest.mark.long
def test_check_27_tick_that_is_killed_anywhere_is_made_good(
    storage: Storage, migrated_url: str, packaged: Library
) -> None:
    addresses = season.enrol(storage, 100)
    killed, progress = [], [0]
    for dies_at in KILLS:
        one = scheduler.start(migrated_url, packaged, D7, 1, dies_at=dies_at)
        killed.append(scheduler.ended(one))
        progress.append(len(season.reminders(storage)))
    season.tick(storage, packaged, D7 + MINUTE)

    assert set(killed) == {-signal.SIGKILL}
    assert 0 < progress[-1] < len(addresses)
    assert Counter(season.send_all(storage, D7 + MINUTE)) == Counter(addresses)
    assert season.reminders(storage) == [("D-7", address) for address in addresses]
