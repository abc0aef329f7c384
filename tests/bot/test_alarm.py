"""A relay that stays away is told to staff, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import alarm
from mailer import trouble
from tests.bot.office import DESK, NOON, Office, words

MINUTE = timedelta(minutes=1)


def test_alarm_is_raised_once_after_a_quarter_of_an_hour(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    with office.storage.write.begin() as session:
        trouble.note_relay(session, "relay.test:25: refused", real_now=NOON)
    raised = [
        alarm.relay_away(office.storage, DESK, now=NOON, real_now=NOON + minutes * MINUTE)
        for minutes in (5, 15, 20)
    ]
    (notice,) = office.notices()
    text = words(office.message(notice.id))

    assert raised == [False, True, False]
    assert "11월 20일(금) 12:00 KST부터 메일 릴레이에 연결되지 않아" in text
    assert "relay.test:25: refused" in text
    assert capsys.readouterr().out.count("relay.away") == 1
