"""Our own sets of bounces, machines and persons: written from RFCs and servers' documentation (checks 14, 21)."""

from __future__ import annotations

import json
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.inbox import rules
from bot.inbox.limits import Unreadable
from bot.inbox.parse import parse
from bot.inbox.rules import MailVerdict, Ruling
from mailer import token

DATA = Path(__file__).parent.parent / "data"
SECRET = b"a secret for tests only, 32 octets"
DESK = rules.DeskNames(
    addresses=("contest@contest.test",), domain="contest.test", secret=SECRET, authserv_id="mx.contest.test"
)
PERSON = "person"
ROWS = [
    (folder, row)
    for folder in ("bounces", "machines")
    for row in map(json.loads, (DATA / folder / "expected.jsonl").read_text(encoding="utf-8").splitlines())
]


@cache
def ruled(folder: str, file: str) -> Ruling:
    return rules.classify(parse((DATA / folder / file).read_bytes()), envelope_sender=None, desk=DESK)


@pytest.mark.parametrize(("folder", "row"), ROWS, ids=[f"{folder}-{row['file']}" for folder, row in ROWS])
def test_mail_of_our_sets_gets_its_verdict(folder: str, row: dict[str, Any]) -> None:
    ruling = ruled(folder, row["file"])
    told: dict[str, Any] = {"verdict": ruling.verdict.value}
    if ruling.verdict in (MailVerdict.QUESTION, MailVerdict.REPLY):
        told["verdict"] = PERSON
    if ruling.bounce is not None:
        told |= {
            name: getattr(ruling.bounce, name) for name in ("recipient", "status", "permanent", "delayed")
        }

    assert told == {name: value for name, value in row.items() if name != "file"}


def test_check_14_machines_are_not_answered_and_persons_are() -> None:
    answered = Counter(
        (row["verdict"] == PERSON, ruled(folder, row["file"]).may_answer) for folder, row in ROWS
    )
    # Letters through another help desk, or whose program asks for silence, are left to a person to answer.
    left = Counter(ruled(folder, row["file"]).rule for folder, row in ROWS if row["verdict"] == PERSON)

    assert answered[(False, True)] == 0
    assert answered[(True, False)] == left["help_desk_letter"] + left["suppress"]
    assert (left["help_desk_letter"], left["suppress"]) == (4, 1)


def test_check_21_sets_are_large_enough_to_mean_something() -> None:
    verdicts = Counter(row["verdict"] for _, row in ROWS)

    assert verdicts["bounce"] >= 110
    assert sum(verdicts[name] for name in ("auto_reply", "list", "spam")) >= 80
    assert verdicts[PERSON] >= 70


def test_each_verdict_names_a_rule_and_a_section() -> None:
    silent = [ruled(folder, row["file"]) for folder, row in ROWS if row["verdict"] != PERSON]

    assert [ruling.reason for ruling in silent if not ruling.rule or "(" not in ruling.reason] == []


def test_check_17_our_own_mail_coming_back_is_own_whatever_else_it_says() -> None:
    ours = token.message_id(7, SECRET, "contest.test")
    bounce = (DATA / "bounces" / "first" / "qmail_unknown.eml").read_bytes()
    mails = [f"Message-ID: {ours}\r\n".encode() + bounce, b"From: contest@contest.test\r\n\r\nx"]

    rulings = [rules.classify(parse(raw), envelope_sender="", desk=DESK) for raw in mails]
    assert [(ruling.verdict, ruling.may_answer) for ruling in rulings] == [(MailVerdict.OWN, False)] * 2


@pytest.mark.parametrize(
    "seed",
    [" ", "\n", "a@b.c ", "<", "550 ", "could not be ", "delivery to the ", "Status: 5.1.1\n\n", "메일 "],
)
def test_hostile_text_costs_no_time(seed: str) -> None:
    text = (seed * 20_000)[:20_000].encode()
    subject = text[:2_000].replace(b"\n", b" ")
    began = time.process_time()
    for head in (
        b"From: MAILER-DAEMON@mx.test\r\nSubject: " + subject,
        b"From: lab@example.org\r\nSubject: " + subject,
        b"From: lab@example.org\r\nContent-Type: message/delivery-status",
    ):
        try:
            rules.classify(parse(head + b"\r\n\r\n" + text), envelope_sender="", desk=DESK)
        except Unreadable:
            continue

    assert time.process_time() - began < 2


def test_token_lowers_the_bar_for_a_bounce_in_words() -> None:
    signed = f"{token.sign(token.BOUNCES, 5, SECRET)}@contest.test"
    raw = b"From: office@example.org\r\nSubject: Your mail\r\n\r\nIt could not be delivered to lab@example.org.\r\n"

    verdicts = [
        rules.classify(parse(raw), envelope_sender="x@example.org", desk=DESK, recipients=recipients).verdict
        for recipients in ((signed,), ("contest@contest.test",))
    ]
    assert verdicts == [MailVerdict.BOUNCE, MailVerdict.QUESTION]
