"""Robots that change their address meet limits as well (checks 15 and 16)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import echo
from tests.bot.office import DEADLINE, FORM, LATE, NOON, OTHER, OWNER, WORTH, Office, eml
from tests.bot.test_conversation import letter

TEXTS = (DEADLINE, FORM, WORTH, OWNER)


def ours(office: Office, number: int | None) -> str:
    return str(office.message(number)["Message-ID"])


def test_thread_that_others_claim_gets_three_mails(office: Office) -> None:
    """A robot answers each mail of ours from a new address, with our ids."""
    handled = office.take(eml(TEXTS[0], sender="r0@example.org", id="<r0@example.org>"))
    sent, answers = [handled.outbox_id is not None], ""
    for n, text in enumerate((*TEXTS[1:], *TEXTS[:2]), 1):
        answers = ours(office, handled.outbox_id) if handled.outbox_id else answers
        handled = office.take(
            eml(text, sender=f"r{n}@example.org", id=f"<r{n}@example.org>", answers=answers)
        )
        sent.append(handled.outbox_id is not None)

    assert sent == [True, True, True, False, False, False]
    assert handled.withheld == "3 automatic mails in the thread that it claims, without a person"
    assert [row.key for row in office.notices()] == ["withheld:1"]


def test_staff_act_frees_the_thread_that_others_claim(office: Office) -> None:
    for n, text in enumerate(TEXTS[:3]):
        answers = "<r0@example.org>" if n else None
        office.take(eml(text, id=f"<r{n}@example.org>", answers=answers))
    held = office.take(eml(OWNER, sender="b@example.org", id="<b@example.org>", answers="<r0@example.org>"))
    letter(office, 1, now=NOON + timedelta(minutes=1))
    free = office.take(
        eml(OWNER, sender="c@example.org", id="<c@example.org>", answers="<r0@example.org>"),
        now=NOON + timedelta(minutes=2),
    )

    assert (held.outbox_id, free.outbox_id is not None) == (None, True)


def converse(office: Office, senders: list[str], *, subject: str = "[#{n}] Re: {got}") -> list[bool]:
    """Each sender answers our last mail by its subject alone."""
    handled = office.take(eml(TEXTS[0], sender=senders[0], id="<0@example.org>", subject="접수"))
    sent = [True]
    got = "Re: 접수"
    for n, sender in enumerate(senders[1:], 1):
        said = subject.format(n=8000 + n, got=got)
        text = TEXTS[n % len(TEXTS)]
        handled = office.take(eml(text, sender=sender, id=f"<{n}@example.org>", subject=said))
        sent.append(handled.outbox_id is not None)
        got = said
    return sent


def test_subject_that_others_of_a_domain_answer_gets_three_mails(office: Office) -> None:
    sent = converse(office, [f"agent-{n}@example.org" for n in range(6)])

    assert sent == [True, True, True, False, False, False]
    assert [row.key for row in office.notices()] == ["withheld:domain:example.org:2020-11-20"]


def test_one_address_that_answers_by_subject_meets_its_own_limit(office: Office) -> None:
    assert converse(office, ["desk@example.org"] * 7) == [True] * 5 + [False] * 2


def test_other_domains_do_not_count(office: Office) -> None:
    assert converse(office, [f"a@d{n}.test" for n in range(5)]) == [True] * 5


def test_first_mails_on_one_subject_are_all_answered(office: Office) -> None:
    sent = converse(office, [f"lab-{n}@example.org" for n in range(6)], subject="접수")

    assert sent == [True] * 6


def test_yesterday_does_not_count(office: Office) -> None:
    converse(office, [f"agent-{n}@example.org" for n in range(4)])
    later = office.take(
        eml(FORM, sender="new@example.org", id="<n@example.org>", subject="Re: 접수"),
        now=NOON + timedelta(days=1, minutes=1),
    )

    assert later.outbox_id is not None


def test_address_that_changes_its_detail_meets_one_limit(office: Office) -> None:
    sent = converse(office, [f"Support+id{n}@example.org" for n in range(7)], subject="Case {n}")
    others = (
        "support@example.org",
        "support2+id9@example.org",
        "support+id9@example.net",
        "s%+1@example.org",
    )
    free = [
        office.take(eml(FORM, sender=sender, id=f"<{sender}>", subject="Case")).outbox_id for sender in others
    ]

    assert sent == [True] * 5 + [False] * 2
    assert None not in free
    assert [row.key for row in office.notices()] == ["withheld:domain:example.org:2020-11-20"]


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Re: 접수", "접수"),
        ("RE:RE: Re : 접수", "접수"),
        ("[Ticket 12] Re: [#3] Re: 접수 (case 99)", "접수"),
        ("답장： 접수", "접수"),
        ("Fwd: Re: 접수 [#8]", "접수"),
        ("접수", None),
        ("[Ticket 12] 접수", None),
        ("more: 접수", None),
        ("Re:", ""),
        ("", None),
    ],
)
def test_subject_is_cut_to_what_it_answers(subject: str, answered: str | None) -> None:
    assert echo._answered(subject) == answered


@pytest.mark.parametrize("hostile", ["[" * 60_000, "re: " * 20_000, "(" * 60_000, "#" * 60_000])
def test_hostile_subject_is_cut_at_once(hostile: str) -> None:
    assert len(echo._answered(hostile) or "") <= echo.MAX_SUBJECT_CHARS


# -- one thread, one sender ---------------------------------------------------------------------


def test_same_words_in_a_thread_are_answered_once(office: Office) -> None:
    """A robot says the same each time, but for a number (RFC 3834 §2)."""
    office.take(eml(DEADLINE))
    first = office.take(eml(f"{LATE} 3 ", id="<2@example.org>", answers="<1@example.org>"))
    again = office.take(eml(f"{LATE}  4", id="<3@example.org>", answers="<1@example.org>"))

    assert first.outbox_id is not None
    assert again.withheld == "the same words were sent in this inquiry before (RFC 3834 §2)"


def test_check_15_staff_who_know_that_something_waits_are_not_told_again(office: Office) -> None:
    first = office.take(eml(DEADLINE))
    for n in range(4):
        office.take(eml(f"{OTHER} {n}", id=f"<v{n}@example.org>", answers=ours(office, first.outbox_id)))

    assert len(office.to_applicants()) == 2
    assert [row.key for row in office.notices()] == ["notice:2"]


def test_staff_who_acted_are_told_again(office: Office) -> None:
    office.take(eml(OTHER))
    letter(office, 1, now=NOON + timedelta(days=1))
    held = office.take(
        eml(OTHER, id="<2@example.org>", answers="<1@example.org>"), now=NOON + timedelta(days=2)
    )

    assert held.outbox_id is None
    assert len(office.notices()) == 2
