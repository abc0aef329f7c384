"""Eligibility in conversation: said, not said, said in a later mail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.storage import Storage
from bot.understanding import Understanding
from intents.decide import Verdict
from tests.bot.office import DEADLINE, OURS, Office, eml, words

EDITION = Path(__file__).parent.parent / "data" / "edition_applicants"
ASKS = ["applicant_kind"]


@pytest.fixture(scope="module")
def asking(understands: Callable[..., Understanding]) -> Understanding:
    return understands(folder=EDITION)


@pytest.fixture
def office(small_storage: Storage, asking: Understanding) -> Office:
    return Office(storage=small_storage, understanding=asking)


def parts(office: Office, number: int | None = 1) -> list[tuple[str, str | None, list[str] | None]]:
    return [(one.decision, one.topic, one.asks_back) for one in office.parts(number)]


def told(office: Office) -> str:
    return words(office.message(office.to_applicants()[-1].id))


def again(office: Office, text: str, id: str = "<2@example.org>") -> None:
    ours = office.message(office.to_applicants()[-1].id)["Message-ID"]
    office.take(eml(text, id=id, answers=ours))


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("저희도 지원할 수 있나요?", "어떤 자격으로 지원하시는지"),
        ("Can we apply?", "Whether you may apply depends on who you are"),
    ],
)
def test_reply_asks_who_applies_when_nobody_said_it(office: Office, text: str, asks: str) -> None:
    office.take(eml(text))

    assert parts(office) == [(Verdict.ANSWER, "eligibility.overview", ASKS)]
    assert asks in told(office)


@pytest.mark.parametrize(
    "text", ["기업만 지원할 수 있나요, 대학도 지원할 수 있나요?", "연구실과 기업 모두 지원할 수 있나요?"]
)
def test_question_about_several_kinds_is_not_answered_for_one_of_them(office: Office, text: str) -> None:
    office.take(eml(text))

    assert {topic for verdict, topic, _ in parts(office) if verdict == Verdict.ANSWER} <= {
        "eligibility.overview"
    }


def test_general_question_is_not_asked_back(office: Office) -> None:
    office.take(eml("누가 지원할 수 있나요?"))

    assert parts(office) == [(Verdict.ANSWER, "eligibility.overview", None)]


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("저희는 대학 연구실입니다.", "eligibility.lab"),
        ("AI 스타트업이에요.", "eligibility.company"),
        ("저는 개인 연구자이고 소속이 없습니다.", "eligibility.individual"),
        ("싱가포르에 있는 회사입니다.", "eligibility.overseas"),
        ("We are a university lab.", "eligibility.lab"),
        ("a startup", "eligibility.company"),
        ("I'm a student.", "eligibility.individual"),
        ("We are a company based in Germany.", "eligibility.overseas"),
    ],
)
def test_later_mail_that_says_who_applies_is_understood(office: Office, said: str, topic: str) -> None:
    office.take(eml("저희도 지원할 수 있나요?"))
    again(office, said)

    assert parts(office)[1:] == [(Verdict.ANSWER, topic, None)]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("저희는 대학 연구실입니다. 저희도 지원할 수 있나요?", "eligibility.lab"),
        ("스타트업인데 저희도 지원할 수 있나요?", "eligibility.company"),
        ("대학생입니다. 저도 지원할 수 있나요?", "eligibility.individual"),
        ("미국에 있는 회사입니다. 저희도 지원할 수 있나요?", "eligibility.overseas"),
    ],
)
def test_answer_speaks_to_the_case_that_is_said(office: Office, text: str, topic: str) -> None:
    office.take(eml(text))

    assert parts(office) == [(Verdict.ANSWER, topic, None)]
    assert "의 경우로 안내드립니다" in told(office)


def test_case_said_with_another_question_is_known_later(office: Office) -> None:
    office.take(eml(f"저희는 대학 연구실입니다. {DEADLINE}"))
    again(office, "저희도 지원할 수 있나요?")

    assert parts(office)[-1] == (Verdict.ANSWER, "eligibility.lab", None)


def test_later_mail_may_ask_something_else_as_well(office: Office) -> None:
    office.take(eml("저희도 지원할 수 있나요?"))
    again(office, f"대학 연구실입니다. 그런데 {DEADLINE}")

    assert [(topic) for _, topic, _ in parts(office)[1:]] == ["eligibility.lab", "application.period"]


def test_later_mail_that_says_nothing_of_it_is_any_text(office: Office) -> None:
    office.take(eml("저희도 지원할 수 있나요?"))
    again(office, DEADLINE)

    assert parts(office)[1:] == [(Verdict.ANSWER, "application.period", None)]


@pytest.mark.parametrize("said", ["저희는 병원입니다.", "We are a hospital."])
def test_body_without_a_rule_goes_to_staff(office: Office, said: str) -> None:
    office.take(eml("저희도 지원할 수 있나요?"))
    again(office, said)

    assert parts(office)[1][0] == Verdict.ESCALATE


@pytest.mark.parametrize("said", ["대학생입니다.", "미국에 있는 회사입니다."])
def test_open_case_is_called_neither_included_nor_excluded(office: Office, said: str) -> None:
    office.take(eml(f"{said} 저희도 지원할 수 있나요?"))
    text = told(office)

    assert "담당자가 판단합니다" in text
    assert [word for word in ("대상입니다", "제외", "불가", "지원할 수 없") if word in text] == []


def test_open_case_asked_again_is_handed_to_a_person(office: Office) -> None:
    office.take(eml("저는 대학생입니다. 저도 지원할 수 있나요?"))
    again(office, "그래도 저는 지원할 수 있나요?")

    assert parts(office)[1][:2] == (Verdict.ESCALATE, "eligibility.individual")
    assert "앞서 안내드렸습니다" in told(office)


def test_question_of_somebody_else_does_not_inherit_the_case(office: Office) -> None:
    office.take(eml("저는 대학생입니다. 저도 지원할 수 있나요?"))
    office.take(eml("저희도 지원할 수 있나요?", id="<9@example.org>", sender="other@example.org"))

    assert parts(office, 2) == [(Verdict.ANSWER, "eligibility.overview", ASKS)]
    assert OURS in told(office)
