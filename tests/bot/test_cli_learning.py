"""Learning at the command line: drafts, codes, modes, facts, gaps, reviews."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.storage import open_storage
from bot.tables import Overlay, StaffRole
from bot.understanding import Understanding
from mailer.tables import MailKind
from tests.bot.command import Command, Ran
from tests.bot.office import DEADLINE, LATE, Office, eml, words

A, B = ("--staff", "staff-a@example.org"), ("--staff", "staff-b@example.org")
DRAFT = """
kind: entry
id: support.parking
title: {ko: 주차, en: Parking}
source: ["6"]
asks: [may_i]
ko: {phrasings: ["주차장을 쓸 수 있나요?"], answer: 주차는 돕지 않습니다.}
en: {phrasings: ["May I park there?"], answer: There is no parking.}
"""
POISON = """
kind: phrasings
id: support.worth
language: ko
phrasings: ["지방에서 오는데 교통비를 주시나요?", "지방에서 가는데 교통비 주나요?"]
"""


@pytest.fixture
def office(command: Command, migrated_file: Path, understanding: Understanding) -> Iterator[Office]:
    """A desk over the database of the commands, with two approvers and an inquiry that waits."""
    path = command.folder / "var" / "contestdesk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    storage = open_storage(f"sqlite:///{path}")
    office = Office(storage=storage, understanding=understanding)
    office.add_staff("staff-a@example.org", StaffRole.APPROVER)
    office.add_staff("staff-b@example.org", StaffRole.APPROVER)
    office.take(eml(LATE))
    yield office
    storage.close()


def put(command: Command, text: str) -> str:
    (command.folder / "draft.yaml").write_text(text, encoding="utf-8")
    return "draft.yaml"


def done(ran: Ran) -> str:
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def refused(ran: Ran) -> str:
    assert (ran.code, ran.out) == (1, "")
    return ran.complaints[-1]


def code(office: Office) -> str:
    """The newest code, as its owner reads it."""
    found = re.search(
        r"^(\w{4}-\w{4})\r?$", words(office.message(office.outbox(MailKind.CODE)[-1].id)), re.MULTILINE
    )
    assert found is not None
    return found[1]


def test_entry_from_a_file_is_approved_by_another_person(command: Command, office: Office) -> None:
    made = done(command("faq", "draft", put(command, DRAFT), *A))
    own = refused(command("faq", "approve", "1", *A))
    sent = done(command("faq", "approve", "1", *B))
    wrong = refused(command("faq", "approve", "1", *B, "--code", "2222-2222"))
    approved = done(command("faq", "approve", "1", *B, "--code", code(office)))

    assert made == "draft 1: entry support.parking\n  contestdesk faq approve 1 --staff APPROVER\n"
    assert "another approver has to approve it" in own
    assert sent == (
        "draft 1: a code goes to staff-b@example.org, good for 10 minutes; repeat with --code CODE\n"
    )
    assert wrong == "contestdesk: draft 1: this code is wrong; look at the newest mail and try again"
    assert approved == "draft 1: approved, version 1\n"
    assert "There is no parking." in done(command("faq", "show", "support.parking", "--database"))


def test_worse_phrasings_need_a_reason(command: Command, office: Office) -> None:
    done(command("faq", "draft", put(command, POISON), *A))
    ran = command("faq", "approve", "1", *A)
    unsaid = command("faq", "approve", "1", *A, "--despite-regress")
    said = command("faq", "approve", "1", *A, "--despite-regress", "--reason", "교통비도 줌")

    assert (ran.code, "draft 1 makes the desk understand worse" in ran.complaints[-1]) == (1, True)
    assert any("[unknown.travel]" in line for line in ran.complaints)
    assert (unsaid.code, said.code, len(office.outbox(MailKind.CODE))) == (2, 0, 1)


def test_check_regress_fails_and_prints_the_difference(command: Command, office: Office) -> None:
    fine = json.loads(done(command("faq", "check", "--regress", "--json")))
    done(command("faq", "draft", put(command, POISON), *A))
    ran = command("faq", "check", "--regress", "--json")
    told = json.loads(ran.out)

    assert (fine["worse"], fine["drafts"], fine["lines"]) == (False, [], 9)
    assert (ran.code, told["worse"], told["drafts"], told["changed"][0]["label"]) == (
        1,
        True,
        [1],
        "unknown.travel",
    )
    readable = command("faq", "check", "--regress")
    assert (readable.code, readable.out.splitlines()[0]) == (1, "with the drafts 1:")
    assert readable.complaints == ["contestdesk: the desk understands worse with these changes"]


def test_letter_becomes_a_draft_that_is_filled_in(command: Command, office: Office) -> None:
    done(command("inquiries", "answer", "1", *A, "--text", "늦게 낸 것은 받지 않습니다."))
    made = done(command("faq", "draft", "--from-inquiry", "1", *A))
    unready = refused(command("faq", "approve", "1", *B))
    text = done(command("faq", "show", "1", "--yaml"))
    filled = text.replace("source: []", "source: ['2']").replace("answer: ''", "answer: We take none.")
    mended = done(command("faq", "draft", put(command, filled), "--replace", "1", *A))
    done(command("faq", "approve", "1", *B))
    done(command("faq", "approve", "1", *B, "--code", code(office)))

    assert made.splitlines()[:2] == [
        "draft 1: entry application.late_submission",
        "  to mend: 'source' is empty: name the section or the notice that the answer rests on",
    ]
    assert unready == "contestdesk: draft 1: the answer in 'en' is empty"
    assert mended.splitlines()[1] == "  contestdesk faq approve 1 --staff APPROVER"
    asked = json.loads(done(command("ask", "--database", "--json", LATE)))
    assert (asked["decision"], asked["parts"][0]["topic"]) == ("answer", "application.late_submission")


def test_drafts_lists_what_waits(command: Command, office: Office) -> None:
    done(command("faq", "draft", put(command, DRAFT), *A))
    before = json.loads(done(command("faq", "drafts", "--json")))
    done(command("faq", "reject", "1", *B, "--reason", "공고와 다름"))

    assert (before["id"], before["kind"], before["subject"], before["state"]) == (
        1,
        "entry",
        "support.parking",
        "open",
    )
    assert done(command("faq", "drafts")) == "no draft waits\n"
    assert json.loads(done(command("faq", "drafts", "--all", "--json")))["reason"] == "공고와 다름"


def test_draft_is_shown_with_what_is_wrong(command: Command, office: Office) -> None:
    dated = DRAFT.replace("주차는 돕지 않습니다.", "12월 4일에만 됩니다.")
    done(command("faq", "draft", put(command, dated), *A))
    shown = done(command("faq", "show", "1"))

    assert "to mend: entries:support.parking.ko: literal fact: '12월'" in shown
    assert json.loads(done(command("faq", "show", "1", "--json")))["faults"] != []


def test_mode_is_set_by_an_approver_at_once(command: Command, office: Office) -> None:
    before = json.loads(done(command("ask", "--database", "--json", DEADLINE)))["decision"]
    said = done(command("faq", "mode", "application.period", "shadow", *A))
    after = json.loads(done(command("ask", "--database", "--json", DEADLINE)))["decision"]

    assert (before, said, after) == ("answer", "application.period: shadow, version 1\n", "escalate")
    modes = [json.loads(line) for line in done(command("faq", "list", "--database", "--json")).splitlines()]
    assert {one["topic"]: one["mode"] for one in modes}["application.period"] == "shadow"


def test_mode_is_refused_to_triage_and_for_what_is_no_topic(command: Command, office: Office) -> None:
    office.add_staff("staff-c@example.org", StaffRole.TRIAGE)

    assert "this needs approver" in refused(
        command("faq", "mode", "application.period", "shadow", "--staff", "staff-c@example.org")
    )
    assert "no topic 'moon'" in refused(command("faq", "mode", "moon", "shadow", *A))
    assert command("faq", "mode", "application.period", "loud", *A).code == 2
    assert office.count(Overlay) == 0


def test_fact_is_set_by_two_persons(command: Command, office: Office) -> None:
    done(command("faq", "fact", "set", "support.teams", "--value", "12", "--source", "공지 3", *A))
    done(command("faq", "approve", "1", *B))
    done(command("faq", "approve", "1", *B, "--code", code(office)))

    assert "12개 팀" in done(command("faq", "show", "support.worth", "--database"))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("support.moons", "--value", "12"), "no fact 'support.moons'; --new adds one"),
        (("support.teams", "--value", "many"), "support.teams is counted in teams: give --value as a number"),
        (("application.hour", "--value", "오후 여섯 시"), "give the English ones with --value-en"),
    ],
)
def test_fact_that_cannot_be_is_refused(
    command: Command, office: Office, arguments: tuple[str, ...], why: str
) -> None:
    assert why in refused(command("faq", "fact", "set", *arguments, "--source", "3", *A))
    assert done(command("faq", "drafts")) == "no draft waits\n"


def test_gaps_show_the_draft_that_would_answer(command: Command, office: Office) -> None:
    told = done(command("faq", "gaps"))
    (document,) = [json.loads(line) for line in done(command("faq", "gaps", "--json")).splitlines()]

    assert told.splitlines()[0] == "# 1. asked 1 times, 1 wait; unknown.late-submission"
    assert (document["unknown"], document["count"]) == ("unknown.late-submission", 1)
    assert done(command("faq", "gaps", "--since", "2020-11-30")) == "no gaps\n"


def test_reviews_are_counted_by_confidence(command: Command, office: Office) -> None:
    office.take(eml(DEADLINE, id="<2@example.org>", sender="other@example.org"))
    empty = done(command("inquiries", "reviews"))
    said = done(command("inquiries", "review", "2", "1", "right", *A))
    needed = done(command("inquiries", "feedback", "2", "1", "need_person"))
    counted = [json.loads(line) for line in done(command("inquiries", "reviews", "--json")).splitlines()]

    assert (empty, said, needed) == (
        "nothing is reviewed yet\n",
        "inquiry 2, question 1: right\n",
        "inquiry 2, question 1: need_person\n",
    )
    assert (sum(one["right"] for one in counted), sum(one["wrong"] for one in counted)) == (1, 0)
    assert command("inquiries", "review", "2", "1", "great", *A).code == 2
    assert "nothing to review" in refused(command("inquiries", "review", "1", "1", "right", *A))
