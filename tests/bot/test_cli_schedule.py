"""The schedule at the command line: shown, written as a calendar, edited, approved, corrected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import icalendar
import pytest

from bot.storage import open_storage
from bot.tables import StaffRole
from bot.understanding import Understanding
from mailer.tables import MailKind
from tests.bot.command import Command, Ran
from tests.bot.office import DEADLINE, Office, eml, words

A, B = ("--staff", "staff-a@example.org"), ("--staff", "staff-b@example.org")


@pytest.fixture
def office(command: Command, migrated_file: Path, understanding: Understanding) -> Iterator[Office]:
    """A desk over the database of the commands, with two approvers, that has answered about the deadline."""
    path = command.folder / "var" / "contestdesk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    storage = open_storage(f"sqlite:///{path}")
    office = Office(storage=storage, understanding=understanding)
    office.add_staff("staff-a@example.org", StaffRole.APPROVER)
    office.add_staff("staff-b@example.org", StaffRole.APPROVER)
    office.take(eml(DEADLINE))
    yield office
    storage.close()


def done(ran: Ran) -> str:
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def code(office: Office) -> str:
    """The newest code, as its owner reads it."""
    mail = office.message(office.outbox(MailKind.CODE)[-1].id)
    found = re.search(r"^(\w{4}-\w{4})\r?$", words(mail), re.MULTILINE)
    assert found is not None
    return found[1]


def test_show_tells_each_milestone_and_that_no_hour_is_announced(command: Command) -> None:
    shown = done(command("schedule", "show"))
    found = json.loads(done(command("schedule", "show", "--json")))
    first = found["milestones"][0]

    assert "no hour announced" in shown
    assert found["version"] == 0
    assert (first["milestone"], first["ends_on"], first["at"]) == ("application", "2020-11-30", None)


def test_ics_writes_a_calendar_that_is_read_back(command: Command) -> None:
    done(command("schedule", "ics", "--out", "season.ics", "--lang", "en"))
    read = icalendar.Calendar.from_ical((command.folder / "season.ics").read_bytes())

    assert len(read.walk("VEVENT")) >= 1
    assert str(read["METHOD"]) == "PUBLISH"


def test_dry_run_says_what_would_be_and_keeps_nothing(command: Command, office: Office) -> None:
    edit = ("schedule", "set", "application", "ends_on", "2020-12-07", *A, "--dry-run")
    said = done(command(*edit))
    found = json.loads(done(command(*edit, "--json")))

    assert "nothing was changed" in said
    assert (found["draft"], found["after"]) == (None, "2020-11-02/2020-12-07")
    assert [one["address"] for one in found["told"]] == ["lab@example.org"]
    assert done(command("faq", "drafts")) == "no draft waits\n"


def test_edit_is_approved_by_another_person_and_drafts_corrections(command: Command, office: Office) -> None:
    proposed = done(command("schedule", "set", "application", "ends_on", "2020-12-07", *A))
    own = command("schedule", "approve", "1", *A)
    done(command("schedule", "approve", "1", *B))
    approved = done(command("schedule", "approve", "1", *B, "--code", code(office)))
    listed = json.loads(done(command("schedule", "corrections", "--json")))
    (row,) = [
        json.loads(line) for line in done(command("schedule", "corrections", "1", "--json")).splitlines()
    ]
    shown = json.loads(done(command("schedule", "show", "--json")))

    assert "draft 1: contestdesk schedule approve 1 --staff APPROVER" in proposed
    assert (own.code, "another approver" in own.err) == (1, True)
    assert "corrections drafted: 1" in approved
    assert (listed["change"], listed["drafted"], listed["queued"]) == (1, 1, 0)
    assert (row["address"], row["state"]) == ("lab@example.org", "drafted")
    assert shown["milestones"][0]["ends_on"] == "2020-12-07"
    assert office.outbox(MailKind.CORRECTION) == []


def test_corrections_go_out_with_a_code(command: Command, office: Office) -> None:
    done(command("schedule", "set", "application", "ends_on", "2020-12-07", *A))
    done(command("schedule", "approve", "1", *B))
    done(command("schedule", "approve", "1", *B, "--code", code(office)))
    wrong = command("schedule", "correct", "1", *B, "--code", "2222-2222")
    asked = done(command("schedule", "correct", "1", *B))
    sent = done(command("schedule", "correct", "1", *B, "--code", code(office)))
    again = command("schedule", "correct", "1", *B)

    assert (wrong.code, wrong.out) == (1, "")
    assert "a code for 1 corrections goes to staff-b@example.org" in asked
    assert sent == "change 1: 1 corrections queued\n"
    assert [mail.recipient for mail in office.outbox(MailKind.CORRECTION)] == ["lab@example.org"]
    assert again.complaints == ["contestdesk: change 1: no correction waits"]


def test_edit_that_makes_no_sense_is_one_line(command: Command, office: Office) -> None:
    for said in (
        ("application", "ends_on", "soon"),
        ("deadline", "at", "18:00"),
        ("application", "until", "x"),
    ):
        ran = command("schedule", "set", *said, *A)

        assert (ran.code, ran.out, len(ran.complaints)) == (1, "", 1)


def test_approve_is_for_edits_of_the_schedule(command: Command, office: Office) -> None:
    (command.folder / "draft.yaml").write_text(
        "kind: mode\nid: support.worth\nmode: suggest\n", encoding="utf-8"
    )
    done(command("faq", "draft", "draft.yaml", *A))
    ran = command("schedule", "approve", "1", *B)

    assert ran.complaints == [
        "contestdesk: draft 1 is no edit of the schedule; use: contestdesk faq approve 1"
    ]
