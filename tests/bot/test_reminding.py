"""Reminders: each person each reminder once, to those who still owe something as it goes out."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import update

from bot import reminding, roster
from bot.roster import Decided
from bot.storage import Storage
from faq import library as libraries
from faq.contest import Round, Stage
from faq.library import Library, MilestoneChange
from mailer import outbox as sending
from mailer.tables import MailState, OutboxMail, ReminderState
from tests.bot import season
from tests.bot.office import IDENTITY
from tests.bot.season import D1, D3, D7, DAY, HOUR, MINUTE
from tests.mailer.letters import hello


def moved(library: Library, ends_on: date, *, at: time | None = None) -> Library:
    milestone = dataclasses.replace(library.contest.milestones["application"], ends_on=ends_on, at=at)
    return libraries.overlay(library, [MilestoneChange(milestone=milestone, version=1)])


def release(
    storage: Storage,
    addresses: list[str],
    decision: Stage,
    at: datetime,
    *,
    state: MailState = MailState.SENT,
    slot_at: datetime | None = None,
) -> None:
    """Decide on teams, and let their result mails come to this state."""
    with storage.write.begin() as session:
        ids = {row.address: row.id for row in roster.people(session)}
        decided = {ids[address]: Decided(decision=decision, slot_at=slot_at) for address in addresses}
        roster.decide(session, Round.FIRST, decided, release_at=at, campaign=1, staff="a@b.test", now=at)
        mails: dict[int, int] = {}
        for address in addresses:
            mail = sending.enqueue(
                session, hello(to=address), key=f"result:{address}", identity=IDENTITY, now=at
            )
            assert mail is not None
            mails[ids[address]] = mail
        session.execute(update(OutboxMail).where(OutboxMail.id.in_(mails.values())).values(state=state))
        roster.mailed(session, Round.FIRST, mails)


def test_reminder_goes_to_those_who_still_owe_something(storage: Storage, packaged: Library) -> None:
    season.enrol(storage, 2, status=Stage.DRAFTING, prefix="draft")
    season.enrol(storage, 1, status=Stage.INTERESTED, prefix="open")
    season.enrol(storage, 1, status=Stage.SUBMITTED, prefix="done")
    season.enrol(storage, 1, status=Stage.WITHDRAWN, prefix="gone")
    season.tick(storage, packaged, D7)

    assert season.send_all(storage, D7) == [
        "draft-1@example.org",
        "draft-2@example.org",
        "open-1@example.org",
    ]


def test_whole_season_reminds_each_once_of_each(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 2)
    instants = [season.OPENED + number * 6 * HOUR for number in range(4 * 40)]
    done = season.beats(small_storage, packaged, instants)

    assert season.reminders(small_storage) == [
        (offset, f"team-{number}@example.org") for offset in ("D-7", "D-3", "D-1") for number in (1, 2)
    ]
    assert sum(one.queued for one in done) == 6


def test_audience_is_read_when_it_goes_out(small_storage: Storage, packaged: Library) -> None:
    first, second = season.enrol(small_storage, 2)
    season.tick(small_storage, packaged, D7 - MINUTE)
    season.becomes(small_storage, first, Stage.SUBMITTED)
    season.tick(small_storage, packaged, D7)

    assert season.reminders(small_storage) == [("D-7", second)]


def test_reminder_that_waits_is_called_back_when_nothing_is_owed(storage: Storage, packaged: Library) -> None:
    first, second = season.enrol(storage, 2)
    season.tick(storage, packaged, D7)
    season.becomes(storage, first, Stage.SUBMITTED)
    done = season.tick(storage, packaged, D7 + MINUTE)

    assert done.cancelled == 1
    assert season.send_all(storage, D7 + MINUTE) == [second]
    assert season.outbox(storage)[0].last_reply == "nothing is owed any more"


def test_person_who_joined_after_the_slot_is_not_owed_it(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 1, at=D7 + MINUTE)
    season.beats(small_storage, packaged, [D7 + 2 * MINUTE, D7 + DAY, D3])

    assert season.reminders(small_storage) == [("D-3", "team-1@example.org")]


def test_restart_and_second_scheduler_send_nothing_twice(storage: Storage, packaged: Library) -> None:
    addresses = season.enrol(storage, 3)
    season.beats(storage, packaged, [D7, D7 + MINUTE])
    season.send_all(storage, D7)
    season.beats(storage, packaged, [D7, D7 + MINUTE, D7 + HOUR])

    assert season.send_all(storage, D7 + HOUR) == []
    assert season.reminders(storage, ReminderState.DONE) == [("D-7", address) for address in addresses]


def test_hours_of_downtime_change_the_minute_alone(small_storage: Storage, packaged: Library) -> None:
    addresses = season.enrol(small_storage, 3)
    season.tick(small_storage, packaged, D7 + 3 * HOUR)

    assert season.send_all(small_storage, D7 + 3 * HOUR) == addresses
    assert season.notices(small_storage) == 0


def test_downtime_beyond_its_day_is_told_to_staff_and_not_sent(storage: Storage, packaged: Library) -> None:
    addresses = season.enrol(storage, 3)
    for _ in range(2):  # and told once
        season.tick(storage, packaged, D7 + 12 * HOUR)

    assert season.reminders(storage, ReminderState.SKIPPED_LATE) == [("D-7", one) for one in addresses]
    assert (season.outbox(storage), season.notices(storage)) == ([], 1)


def test_reminder_that_could_not_leave_in_time_is_told_to_staff(storage: Storage, packaged: Library) -> None:
    (address,) = season.enrol(storage, 1)
    season.tick(storage, packaged, D7)
    late = D7 + 12 * HOUR  # the relay was away all the while
    gone = season.send_all(storage, late)
    season.tick(storage, packaged, late)

    assert address not in gone
    assert season.reminders(storage, ReminderState.SKIPPED_LATE) == [("D-7", address)]
    assert season.notices(storage) == 1


def test_day_before_is_never_told_on_the_last_day(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 1)
    season.tick(small_storage, packaged, D3)
    season.send_all(small_storage, D3)
    season.tick(small_storage, packaged, season.LAST_DAY + 9 * HOUR)

    assert season.send_all(small_storage, season.LAST_DAY + 9 * HOUR) == []
    assert ("D-1", "team-1@example.org") in season.reminders(small_storage, ReminderState.SKIPPED_LATE)


def test_moved_day_moves_what_was_not_sent_and_repeats_nothing(storage: Storage, packaged: Library) -> None:
    season.enrol(storage, 1)
    season.tick(storage, packaged, D7)
    season.send_all(storage, D7)
    # Two days more: a D-7 of its own would be due on 25 November.
    later = moved(packaged, date(2020, 12, 2))
    instants = [D7 + number * 2 * HOUR for number in range(1, 12 * 9)]
    season.beats(storage, later, instants)

    sent = {row.provenance["offset"]: row.provenance["due"] for row in season.outbox(storage)}
    assert sent == {
        "D-7": "2020-11-30T15:00:00+00:00",
        "D-3": "2020-12-02T15:00:00+00:00",
        "D-1": "2020-12-02T15:00:00+00:00",
    }


def test_moved_day_calls_back_what_waits(storage: Storage, packaged: Library) -> None:
    (address,) = season.enrol(storage, 1)
    season.tick(storage, packaged, D1)
    later = moved(packaged, date(2020, 12, 2))
    season.tick(storage, later, D1 + MINUTE)

    assert season.send_all(storage, D1 + MINUTE) == [address]  # three days are left now
    assert [(row.state, row.provenance["offset"]) for row in season.outbox(storage)] == [
        (MailState.CANCELLED, "D-1"),
        (MailState.SENT, "D-3"),
    ]


def test_hour_that_is_set_later_repeats_nothing(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 1)
    season.tick(small_storage, packaged, D3)
    season.send_all(small_storage, D3)
    stated = moved(packaged, date(2020, 11, 30), at=time(18))
    season.tick(small_storage, stated, D3 + HOUR)

    assert season.send_all(small_storage, D3 + HOUR) == []


def test_unsubscribed_and_unwilling_people_are_not_reminded(
    small_storage: Storage, packaged: Library
) -> None:
    season.enrol(small_storage, 1, prefix="unwilling", consents=False)
    season.enrol(small_storage, 2)
    with small_storage.write.begin() as session:
        gone = roster.by_address(session, "team-1@example.org")
        assert gone is not None
        roster.unsubscribe(session, gone.id, now=D7 - DAY)
    season.tick(small_storage, packaged, D7)

    assert season.reminders(small_storage) == [("D-7", "team-2@example.org")]


def test_decision_has_no_audience_before_its_release(storage: Storage, packaged: Library) -> None:
    addresses = season.enrol(storage, 2, status=Stage.SUBMITTED)
    before = season.day(12, 6)
    release(storage, addresses, Stage.SHORTLISTED, before + HOUR)
    with storage.read() as session:
        seen = {one.stage for one in roster.standings(session, now=before)}
    season.tick(storage, packaged, before)

    assert seen == {Stage.SUBMITTED}
    assert season.reminders(storage) == []


def test_shortlisted_teams_are_reminded_after_their_result_was_sent(
    storage: Storage, packaged: Library
) -> None:
    season.enrol(storage, 3, status=Stage.SUBMITTED)
    slot_at = season.day(12, 9, 14, 20)
    release(storage, ["team-1@example.org"], Stage.SHORTLISTED, season.day(12, 4, 14), slot_at=slot_at)
    season.tick(storage, packaged, season.day(12, 6))

    (row,) = season.outbox(storage)
    assert (row.recipient, row.provenance["milestone"]) == ("team-1@example.org", "presentation")
    assert row.embargo_until == season.day(12, 4, 14)


@pytest.mark.parametrize("state", [MailState.UNKNOWN, MailState.FAILED, MailState.QUEUED])
def test_check_24_reminder_stays_blocked_while_its_result_is_not_known_to_be_sent(
    small_storage: Storage, packaged: Library, state: MailState
) -> None:
    season.enrol(small_storage, 1, status=Stage.SUBMITTED)
    release(small_storage, ["team-1@example.org"], Stage.SHORTLISTED, season.day(12, 4, 14), state=state)
    season.tick(small_storage, packaged, season.day(12, 6))

    assert season.reminders(small_storage) == []


def test_who_was_not_chosen_or_withdrew_is_not_reminded_of_the_presentation(
    small_storage: Storage, packaged: Library
) -> None:
    chosen, other = season.enrol(small_storage, 2, status=Stage.SUBMITTED)
    release(small_storage, [chosen, other], Stage.SHORTLISTED, season.day(12, 4, 14))
    season.becomes(small_storage, other, Stage.WITHDRAWN)
    season.tick(small_storage, packaged, season.day(12, 6))

    assert season.reminders(small_storage) == [("D-3", chosen)]


def test_empty_roster_is_told_to_staff_once(storage: Storage, packaged: Library) -> None:
    season.beats(storage, packaged, [D7, D7 + HOUR, D7 + 2 * HOUR, D7 + DAY])

    assert season.notices(storage) == 1


def test_everybody_done_is_no_error(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 2, status=Stage.SUBMITTED)
    season.beats(small_storage, packaged, [D7, D7 + HOUR, D7 + DAY])

    assert season.notices(small_storage) == 0


def test_audience_above_the_limit_is_held_back_and_told(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 5)
    season.tick(small_storage, packaged, D7, most=4)

    assert (season.reminders(small_storage), season.notices(small_storage)) == ([], 1)

    season.tick(small_storage, packaged, D7 + HOUR, most=5)

    assert len(season.reminders(small_storage)) == 5


def test_languages_are_their_own(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 1, prefix="ko")
    season.enrol(small_storage, 1, prefix="en", language="en")
    season.tick(small_storage, packaged, D3)

    assert [row.subject for row in season.outbox(small_storage)] == [
        "[D-3] 접수 마감까지 3일 남았습니다 (11월 30일(월))",
        "[D-3] Applications: 3 days left (Monday 30 November)",
    ]


def test_outlook_counts_todays_audience(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 4)
    season.tick(small_storage, packaged, D7)
    with small_storage.read() as session:
        outlook = reminding.outlook(session, packaged, now=D7 + DAY)

    assert [(one.slot.milestone.id, str(one.slot.offset), one.count, one.note) for one in outlook] == [
        ("application", "D-3", 4, None),
        ("application", "D-1", 4, None),
        ("presentation", "D-3", 0, "no decision was told yet"),
        ("presentation", "D-1", 0, "no decision was told yet"),
    ]


def test_clock_that_leaps_finds_every_instant(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 50)
    now: datetime | None = season.OPENED
    leaps = 0
    while now is not None and now < season.day(12, 12):
        season.tick(small_storage, packaged, now)
        leaps += 1
        with small_storage.read() as session:
            now = reminding.next_at(session, packaged, now=now)

    assert len(season.reminders(small_storage)) == 150
    assert leaps < 15


def test_tick_of_an_empty_edition_does_nothing(small_storage: Storage, edition: Library) -> None:
    season.enrol(small_storage, 1)

    assert season.tick(small_storage, edition, D7) == reminding.Ticked()


def test_ticks_of_a_day_queue_nothing_new(small_storage: Storage, packaged: Library) -> None:
    season.enrol(small_storage, 3)
    done = season.beats(
        small_storage, packaged, [D7 + number * timedelta(seconds=30) for number in range(40)]
    )

    assert [one.queued for one in done] == [3] + [0] * 39
