"""The season rehearsed: the 2020 calendar, the same with a pause and with two desks, and an edited one."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bot import rehearsal, rehearsal_ledger, rehearsal_report, schedule_file, season_people
from bot.refusal import Refused
from bot.rehearsal import Plot
from bot.rehearsal_ledger import Entry, Rehearsed
from faq import library
from faq.contest import SEOUL, Language, Stage
from faq.library import Library
from mailer.tables import MailKind
from tests.bot.command import Command

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "season-2020.jsonl"
PACKAGED = library.load()
FIRST_RELEASE = datetime(2020, 12, 4, 14, 0, tzinfo=SEOUL)
#: As few teams as fill the first round.
SMALL = 70
EDITED = """
milestones:
  application: {ends_on: 2020-12-02, at: "18:00"}
  presentation: {on: 2020-12-10}
"""


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2020, month, day, hour, minute, tzinfo=SEOUL)


def plot(edition: Library = PACKAGED, **more: Any) -> Plot:
    return rehearsal.plot(edition, **more)


@cache
def season(applicants: int = rehearsal.APPLICANTS) -> Rehearsed:
    """The season as it is, once for all tests that compare with it."""
    return rehearsal.run(plot(applicants=applicants))


def calendar(done: Rehearsed) -> list[dict[str, Any]]:
    """What leaves in which minute, counted."""
    names = ("at", "kind", "milestone", "offset", "round", "language")
    counted = Counter(tuple(one.as_document()[name] for name in names) for one in done.entries)
    keys = sorted(counted, key=lambda key: tuple(str(part) for part in key))
    return [dict(zip(names, key, strict=True)) | {"mails": counted[key]} for key in keys]


def ledger(done: Rehearsed) -> list[tuple[str, str, str]]:
    """Who gets what in which words, whatever the minute."""
    return sorted(
        (one.kind, one.recipient, one.subject)
        for one in done.entries
        if one.kind is not MailKind.STAFF_NOTICE
    )


def known(one: Entry) -> tuple[Any, ...]:
    """What anybody can see of a mail from outside; the codes for staff are different each time."""
    text = re.sub(r"[2-9A-Z]{4}-[2-9A-Z]{4}", "code", one.text)
    return one.at, one.kind, one.recipient, one.subject, text


@pytest.fixture(scope="session")
def swapped() -> tuple[str, str]:
    """The first of those who are shortlisted, and one who is not."""
    submitted = season_people.invent(SMALL).submitted
    return submitted[0].address, submitted[-1].address


# -- the 2020 season ---------------------------------------------------------------------------


@pytest.mark.long
def test_season_of_2020_goes_out_as_agreed() -> None:
    done = season()
    found = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in calendar(done))
    if os.environ.get("CONTESTDESK_GOLDEN") == "write":
        GOLDEN.write_text(found, encoding="utf-8")

    assert (done.refused, done.left, done.twice) == ((), (), 0)
    assert found == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize(
    ("begins", "ends"),
    [(at(23, 9), at(23, 12)), (at(4, 12, month=12), at(4, 15, month=12))],
    ids=["most reminders", "results"],
)
def test_season_is_the_same_after_three_hours_without_a_desk(begins: datetime, ends: datetime) -> None:
    # The hours in which most reminders, and in which the results leave.
    done = rehearsal.run(plot(down=((begins, ends),)))
    late = [one for one in done.entries if one.at == ends]

    assert ledger(done) == ledger(season())
    assert not [one for one in done.entries if begins <= one.at < ends]
    assert len(late) > 100
    assert done.twice == 0


@pytest.mark.long
def test_season_is_the_same_with_two_desks_on_one_database() -> None:
    done = rehearsal.run(plot(schedulers=2))

    assert ledger(done) == ledger(season())
    assert calendar(done) == calendar(season())
    assert done.twice == 0


@pytest.mark.long
def test_nobody_learns_a_result_before_its_instant(swapped: tuple[str, str]) -> None:
    one, other = season(SMALL), rehearsal.run(plot(applicants=SMALL, swapped=swapped))
    before = [[known(mail) for mail in done.entries if mail.at < FIRST_RELEASE] for done in (one, other)]
    told = [
        {
            mail.recipient: mail.text
            for mail in done.entries
            if mail.kind is MailKind.RESULT and mail.at == FIRST_RELEASE
        }
        for done in (one, other)
    ]

    assert before[0] == before[1]
    assert len(before[0]) > SMALL
    assert [address for address in told[0] if told[0][address] != told[1][address]] == sorted(swapped)


# -- small seasons -----------------------------------------------------------------------------


def test_small_season_tells_everybody_and_nobody_twice() -> None:
    done = season(SMALL)
    cast = season_people.invent(SMALL)
    results = Counter(
        one.recipient for one in done.entries if one.kind is MailKind.RESULT and one.round == "first"
    )

    assert results == Counter(line.address for line in cast.submitted)
    assert (done.refused, done.left, done.twice) == ((), (), 0)
    assert all(one.recipient.endswith((".test", "example.org")) for one in done.entries)


@pytest.mark.long
def test_desk_that_was_away_too_long_leaves_results_to_a_person() -> None:
    begins, ends = at(4, 13, month=12), at(4, 17, month=12)
    done = rehearsal.run(plot(applicants=SMALL, down=((begins, ends),), ends=date(2020, 12, 5)))

    assert not [one for one in done.entries if one.kind is MailKind.RESULT]
    assert [said for said in done.refused if "first round are halted" in said]


def test_edited_schedule_is_compared_with_the_one_in_force(tmp_path: Path) -> None:
    file = tmp_path / "edited.yaml"
    file.write_text(EDITED, encoding="utf-8")
    then = rehearsal.run(plot(schedule_file.edition(file, PACKAGED), applicants=SMALL))
    changes = rehearsal_ledger.compared(season(SMALL).entries, then.entries)
    moved = {
        (one.was.as_document()["at"], one.as_document()["at"], one.entry.milestone, one.entry.offset)
        for one in changes
        if one.was is not None and one.what == "move"
    }

    assert moved == {
        ("2020-11-23T10:00+09:00", "2020-11-25T10:00+09:00", "application", "D-7"),
        ("2020-11-27T10:00+09:00", "2020-11-29T10:00+09:00", "application", "D-3"),
        ("2020-11-29T10:00+09:00", "2020-12-01T10:00+09:00", "application", "D-1"),
        ("2020-12-06T10:00+09:00", "2020-12-07T10:00+09:00", "presentation", "D-3"),
        ("2020-12-08T10:00+09:00", "2020-12-09T10:00+09:00", "presentation", "D-1"),
    }
    assert {one.entry.kind for one in changes} == {MailKind.REMINDER}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("milestones: {deadline: {on: 2020-12-01}}", ["edited.yaml:1: unknown milestone 'deadline'"]),
        ("milestones: {application: {on: tomorrow}}", ["edited.yaml:1: 'tomorrow' is no day"]),
        ("milestones: {application: {ends_on: 2020-10-01}}", ["edited.yaml:1: application would end"]),
        ("milestones: {application: {until: 2020-12-01}}", ["edited.yaml:1: "]),
        ("nothing: {}", ["edited.yaml:1: "]),
    ],
)
def test_file_of_an_edited_schedule_is_refused_by_line(tmp_path: Path, text: str, faults: list[str]) -> None:
    file = tmp_path / "edited.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        schedule_file.read(file, PACKAGED)

    assert [
        line[: len(start)] for line, start in zip(str(refused.value).splitlines(), faults, strict=False)
    ] == faults


def test_season_needs_a_first_day_before_its_last() -> None:
    with pytest.raises(Refused, match="before it begins"):
        plot(begins=date(2020, 12, 1), ends=date(2020, 11, 1))


def test_invented_teams_are_the_same_each_time_and_all_different() -> None:
    cast = season_people.invent(400)

    assert cast == season_people.invent(400)
    assert len({line.team for line in cast.first}) == len({line.address for line in cast.first}) == 400
    assert cast.at(1.0) == cast.last
    assert {line.language for line in cast.first} == set(Language)
    assert Stage.WITHDRAWN in {line.status for line in cast.last}


# -- the report --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report() -> str:
    down = ((at(27, 9), at(27, 12)),)
    return rehearsal_report.page(plot(applicants=SMALL, down=down), season(SMALL), changes=[])


def test_report_draws_the_timeline_and_tells_it_as_a_table(report: str) -> None:
    found = re.search(r"<svg.*?</svg>", report, re.DOTALL)
    assert found is not None
    drawn = ElementTree.fromstring(found[0])
    labelled = drawn.get("aria-labelledby", "").split()

    assert drawn.get("role") == "img"
    assert [drawn.find(f".//*[@id='{name}']") is not None for name in labelled] == [True, True]
    assert {one.get("class") for one in drawn.iter("circle")} == {"reminder", "result", "invite", "staff"}
    assert len([one for one in drawn.iter("rect") if one.get("class") == "band"]) == 5
    assert len([one for one in drawn.iter("rect") if one.get("class") == "down"]) == 1
    assert report.count('<td class="when">') == len(calendar_groups())


def calendar_groups() -> set[tuple[str, str, str, str]]:
    """Minute, kind as the report names it, milestone and offset."""
    staff = (MailKind.CODE, MailKind.STAFF_NOTICE)
    return {
        (
            one.as_document()["at"],
            "staff" if one.kind in staff else one.kind,
            one.milestone or "",
            one.offset or "",
        )
        for one in season(SMALL).entries
    }


def test_report_holds_every_mail_and_loads_nothing(report: str) -> None:
    assert report.count("<pre ") == len(season(SMALL).entries)
    assert not re.search(r"(?i)<(script|link|img|iframe|object|form)|src=|url\(|@import", report)


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1200])
def test_report_fits_a_phone_and_a_desk(report: str, render_html: Callable[..., Path], width: int) -> None:
    picture = render_html(report, width=width, name="rehearsal").read_bytes()

    assert int.from_bytes(picture[16:20], "big") == width


# -- the command -------------------------------------------------------------------------------


def test_command_prints_one_object_a_mail(command: Command) -> None:
    ran = command(
        *("rehearse", "--json", "--applicants", str(SMALL), "--to", "2020-11-27"),
        CONTEST_DIR=str(library.PACKAGED),
    )
    rows = [json.loads(line) for line in ran.out.splitlines()]

    assert (ran.code, ran.err) == (0, "")
    assert set(rows[0]) == {"at", "kind", "milestone", "offset", "round", "recipient", "subject", "language"}
    assert {(row["at"], row["offset"]) for row in rows} == {
        ("2020-11-23T10:00+09:00", "D-7"),
        ("2020-11-27T10:00+09:00", "D-3"),
    }


def test_command_refuses_what_makes_no_sense(command: Command) -> None:
    assert command("rehearse", "--from", "tomorrow").code == 2
    assert command("rehearse", "--down", "2020-11-27").code == 2
    assert command("rehearse", "--schedule", "missing.yaml").code == 1
