"""The slots of a season: when a reminder goes out, until when it may, and what cannot be one."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time, timedelta

import pytest

from faq import library
from faq.contest import SEOUL, Language, Milestone, Person, Round, Stage
from faq.reminders import CountsTo, Offset, Reminders, Rule, Unit
from mailer import reminder_letter, reminders
from mailer.reminder_letter import Addressee
from mailer.reminders import Slot

CLOSING = Milestone(
    id="application",
    title={Language.KO: "접수", Language.EN: "Applications"},
    starts_on=date(2020, 11, 2),
    ends_on=date(2020, 11, 30),
    at=None,
    approximate=None,
    source=("2",),
)


def offset(text: str) -> Offset:
    return Offset(unit=Unit(text[0]), count=int(text[2:]))


def rules(
    *offsets: str,
    at: time = time(10),
    audience: tuple[Stage, ...] = (Stage.DRAFTING,),
    counts_to: CountsTo = CountsTo.END,
) -> Reminders:
    rule = Rule(
        milestone="application",
        audience=audience,
        offsets=tuple(offset(text) for text in offsets),
        at=at,
        counts_to=counts_to,
    )
    return Reminders(rules=(rule,))


def shown(instant: datetime) -> str:
    return f"{instant.astimezone(SEOUL):%m-%d %H:%M:%S}"


def only(plan: reminders.Plan) -> Slot:
    (slot,) = plan.slots
    return slot


def test_plan_of_the_2020_edition() -> None:
    packaged = library.load(library.PACKAGED)
    plan = reminders.plan(packaged.contest.milestones, packaged.reminders)

    assert [(slot.milestone.id, str(slot.offset), shown(slot.at)) for slot in plan.slots] == [
        ("application", "D-7", "11-23 10:00:00"),
        ("application", "D-3", "11-27 10:00:00"),
        ("application", "D-1", "11-29 10:00:00"),
        ("presentation", "D-3", "12-06 10:00:00"),
        ("presentation", "D-1", "12-08 10:00:00"),
    ]
    assert plan.refused == ()


def test_slot_without_an_hour_counts_to_the_end_of_the_day() -> None:
    slot = only(reminders.plan({"application": CLOSING}, rules("D-1")))

    assert shown(slot.due_at) == "12-01 00:00:00"
    assert slot.key(7) == "reminder:application:D-1:20201130T1500Z:7"


def test_reminder_of_the_day_before_never_leaves_on_the_day() -> None:
    without_quiet = dataclasses.replace(rules("D-1"), quiet_from=time(), quiet_until=time())
    slot = only(reminders.plan({"application": CLOSING}, without_quiet))

    assert shown(slot.not_after) == "11-29 23:59:59"


def test_hours_are_refused_until_an_hour_is_stated() -> None:
    plan = reminders.plan({"application": CLOSING}, rules("H-3"))

    assert plan.slots == ()
    assert [(str(refusal.offset), refusal.why) for refusal in plan.refused] == [
        ("H-3", "no hour is announced; set one with: contestdesk schedule set")
    ]


def test_hours_are_counted_from_a_stated_hour() -> None:
    closing = dataclasses.replace(CLOSING, at=time(18))
    slot = only(reminders.plan({"application": closing}, rules("H-3")))

    assert (shown(slot.at), shown(slot.not_after)) == ("11-30 15:00:00", "11-30 16:29:59")


@pytest.mark.parametrize(
    ("at", "when"),
    [
        (time(21), "11-29 20:59:00"),
        (time(23, 30), "11-29 20:59:00"),
        (time(7, 59), "11-28 20:59:00"),
        (time(0), "11-28 20:59:00"),
        (time(8), "11-29 08:00:00"),
        (time(20, 59), "11-29 20:59:00"),
    ],
)
def test_slot_in_quiet_hours_moves_to_the_last_minute_before_them(at: time, when: str) -> None:
    slot = only(reminders.plan({"application": CLOSING}, rules("D-1", at=at)))

    assert shown(slot.at) == when
    assert slot.not_after.astimezone(SEOUL).time() == time(20, 59, 59)


def test_quiet_hours_after_midnight_move_to_the_same_day_or_the_one_before() -> None:
    early = dataclasses.replace(rules("D-1", at=time(3)), quiet_from=time(0), quiet_until=time(6))
    slot = only(reminders.plan({"application": CLOSING}, early))

    assert shown(slot.at) == "11-28 23:59:00"


def test_vague_days_are_not_reminded_of() -> None:
    vague = dataclasses.replace(CLOSING, approximate={Language.KO: "말", Language.EN: "late"})
    plan = reminders.plan({"application": vague}, rules("D-1"))

    assert (plan.slots, len(plan.refused)) == ((), 1)


def test_slot_before_the_release_is_not_planned() -> None:
    chosen = rules("D-3", "D-1", audience=(Stage.SHORTLISTED,))
    release = datetime(2020, 11, 28, 14, 0, tzinfo=SEOUL)
    plan = reminders.plan({"application": CLOSING}, chosen, releases={Round.FIRST: release})

    assert [(str(slot.offset), slot.embargo_until) for slot in plan.slots] == [("D-1", release)]
    assert [str(refusal.offset) for refusal in plan.refused] == ["D-3"]


def test_period_may_count_to_its_first_day() -> None:
    slot = only(reminders.plan({"application": CLOSING}, rules("D-3", counts_to=CountsTo.START)))

    assert (shown(slot.at), shown(slot.due_at)) == ("10-30 10:00:00", "11-02 00:00:00")
    assert (slot.at_end, slot.counted_on) == (False, date(2020, 11, 2))


def test_reminder_on_the_day_itself_needs_time_left() -> None:
    plan = reminders.plan(
        {"application": dataclasses.replace(CLOSING, at=time(9))}, rules("D-0", at=time(10))
    )

    assert [refusal.why for refusal in plan.refused] == ["it would come when all is over"]


def test_moved_day_makes_other_keys() -> None:
    moved = dataclasses.replace(CLOSING, ends_on=date(2020, 12, 2))
    before, after = (
        only(reminders.plan({"application": milestone}, rules("D-1"))) for milestone in (CLOSING, moved)
    )

    assert (before.key(1), after.key(1)) == (
        "reminder:application:D-1:20201130T1500Z:1",
        "reminder:application:D-1:20201202T1500Z:1",
    )


@pytest.mark.parametrize(
    ("days", "language", "said"),
    [
        (3, Language.KO, "[D-3] 접수 마감까지 3일 남았습니다 (11월 30일(월))"),
        (1, Language.KO, "[D-1] 접수 마감이 내일입니다 (11월 30일(월))"),
        (0, Language.KO, "[D-Day] 접수 마감이 오늘입니다 (11월 30일(월))"),
        (3, Language.EN, "[D-3] Applications: 3 days left (Monday 30 November)"),
        (1, Language.EN, "[D-1] Applications: the last day is tomorrow (Monday 30 November)"),
        (0, Language.EN, "[D-Day] Applications: the last day is today (Monday 30 November)"),
    ],
)
def test_subject_tells_the_days_that_are_left_when_it_is_written(
    days: int, language: Language, said: str
) -> None:
    slot = only(reminders.plan({"application": CLOSING}, rules("D-3")))
    now = datetime(2020, 11, 30, 12, 0, tzinfo=SEOUL) - timedelta(days=days)

    assert reminder_letter.subject(slot, language, now=now) == said


def test_provenance_names_the_day_that_was_told() -> None:
    from tests.mailer.letters import IDENTITY

    packaged = library.load(library.PACKAGED)
    slot = reminders.plan(packaged.contest.milestones, packaged.reminders).slots[0]
    to = Addressee(
        id=7,
        person=Person(address="lab@example.org", name=None, language=Language.KO),
        team="한들",
        stage=Stage.DRAFTING,
        since=slot.at,
    )
    letter = reminder_letter.letter(slot, to, contest=packaged.contest, identity=IDENTITY, now=slot.at)

    assert letter.provenance["facts"] == {"application": "2020-11-30"}
    assert letter.provenance["values"] == {"application": "2020-11-02/2020-11-30"}
    assert letter.data["silence"] == "마지막 날 몇 시까지인지는 공고에 적혀 있지 않습니다."
    assert (letter.data["hour"], letter.data["days_left"], letter.data["period"]) == (None, 7, True)
