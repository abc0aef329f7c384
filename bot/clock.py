"""What time it is for the contest, and the heartbeat that asks what is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger(__name__)


def real_now() -> datetime:
    """The real instant in UTC, for leases and back-off, which no simulation moves."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestClock:
    """The instant that dates are compared with: the real one, or one that was moved and runs."""

    ahead_of_real: timedelta = timedelta()

    def now(self) -> datetime:
        """The contest's present, in UTC."""
        return real_now() + self.ahead_of_real

    @classmethod
    def starting_at(cls, start: datetime | None) -> ContestClock:
        """A clock that shows ``start`` now and runs from there; the real one for None."""
        return cls() if start is None else cls(ahead_of_real=start - real_now())


class Heartbeat:
    """Calls ticks again and again; a tick asks the database what is due and keeps nothing itself."""

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(2)},
            # The default grace of one second drops a late job silently.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def every(
        self, interval: timedelta, tick: Callable[[], object], *, name: str, at_once: bool = False
    ) -> None:
        """Call ``tick`` each ``interval``, first after one or ``at_once``.

        A fault is logged, and the next call comes.
        """
        first = {"next_run_time": real_now()} if at_once else {}
        self._scheduler.add_job(
            _guarded(tick, name),
            "interval",
            seconds=interval.total_seconds(),
            id=name,
            replace_existing=True,
            **first,
        )

    def start(self) -> None:
        """Begin to tick, in threads of its own."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let running ticks finish, start no more."""
        self._scheduler.shutdown(wait=True)


def _guarded(tick: Callable[[], object], name: str) -> Callable[[], None]:
    def run() -> None:
        try:
            tick()
        except Exception:  # a tick that fails must not stop the ones to come
            log.exception("clock.tick_failed", tick=name)

    return run
