"""The contest's clock runs from its start, and the heartbeat beats on."""

from __future__ import annotations

import threading
from datetime import timedelta

from bot.clock import ContestClock, Heartbeat, real_now
from tests.bot.office import NOON

OFTEN = timedelta(milliseconds=10)
PATIENCE = 20.0


def test_clock_without_a_start_shows_the_real_instant() -> None:
    before = real_now()
    shown = ContestClock.starting_at(None).now()

    assert before <= shown <= real_now()


def test_clock_runs_from_its_start() -> None:
    before = real_now()
    clock = ContestClock.starting_at(NOON)
    first, second = clock.now(), clock.now()
    spent = real_now() - before

    assert NOON <= first <= second <= NOON + spent


def test_heartbeat_ticks_again_and_again() -> None:
    thrice = threading.Event()
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            thrice.set()

    heartbeat = Heartbeat()
    heartbeat.every(OFTEN, tick, name="test")
    heartbeat.start()
    came = thrice.wait(PATIENCE)
    heartbeat.stop()

    assert came


def test_heartbeat_survives_a_tick_that_raises() -> None:
    second = threading.Event()
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 1:
            raise RuntimeError("the first tick fails")
        second.set()

    heartbeat = Heartbeat()
    heartbeat.every(OFTEN, tick, name="test")
    heartbeat.start()
    came = second.wait(PATIENCE)
    heartbeat.stop()

    assert came


def test_heartbeat_lets_the_running_tick_finish() -> None:
    begun, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def tick() -> None:
        begun.set()
        go_on.wait(PATIENCE)
        finished.set()

    heartbeat = Heartbeat()
    heartbeat.every(OFTEN, tick, name="test")
    heartbeat.start()
    assert begun.wait(PATIENCE)
    stopping = threading.Thread(target=heartbeat.stop)
    stopping.start()
    go_on.set()
    stopping.join()

    assert finished.is_set()
