"""What staff and applicants say of answers, and what is counted from it."""

from __future__ import annotations

import pytest

from bot import reviews, staff, triage
from bot.refusal import Refused
from bot.reviews import Bucket, Reviewed
from bot.tables import InquiryState, Opinion, Review
from faq.library import Library
from tests.bot.office import DEADLINE, FORM, LATE, NOON, Office, eml

AUTHOR = "staff-a@example.org"


@pytest.fixture
def asked(office: Office) -> Office:
    """Two inquiries that the desk answered, one that it left to staff."""
    office.add_staff(AUTHOR)
    office.add_staff("staff-b@example.org")
    for number, text in enumerate((DEADLINE, FORM, LATE), 1):
        office.take(eml(text, id=f"<{number}@example.org>", sender=f"lab{number}@example.org"))
    return office


def say(
    office: Office,
    edition: Library,
    number: int,
    opinion: Opinion,
    topic: str | None = None,
    by: str = AUTHOR,
) -> None:
    with office.storage.write.begin() as session:
        reviews.review(
            session,
            reviews.part_of(triage.find(session, number), 1),
            opinion,
            library=edition,
            topic=topic,
            staff=staff.member(session, by),
            now=NOON,
        )


def click(office: Office, number: int, opinion: Opinion) -> None:
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, number)
        reviews.feedback(session, office.desk, inquiry, reviews.part_of(inquiry, 1), opinion, now=NOON)


def judged(office: Office) -> list[Reviewed]:
    with office.storage.read() as session:
        return list(reviews.reviewed(session))


def labels(office: Office) -> list[tuple[str, str]]:
    with office.storage.read() as session:
        return [(line.text, line.label) for line in reviews.labelled(session)]


def test_right_answer_counts_and_labels_its_question(asked: Office, edition: Library) -> None:
    say(asked, edition, 1, Opinion.RIGHT)
    (part,) = asked.parts(1)

    assert judged(asked) == [
        Reviewed(confidence=part.confidence, right=True, by_staff=True, topic="application.period")
    ]
    assert labels(asked) == [(DEADLINE, "application.period")]


def test_wrong_answer_labels_only_what_staff_say(asked: Office, edition: Library) -> None:
    say(asked, edition, 1, Opinion.WRONG)
    say(asked, edition, 2, Opinion.WRONG, "support.worth")

    assert ([one.right for one in judged(asked)], labels(asked)) == (
        [False, False],
        [(FORM, "support.worth")],
    )


def test_incomplete_answer_is_not_right_but_its_topic_is(asked: Office, edition: Library) -> None:
    say(asked, edition, 1, Opinion.INCOMPLETE)

    assert ([one.right for one in judged(asked)], labels(asked)) == (
        [False],
        [(DEADLINE, "application.period")],
    )


def test_second_thought_replaces_the_first(asked: Office, edition: Library) -> None:
    say(asked, edition, 1, Opinion.WRONG)
    say(asked, edition, 1, Opinion.RIGHT)

    assert ([one.right for one in judged(asked)], asked.count(Review)) == ([True], 1)


def test_one_of_the_staff_who_objects_is_enough(asked: Office, edition: Library) -> None:
    say(asked, edition, 1, Opinion.RIGHT)
    say(asked, edition, 1, Opinion.WRONG, by="staff-b@example.org")

    assert [one.right for one in judged(asked)] == [False]


def test_staff_overrule_the_applicant(asked: Office, edition: Library) -> None:
    click(asked, 1, Opinion.NEED_PERSON)
    before = judged(asked)
    say(asked, edition, 1, Opinion.RIGHT)

    assert [(one.right, one.by_staff) for one in [*before, *judged(asked)]] == [(False, False), (True, True)]


def test_helpful_counts(asked: Office) -> None:
    click(asked, 1, Opinion.HELPFUL)

    assert [one.right for one in judged(asked)] == [True]
    assert asked.inquiry(1).state is InquiryState.ANSWERED


def test_who_needs_a_person_waits_for_one_and_staff_are_told_once(asked: Office) -> None:
    told = len(asked.notices())
    for _ in range(2):
        click(asked, 1, Opinion.NEED_PERSON)

    assert (asked.inquiry(1).state, asked.parts(1)[0].waits) == (InquiryState.NEW, True)
    assert len(asked.notices()) - told == 1


@pytest.mark.parametrize(
    ("number", "opinion", "topic", "why"),
    [
        (3, Opinion.RIGHT, None, "did not answer this by itself"),
        (1, Opinion.WRONG, "moon.phase", "no topic 'moon.phase'"),
        (1, Opinion.WRONG, "application.period", "is what was answered"),
    ],
)
def test_review_that_makes_no_sense_is_refused(
    asked: Office, edition: Library, number: int, opinion: Opinion, topic: str | None, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        say(asked, edition, number, opinion, topic)


def test_question_that_is_not_there_is_refused(asked: Office) -> None:
    with (
        asked.storage.read() as session,
        pytest.raises(Refused, match="has 1 questions; there is no number 2"),
    ):
        reviews.part_of(triage.find(session, 1), 2)


def test_buckets_count_by_confidence() -> None:
    found = [
        Reviewed(confidence=confidence, right=right, by_staff=True, topic=None)
        for confidence, right in ((0.1, False), (0.49, True), (0.5, True), (1.0, True), (1.0, False))
    ]

    assert reviews.buckets(found, count=2) == [
        Bucket(low=0.0, high=0.5, right=1, wrong=1),
        Bucket(low=0.5, high=1.0, right=2, wrong=1),
    ]
