from __future__ import annotations

from datetime import timedelta

from mailer import backoff
from tests.mailer.letters import REAL

FAR = 10_000


def test_pause_grows_from_a_minute_to_four_hours() -> None:
    pauses = [backoff.pause(7, attempts=n, code=451) for n in range(1, 20)]

    assert timedelta(minutes=1) <= pauses[0] <= timedelta(minutes=1.25)
    assert pauses[:8] == sorted(pauses[:8])
    assert timedelta(hours=3.2) <= pauses[-1] <= timedelta(hours=4)


def test_pause_is_short_while_the_relay_is_away() -> None:
    assert backoff.pause(7, attempts=FAR, code=None) <= timedelta(minutes=10)


def test_pause_spreads_mails_and_can_be_foretold() -> None:
    pauses = [backoff.pause(mail, attempts=4, code=451) for mail in range(50)]

    assert len(set(pauses)) > 20
    assert pauses == [backoff.pause(mail, attempts=4, code=451) for mail in range(50)]


def test_next_try_ends_with_tries_or_days() -> None:
    day = timedelta(days=1)

    def gives_up(attempts: int, code: int | None, age: timedelta) -> bool:
        return (
            backoff.next_try_at(7, attempts=attempts, code=code, first_tried_at=REAL - age, real_now=REAL)
            is None
        )

    assert [gives_up(29, 451, day), gives_up(30, 451, day)] == [False, True]
    assert [gives_up(FAR, None, day), gives_up(1, None, 3 * day)] == [False, True]
