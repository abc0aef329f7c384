"""From a question to a verdict to the answer of a like question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import precedents, triage, understanding
from bot.precedents import Given
from bot.refusal import Refused
from bot.storage import Storage, open_storage
from bot.tables import JudgmentState, Staff, StaffRole
from bot.understanding import Understanding
from faq import library
from faq.feasibility import Judged
from intents.decide import Verdict
from tests.bot.command import Command
from tests.bot.office import DEADLINE, NOON, Office, eml, words

EDITION = Path(__file__).parent.parent / "data" / "edition_applicants"
BARKING = "강아지 짖는 소리를 500시간 캐시미션으로 수집할 수 있나요?"
LIKE = "강아지가 짖는 소리 수집도 캐시미션으로 가능한가요? 300시간이면 됩니다."
UNLIKE = "고양이 우는 소리를 500시간 캐시미션으로 수집할 수 있나요?"
MORE = "강아지 짖는 소리를 9000시간 캐시미션으로 수집할 수 있나요?"
CHILDREN = "어린이가 강아지 짖는 소리를 흉내 내는 음성을 수집할 수 있나요?"
ENGLISH = "Can CashMission collect 300 hours of dog barking sounds?"


@pytest.fixture
def office(small_storage: Storage, understands: Callable[..., Understanding]) -> Office:
    reads = understands(folder=EDITION, sessions=small_storage.read)
    return Office(storage=small_storage, understanding=reads)


@pytest.fixture
def approver(office: Office) -> Staff:
    return office.add_staff("approver@example.org", StaffRole.APPROVER)


def judge(
    office: Office,
    number: int | None,
    verdict: Judged,
    staff: Staff,
    *,
    reason: str = "집에서 녹음해 모을 수 있습니다.",
    translated: str | None = None,
    justification: str | None = None,
) -> Given:
    with office.storage.write.begin() as session:
        known = understanding.overlaid(library.load(EDITION), session)
        return precedents.give(
            session,
            triage.find(session, number or 0),
            verdict,
            precedents.reasons(reason, translated),
            library=known,
            staff=staff,
            justification=justification,
            now=NOON,
        )


def approve(office: Office, number: int, staff: Staff, justification: str | None = None) -> Given:
    with office.storage.write.begin() as session:
        known = understanding.overlaid(library.load(EDITION), session)
        inquiry = triage.find(session, number)
        return precedents.approve(
            session, inquiry, library=known, staff=staff, justification=justification, now=NOON
        )


def ask(office: Office, text: str, name: str = "2") -> tuple[str, str | None, str | None]:
    taken = office.take(eml(text, id=f"<{name}@example.org>", sender=f"team{name}@example.org"))
    (part,) = office.parts(taken.inquiry_id)
    assert part.feasibility is not None
    return part.decision, part.feasibility["verdict"], part.feasibility["precedent"]


def told(office: Office) -> str:
    return words(office.message(office.to_applicants()[-1].id))


def test_concrete_dataset_goes_to_staff_with_its_slots(office: Office) -> None:
    assert ask(office, BARKING, "1") == (Verdict.ESCALATE, None, None)
    assert "이렇게 이해했습니다: 데이터 종류 음성·소리 / 작업 수집 / 분량 500시간" in told(office)
    assert "개인정보 포함 여부, 원본 데이터의 권리" in told(office)
    assert office.parts(1)[0].asks_back == ["personal_data", "rights"]


def test_like_question_is_answered_from_the_approved_verdict(office: Office, approver: Staff) -> None:
    ask(office, BARKING, "1")
    given = judge(office, 1, Judged.FEASIBLE, approver)

    assert given.state is JudgmentState.APPROVED
    assert ask(office, LIKE) == (Verdict.ANSWER, "feasible", given.precedent)
    assert "집에서 녹음해 모을 수 있습니다." in told(office)


@pytest.mark.parametrize("text", [UNLIKE, MORE, CHILDREN])
def test_unlike_question_goes_to_staff(office: Office, approver: Staff, text: str) -> None:
    ask(office, BARKING, "1")
    judge(office, 1, Judged.FEASIBLE, approver)

    assert ask(office, text) == (Verdict.ESCALATE, None, None)


def test_verdict_of_triage_waits_for_an_approver(office: Office, approver: Staff) -> None:
    ask(office, BARKING, "1")
    given = judge(office, 1, Judged.CONDITIONAL, office.add_staff())
    before = ask(office, LIKE)
    approved = approve(office, 1, approver)

    assert (given.state, before) == (JudgmentState.PROPOSED, (Verdict.ESCALATE, None, None))
    assert approved.state is JudgmentState.APPROVED
    assert ask(office, LIKE, "3") == (Verdict.ANSWER, "conditional", approved.precedent)


def test_only_approvers_approve(office: Office) -> None:
    ask(office, BARKING, "1")
    staff = office.add_staff()
    judge(office, 1, Judged.FEASIBLE, staff)

    with pytest.raises(Refused, match="approving needs approver"):
        approve(office, 1, staff)


def test_contradicting_verdict_is_held_until_it_is_justified(office: Office, approver: Staff) -> None:
    ask(office, BARKING, "1")
    first = judge(office, 1, Judged.FEASIBLE, approver)
    ask(office, LIKE, "2")
    held = judge(office, 2, Judged.NOT_FEASIBLE, approver, reason="모을 수 없습니다.")
    meanwhile = ask(office, LIKE, "3")
    still = approve(office, 2, approver)
    given = approve(office, 2, approver, "작업자 사정이 바뀌었습니다.")

    assert (held.state, held.contradicts) == (JudgmentState.HELD, (first.precedent,))
    assert meanwhile == (Verdict.ANSWER, "feasible", first.precedent)
    assert still.state is JudgmentState.HELD
    assert (given.state, given.answered) == (JudgmentState.APPROVED, (2, 3))
    assert ask(office, LIKE, "4") == (Verdict.ANSWER, "not_feasible", given.precedent)
    assert ask(office, MORE, "5") == (Verdict.ANSWER, "not_feasible", given.precedent)


def test_reason_without_a_translation_answers_its_own_language_alone(office: Office, approver: Staff) -> None:
    ask(office, ENGLISH, "1")
    given = judge(office, 1, Judged.FEASIBLE, approver)
    before = ask(office, ENGLISH, "2")
    judge(office, 1, Judged.FEASIBLE, approver, translated="People can record this at home.")

    assert (given.state, before) == (JudgmentState.APPROVED, (Verdict.ESCALATE, None, None))
    assert ask(office, ENGLISH, "3")[:2] == (Verdict.ANSWER, "feasible")
    assert "People can record this at home." in told(office)


def test_inquiry_without_a_dataset_takes_no_verdict(office: Office, approver: Staff) -> None:
    office.take(eml(DEADLINE))

    with pytest.raises(Refused, match="describes no dataset"):
        judge(office, 1, Judged.FEASIBLE, approver)


def test_missing_slots_told_in_a_later_mail_are_added(office: Office) -> None:
    ask(office, BARKING, "1")
    ours = office.message(office.to_applicants()[-1].id)["Message-ID"]
    office.take(
        eml(
            "개인정보는 없고 저희가 직접 녹음합니다.",
            id="<2@example.org>",
            sender="team1@example.org",
            answers=ours,
        )
    )
    part = office.parts(1)[-1]

    assert part.feasibility is not None
    assert (part.feasibility["volume"], part.feasibility["personal_data"]) == ("500시간", False)
    assert (part.decision, part.asks_back) == (Verdict.ESCALATE, None)


def test_verdict_is_given_at_the_command_line(
    command: Command, migrated_file: Path, understands: Callable[..., Understanding]
) -> None:
    path = command.folder / "var" / "contestdesk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    storage = open_storage(f"sqlite:///{path}")
    desk = Office(storage=storage, understanding=understands(folder=EDITION))
    desk.add_staff()
    desk.add_staff("approver@example.org", StaffRole.APPROVER)
    ask(desk, BARKING, "1")
    storage.close()
    verdict = ("inquiries", "verdict", "1")
    edition = str(EDITION)
    said = command(
        *verdict, "feasible", "--reason", "됩니다.", "--staff", "staff-a@example.org", CONTEST_DIR=edition
    )
    approved = command(*verdict, "--approve", "--staff", "approver@example.org", CONTEST_DIR=edition)
    against = command(
        *verdict,
        "not_feasible",
        "--reason",
        "안 됩니다.",
        "--staff",
        "approver@example.org",
        CONTEST_DIR=edition,
    )
    listed = command("inquiries", "precedents", "--json", CONTEST_DIR=edition)
    found = command("ask", "--json", "--database", LIKE, CONTEST_DIR=edition)

    assert (said.code, said.out) == (
        0,
        "inquiry 1: the verdict waits; an approver repeats this with --approve\n",
    )
    assert (approved.code, approved.out) == (0, "inquiry 1: approved as precedent.1\n")
    assert (against.code, "held, it contradicts precedent.1" in against.err) == (1, True)
    assert [line.split('"state":')[1][:10] for line in listed.out.splitlines()] == [
        '"approved"',
        '"held","ve',
    ]
    assert '"verdict":"feasible","precedent":"precedent.1"' in found.out
