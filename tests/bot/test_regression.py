"""A change is measured by labelled questions, and what makes the desk worse is not approved unsaid."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot import approving, drafts, regression, staff
from bot.approving import Looked
from bot.codes import Redeemed
from bot.drafts import Kind, Proposal
from bot.refusal import Refused
from bot.regression import Difference, Mark, Tally
from bot.tables import Overlay, StaffRole
from bot.understanding import Remembering, Understanding
from faq import labelled
from faq.contest import Language
from faq.labelled import Labelled
from faq.library import Library
from intents.decide import Decision, Part, Verdict
from tests.bot.office import EDITION, IDENTITY, NOON, Office, words
from tests.bot.test_drafts import APPROVER, AUTHOR, ENTRY, PHRASINGS

Understands = Callable[..., Understanding]
#: Words of a known unknown, taught to a topic: what it asks is then answered wrongly.
POISON = {
    "language": "ko",
    "phrasings": ["지방에서 오는데 교통비를 주시나요?", "지방에서 가는데 교통비 주나요?"],
}


def decided(*parts: tuple[Verdict, str | None]) -> Decision:
    found = tuple(
        Part(text="?", decision=verdict, topic=topic, confidence=0.5, candidates=(), reason="")
        for verdict, topic in parts
    )
    whole = found[0].decision if found else Verdict.IGNORE
    return Decision(language=Language.KO, decision=whole, parts=found)


@pytest.mark.parametrize(
    ("parts", "label", "is_topic", "expected"),
    [
        ([(Verdict.ANSWER, "a")], "a", True, Mark.RIGHT),
        ([(Verdict.ANSWER, "b")], "a", True, Mark.WRONG),
        ([(Verdict.ANSWER, "a"), (Verdict.ANSWER, "b")], "a", True, Mark.WRONG),
        ([(Verdict.SUGGEST, "a")], "a", True, Mark.CAUTIOUS),
        ([(Verdict.ESCALATE, None)], "a", True, Mark.CAUTIOUS),
        ([(Verdict.ESCALATE, "a")], "a", True, Mark.RIGHT),
        ([], "a", True, Mark.WRONG),
        ([(Verdict.ESCALATE, None)], "unknown.a", False, Mark.RIGHT),
        ([(Verdict.SUGGEST, "a")], "unknown.a", False, Mark.CAUTIOUS),
        ([(Verdict.ANSWER, "a")], "unknown.a", False, Mark.WRONG),
        ([], "unknown.a", False, Mark.WRONG),
        ([], "oos", False, Mark.RIGHT),
    ],
)
def test_mark_tells_right_from_cautious_from_wrong(
    parts: Sequence[tuple[Verdict, str | None]], label: str, is_topic: bool, expected: Mark
) -> None:
    assert regression.mark(decided(*parts), label, is_topic=is_topic) is expected


@pytest.mark.parametrize(
    ("after", "worse"),
    [((5, 3, 2), False), ((6, 2, 2), False), ((4, 4, 2), True), ((6, 1, 3), True), ((5, 4, 1), False)],
)
def test_worse_is_fewer_right_or_more_wrong(after: tuple[int, int, int], worse: bool) -> None:
    right, cautious, wrong = after
    found = Difference(
        before=Tally(right=5, cautious=3, wrong=2),
        after=Tally(right=right, cautious=cautious, wrong=wrong),
        changed=(),
    )

    assert found.worse is worse


@pytest.fixture
def desk(office: Office, understands: Understands) -> Office:
    """An office whose engine reads its database, with two approvers."""
    office.add_staff(AUTHOR, StaffRole.APPROVER)
    office.add_staff(APPROVER, StaffRole.APPROVER)
    return Office(storage=office.storage, understanding=understands(sessions=office.storage.read))


def write(office: Office, kind: Kind, subject: str, content: dict[str, Any]) -> int:
    with office.storage.write.begin() as session:
        author = staff.member(session, AUTHOR)
        proposal = Proposal(kind=kind, subject=subject, content=content)
        return drafts.add(session, proposal, staff=author, now=NOON).id


def look(office: Office, number: int) -> Looked:
    return approving.look_over(office.storage, EDITION, number, understand=lambda: office.understanding)


def take_code(office: Office, looked: Looked, *, by: str = APPROVER) -> str:
    with office.storage.write.begin() as session:
        mail = approving.send_code(session, looked, by, identity=IDENTITY, now=NOON, real_now=NOON)
    found = re.search(r"^(\w{4}-\w{4})\r?$", words(office.message(mail)), re.MULTILINE)
    assert found is not None
    return found[1]


def approve(
    office: Office, looked: Looked, code: str, *, by: str = APPROVER, despite: str | None = None
) -> int | Redeemed:
    with office.storage.write.begin() as session:
        return approving.approve(
            session,
            looked,
            by,
            code,
            despite=despite,
            identity=IDENTITY,
            now=NOON,
            real_now=NOON + timedelta(minutes=1),
        )


def test_labelled_questions_of_the_small_edition_fare_well(understanding: Understanding) -> None:
    lines = labelled.read(EDITION)
    found = regression.compare(understanding.current(), understanding.current(), lines, {})

    assert (found.before == found.after, found.before.wrong, found.changed) == (True, 0, ())


def test_good_phrasings_are_not_worse(desk: Office) -> None:
    looked = look(desk, write(desk, Kind.PHRASINGS, "application.period", PHRASINGS))

    assert (looked.faults, looked.worse) == ((), False)
    approving.check(looked)


def test_poisoned_phrasings_are_worse_and_refused_with_the_difference(desk: Office) -> None:
    looked = look(desk, write(desk, Kind.PHRASINGS, "support.worth", POISON))

    assert looked.regression is not None
    first = looked.regression["changed"][0]
    assert (first["label"], first["after"]) == ("unknown.travel", Mark.WRONG)
    with pytest.raises(
        Refused, match=r"draft 1 makes the desk understand worse: of 9 questions \d were right"
    ):
        approving.check(looked)


def test_worse_may_be_approved_with_a_reason_which_is_kept(desk: Office) -> None:
    number = write(desk, Kind.PHRASINGS, "support.worth", POISON)
    looked = look(desk, number)
    approving.check(looked, despite="교통비도 지원하기로 함")
    version = approve(desk, looked, take_code(desk, looked), despite="교통비도 지원하기로 함")
    with desk.storage.read() as session:
        reason = drafts.find(session, number).reason

    assert (version, reason) == (1, "교통비도 지원하기로 함")


def test_regression_runs_once_for_the_same_content(desk: Office) -> None:
    number = write(desk, Kind.PHRASINGS, "application.period", PHRASINGS)
    asked = []

    def understand() -> Understanding:
        asked.append(number)
        return desk.understanding

    for _ in range(2):
        approving.look_over(desk.storage, EDITION, number, understand=understand)

    assert asked == [number]


def test_facts_need_no_regression(desk: Office) -> None:
    fact = {"statements": [{"value": 12, "source": "3"}]}

    assert look(desk, write(desk, Kind.FACT, "support.teams", fact)).regression is None


def test_settled_unknown_counts_as_its_entry(desk: Office) -> None:
    content = {
        **ENTRY,
        "ko": {
            **ENTRY["ko"],
            "phrasings": ["지방에서 가면 교통비를 주시나요?", "발표하러 갈 때 차비도 나오나요?"],
        },
        "en": {**ENTRY["en"], "phrasings": ["Do you pay travel costs?", "Are train tickets refunded?"]},
        "settles": "unknown.travel",
    }
    looked = look(desk, write(desk, Kind.ENTRY, "support.travel", content))

    assert (looked.faults, looked.worse) == ((), False)


def test_right_code_approves(desk: Office, edition: Library) -> None:
    looked = look(desk, write(desk, Kind.ENTRY, "support.parking", ENTRY))

    assert approve(desk, looked, take_code(desk, looked)) == 1
    assert desk.understanding.current()[0].entries["support.parking"].version == 1


def test_wrong_code_approves_nothing_and_counts(desk: Office) -> None:
    looked = look(desk, write(desk, Kind.ENTRY, "support.parking", ENTRY))
    code = take_code(desk, looked)
    outcomes = [approve(desk, looked, "2222-2222") for _ in range(5)]

    assert (outcomes[-1], approve(desk, looked, code), desk.count(Overlay)) == (
        Redeemed.VOID,
        Redeemed.VOID,
        0,
    )


def test_code_is_void_after_the_draft_was_edited(desk: Office) -> None:
    number = write(desk, Kind.PHRASINGS, "application.period", PHRASINGS)
    looked = look(desk, number)
    code = take_code(desk, looked)
    with desk.storage.write.begin() as session:
        proposal = Proposal(
            kind=Kind.PHRASINGS,
            subject="application.period",
            content={"language": "ko", "phrasings": ["언제 닫아요?"]},
        )
        drafts.edit(
            session, drafts.find(session, number), proposal, staff=staff.member(session, AUTHOR), now=NOON
        )

    assert (approve(desk, look(desk, number), code), desk.count(Overlay)) == (Redeemed.CHANGED, 0)


@pytest.mark.parametrize("by", [AUTHOR, "staff-c@example.org"])
def test_code_is_not_sent_to_whom_it_does_not_concern(desk: Office, by: str) -> None:
    desk.add_staff("staff-c@example.org", StaffRole.TRIAGE)
    looked = look(desk, write(desk, Kind.ENTRY, "support.parking", ENTRY))

    with pytest.raises(Refused, match=r"another approver|needs approver"):
        take_code(desk, looked, by=by)
    assert desk.outbox() == []


def test_faulty_draft_is_refused_before_a_code(desk: Office) -> None:
    dated = {**ENTRY, "ko": {**ENTRY["ko"], "answer": "12월 4일에 주차하세요."}}
    looked = look(desk, write(desk, Kind.ENTRY, "support.parking", dated))

    assert looked.regression is None
    with pytest.raises(Refused, match=r"^draft 1: entries:support\.parking\.ko: literal fact: '12월'"):
        approving.check(looked)


class Counting:
    """An encoder that counts what it is asked to read."""

    id = "counting"

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


def test_encoder_that_remembers_reads_no_text_twice() -> None:
    counting = Counting()
    remembering = Remembering(counting)
    first = remembering.encode(["가", "나나", "가"])
    second = remembering.encode(["나나", "다다다"])

    assert (first.tolist(), second.tolist()) == ([[1, 1], [2, 1], [1, 1]], [[2, 1], [3, 1]])
    assert (counting.read, remembering.id) == (["가", "나나", "다다다"], "counting")


def test_labels_that_nobody_knows_are_left_out(understanding: Understanding) -> None:
    lines = [Labelled(text="?", label="moon.phase", language=Language.EN)]

    assert regression.compare(understanding.current(), understanding.current(), lines, {}).lines == 0


def test_approved_changes_are_measured_against_the_files(desk: Office) -> None:
    looked = look(desk, write(desk, Kind.PHRASINGS, "support.worth", POISON))
    approve(desk, looked, take_code(desk, looked), despite="x")
    found = regression.of_approved(desk.understanding, labelled.read(EDITION), {})

    assert (found.worse, found.changed[0].label) == (True, "unknown.travel")
