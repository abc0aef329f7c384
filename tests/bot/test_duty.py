"""Whose turn it is: claim, snooze, wake."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import duty, triage
from bot.refusal import Refused
from bot.tables import InquiryState
from tests.bot.office import DEADLINE, FORM, LATE, NOON, Office, eml

TOMORROW = NOON + timedelta(days=1)


def claim(office: Office, address: str = "staff-a@example.org") -> bool:
    staff = office.add_staff(address)
    with office.storage.write.begin() as session:
        return duty.claim(session, triage.find(session, 1), staff=staff, now=NOON)


def snooze(office: Office) -> None:
    staff = office.add_staff()
    with office.storage.write.begin() as session:
        duty.snooze(session, triage.find(session, 1), TOMORROW, staff=staff, now=NOON)


def wake(office: Office, after: timedelta) -> int:
    with office.storage.write.begin() as session:
        return duty.wake(session, now=NOON + after)


def test_claimed_inquiry_has_an_owner(office: Office) -> None:
    office.take(eml(LATE))

    assert (claim(office), claim(office)) == (True, False)
    assert (office.inquiry(1).state, office.inquiry(1).owner) == (InquiryState.CLAIMED, "staff-a@example.org")
    assert office.events(1)[-2:] == ["answered", "claimed"]


def test_inquiry_of_somebody_else_is_not_claimed(office: Office) -> None:
    office.take(eml(LATE))
    claim(office)
    with pytest.raises(Refused, match=r"is claimed by staff-a@example\.org"):
        claim(office, "staff-b@example.org")

    assert office.inquiry(1).owner == "staff-a@example.org"


def test_inquiry_that_is_open_again_may_be_claimed_by_anybody(office: Office) -> None:
    office.take(eml(LATE))
    claim(office)
    staff = office.add_staff()
    with office.storage.write.begin() as session:
        triage.close(session, triage.find(session, 1), staff=staff, now=NOON)

    assert claim(office, "staff-b@example.org")


def test_snoozed_inquiry_wakes_in_time(office: Office) -> None:
    office.take(eml(LATE))
    snooze(office)

    assert wake(office, timedelta(hours=23)) == 0
    assert office.inquiry(1).state is InquiryState.SNOOZED
    assert wake(office, timedelta(days=1)) == 1
    assert (office.inquiry(1).state, office.inquiry(1).snooze_until) == (InquiryState.NEW, None)
    assert wake(office, timedelta(days=2)) == 0


def test_snoozed_inquiry_wakes_with_its_owner(office: Office) -> None:
    office.take(eml(LATE))
    claim(office)
    snooze(office)
    wake(office, timedelta(days=1))

    assert office.inquiry(1).state is InquiryState.CLAIMED


def test_new_question_ends_the_rest(office: Office) -> None:
    office.take(eml(LATE))
    snooze(office)
    office.take(eml("교통비를 주시나요?", id="<2@example.org>", answers="<1@example.org>"))

    assert office.inquiry(1).state is InquiryState.NEW


def test_question_that_the_desk_answers_leaves_it_at_rest(office: Office) -> None:
    office.take(eml(LATE))
    snooze(office)
    office.take(eml(FORM, id="<2@example.org>", answers="<1@example.org>"))

    assert office.inquiry(1).state is InquiryState.SNOOZED


def test_past_instant_is_refused(office: Office) -> None:
    office.take(eml(LATE))
    staff = office.add_staff()
    with (
        office.storage.write.begin() as session,
        pytest.raises(Refused, match="2020-11-20 12:00 KST is past"),
    ):
        duty.snooze(session, triage.find(session, 1), NOON, staff=staff, now=NOON)


def test_answered_inquiry_cannot_rest(office: Office) -> None:
    office.take(eml(DEADLINE))
    with pytest.raises(Refused, match="cannot become snoozed"):
        snooze(office)
