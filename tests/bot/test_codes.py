"""One-time codes: one person, one purpose, one content, ten minutes, five tries."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import codes
from bot.codes import Redeemed
from bot.refusal import Refused
from bot.tables import OneTimeCode, Staff
from mailer.tables import MailKind
from tests.bot.office import IDENTITY, NOON, Office, words

PURPOSE = "draft:1"
CONTENT = codes.content_hash(["entry", "x", {"a": 1}])


def send(office: Office, staff: Staff, *, content: str = CONTENT, minutes: int = 0) -> str:
    """Send a code and read it from the mail, as its owner does."""
    with office.storage.write.begin() as session:
        number = codes.send(
            session,
            staff,
            purpose=PURPOSE,
            said="FAQ 초안 1번 승인",
            content=content,
            identity=IDENTITY,
            now=NOON,
            real_now=NOON + timedelta(minutes=minutes),
        )
    found = re.search(r"^([0-9A-Z]{4}-[0-9A-Z]{4})\r?$", words(office.message(number)), re.MULTILINE)
    assert found is not None
    return found[1]


def redeem(
    office: Office,
    staff: Staff,
    typed: str,
    *,
    purpose: str = PURPOSE,
    content: str = CONTENT,
    minutes: float = 1,
) -> Redeemed:
    with office.storage.write.begin() as session:
        return codes.redeem(
            session,
            staff,
            typed,
            purpose=purpose,
            content=content,
            identity=IDENTITY,
            real_now=NOON + timedelta(minutes=minutes),
        )


@pytest.fixture
def staff(office: Office) -> Staff:
    return office.add_staff()


def other(code: str) -> str:
    """A wrong code of the right shape."""
    return ("3" if code[0] == "2" else "2") + code[1:]


def test_code_is_good_once(office: Office, staff: Staff) -> None:
    code = send(office, staff)

    assert (redeem(office, staff, code), redeem(office, staff, code)) == (Redeemed.YES, Redeemed.VOID)


def test_code_goes_to_the_person_alone(office: Office, staff: Staff) -> None:
    send(office, staff)

    assert [(row.recipient, row.kind) for row in office.outbox()] == [(staff.address, MailKind.CODE)]


def test_case_and_dashes_do_not_matter(office: Office, staff: Staff) -> None:
    code = send(office, staff)

    assert redeem(office, staff, f" {code.replace('-', '').lower()} ") is Redeemed.YES


def test_code_of_another_person_is_none(office: Office, staff: Staff) -> None:
    code = send(office, staff)

    assert redeem(office, office.add_staff("staff-b@example.org"), code) is Redeemed.VOID


def test_code_for_another_purpose_is_none(office: Office, staff: Staff) -> None:
    assert redeem(office, staff, send(office, staff), purpose="draft:2") is Redeemed.VOID


def test_code_is_void_when_the_content_changed(office: Office, staff: Staff) -> None:
    code = send(office, staff)
    changed = codes.content_hash(["entry", "x", {"a": 2}])

    assert [redeem(office, staff, code, content=changed), redeem(office, staff, code)] == [
        Redeemed.CHANGED,
        Redeemed.VOID,
    ]


@pytest.mark.parametrize(("minutes", "outcome"), [(9.9, Redeemed.YES), (10, Redeemed.EXPIRED)])
def test_code_is_good_for_ten_minutes(
    office: Office, staff: Staff, minutes: float, outcome: Redeemed
) -> None:
    assert redeem(office, staff, send(office, staff), minutes=minutes) is outcome


def test_fifth_wrong_try_voids_the_code(office: Office, staff: Staff) -> None:
    code = send(office, staff)
    outcomes = [redeem(office, staff, other(code)) for _ in range(codes.TRIES)]

    assert outcomes == [*[Redeemed.WRONG] * 4, Redeemed.VOID]
    assert redeem(office, staff, code) is Redeemed.VOID


def test_newer_code_voids_the_older(office: Office, staff: Staff) -> None:
    first, second = send(office, staff), send(office, staff, minutes=1)

    assert (redeem(office, staff, first, minutes=2), redeem(office, staff, second, minutes=2)) == (
        Redeemed.WRONG,
        Redeemed.YES,
    )


def test_nobody_gets_more_than_ten_in_an_hour(office: Office, staff: Staff) -> None:
    for _ in range(codes.PER_HOUR):
        send(office, staff)

    with pytest.raises(Refused, match="10 codes within an hour"):
        send(office, staff, minutes=59)
    assert send(office, staff, minutes=61)


def test_code_itself_is_not_kept(office: Office, staff: Staff) -> None:
    code = send(office, staff).replace("-", "")
    with office.storage.read() as session:
        (row,) = session.scalars(select(OneTimeCode))

    assert code not in " ".join(str(value) for value in vars(row).values())


def test_content_hash_does_not_hang_on_the_order_of_keys() -> None:
    assert codes.content_hash({"a": 1, "b": "가"}) == codes.content_hash({"b": "가", "a": 1})
