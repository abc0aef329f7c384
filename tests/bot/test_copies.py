"""Copies and namesakes: mail.md's check 13."""

from __future__ import annotations

import pytest

from bot import copies
from bot.inbox import parse
from tests.bot.office import DEADLINE, FORM, OTHER, STAFF_ADDRESS, Office, eml, put, words


def key(raw: bytes) -> str | None:
    return copies.key(parse.parse(raw), raw)


def test_check_13_two_mails_with_one_message_id_are_both_kept_and_flagged(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    second = office.take(eml(FORM, sender="other@example.org"), envelope_sender="other@example.org")

    assert (first.inquiry_id, second.inquiry_id) == (1, 2)
    assert [row.recipient for row in office.to_applicants()] == ["lab@example.org", "other@example.org"]
    assert [office.events(number) for number in (1, 2)] == [
        ["asked", "answered", "same_message_id"],
        ["asked", "answered", "same_message_id"],
    ]
    said = "inbound 2 has the Message-ID of inbound 1 (inquiry 1), other content"
    assert office.happened(2)[-1].data == {"reason": said, "of": 1}
    assert office.mark(2).reason.endswith(said)
    [notice] = office.notices()
    assert (notice.recipient, said in words(office.message(notice.id))) == (STAFF_ADDRESS, True)


def test_check_13_third_mail_with_the_id_is_flagged_and_not_told_again(office: Office) -> None:
    for number, text in enumerate((DEADLINE, FORM, FORM + " "), start=1):
        office.take(eml(text, sender=f"lab-{number}@example.org"))

    assert [office.events(number)[-1] for number in (1, 2, 3)] == ["same_message_id"] * 3
    assert len(office.notices()) == 1


def test_check_13_namesake_of_a_machine_s_mail_is_flagged(office: Office) -> None:
    office.take(eml("I am away", headers={"Auto-Submitted": "auto-replied"}))
    handled = office.take(eml(OTHER))

    assert office.events(handled.inquiry_id).count("same_message_id") == 1


def test_copy_of_a_flagged_mail_is_a_duplicate(office: Office) -> None:
    office.take(eml(DEADLINE))
    office.take(eml(FORM))
    third = office.take(eml(FORM))

    assert (office.mark(3).verdict, third.withheld) == ("duplicate", "the same mail as inbound 2")


def test_mail_without_an_id_that_comes_twice_is_one(office: Office) -> None:
    raw = eml(DEADLINE, id=None)
    office.take(raw)
    office.take(raw)

    assert [office.mark(number).verdict for number in (1, 2)] == ["question", "duplicate"]
    assert len(office.to_applicants()) == 1


def test_mail_without_an_id_is_known_whatever_way_it_came() -> None:
    raw = eml(DEADLINE, id=None)
    by_another_way = b"Return-Path: <lab@example.org>\r\nReceived: from a.example.org by b\r\n" + raw

    assert key(raw) == key(by_another_way) is not None


def test_mail_without_id_and_date_may_be_written_twice() -> None:
    raw = eml(DEADLINE, id=None).replace(b"Date:", b"X-Date:")

    assert key(raw) is None


@pytest.mark.parametrize(
    "other",
    [
        eml(DEADLINE, id="<2@example.org>"),
        eml(DEADLINE, sender="other@example.org"),
        eml(DEADLINE, subject="other"),
        eml(FORM),
        eml(DEADLINE).replace(b"11:59", b"11:58"),
    ],
)
def test_key_tells_mails_apart(other: bytes) -> None:
    assert key(other) != key(eml(DEADLINE))


def test_key_of_one_mail_is_the_same_by_every_way() -> None:
    raw = eml(DEADLINE)
    trace = b"Received: from a.example.org by b.example.org; Fri, 20 Nov 2020 12:00:00 +0900\r\n"

    assert key(trace + raw) == key(raw) == key(raw.replace(b"\r\n", b"\n") + b"\n")
    assert len(key(raw) or "") == 64


def test_duplicate_is_not_worked_on_again(office: Office) -> None:
    number = put(office.storage, eml(DEADLINE))
    office.settle(number)

    assert office.settle(number) is None
