"""When staff can be expected to work: weekdays in Korea, without its holidays."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, time, timedelta
from functools import cache

from faq.contest import SEOUL

OPENS, CLOSES = time(9, 0), time(18, 0)
#: Days that are looked through for working time: nobody waits longer for a ping.
_MOST_DAYS = 60


def is_workday(day: date) -> bool:
    """True from Monday to Friday, unless the day is a public holiday in Korea or a substitute for one."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def is_open(now: datetime) -> bool:
    """True from 09:00 to 18:00 KST of a workday."""
    local = now.astimezone(SEOUL)
    return is_workday(local.date()) and OPENS <= local.time() < CLOSES


def worked(since: datetime, now: datetime) -> timedelta:
    """How much working time lies between two instants; at most that of 60 days."""
    start, end = since.astimezone(SEOUL), now.astimezone(SEOUL)
    total = timedelta()
    for number in range(min((end.date() - start.date()).days, _MOST_DAYS) + 1):
        day = start.date() + timedelta(days=number)
        if is_workday(day):
            opens = datetime.combine(day, OPENS, tzinfo=SEOUL)
            closes = datetime.combine(day, CLOSES, tzinfo=SEOUL)
            total += max(timedelta(), min(closes, end) - max(opens, start))
    return total


def next_morning(now: datetime) -> datetime:
    """09:00 KST of the next workday after today."""
    day = now.astimezone(SEOUL).date() + timedelta(days=1)
    while not is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, tzinfo=SEOUL)


@cache
def _holidays(year: int) -> Container[date]:
    import holidays  # noqa: PLC0415  nobody else needs its tables

    return holidays.country_holidays("KR", years=year)
