"""Several questions inside one sentence: where it may be cut, and when the cut stands."""

from __future__ import annotations

import pytest

from intents import parts, utterance
from intents.decide import Candidate, Part, Verdict


def clauses(text: str) -> list[str]:
    return [clause.core for clause in utterance.read(text).questions[0].clauses]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "접수가 언제인지와 양식을 어디서 받는지 여쭙니다.",
            ["접수가 언제인지", "양식을 어디서 받는지 여쭙니다."],
        ),
        (
            "랩도 되는지, 그렇다면 언제 여는지 알고 싶어요.",
            ["랩도 되는지", "그렇다면 언제 여는지 알고 싶어요."],
        ),
        ("발표는 언제 하고 장소는 어디인가요?", ["발표는 언제", "장소는 어디인가요?"]),
        ("이게 뭐고 언제부터 하나요?", ["이게 뭐고", "언제부터 하나요?"]),
        ("접수 시기와 발표 장소를 알려 주세요.", ["접수 시기", "발표 장소를 알려 주세요."]),
        ("분량을 알려주시고, 양식도 있는지 궁금합니다.", ["분량을 알려주시고", "양식도 있는지 궁금합니다."]),
        (
            "Can you tell me the deadline and the page limit?",
            ["can you tell me the deadline", "the page limit?"],
        ),
        ("뭐라고 적어야 하나요?", []),
        ("어떻게 하고 있나요?", []),
        ("온라인인지 아니면 대면인지 궁금합니다.", []),
        ("비용과 시간이 걸리는데 언제까지인가요?", []),
    ],
)
def test_read_cuts_a_sentence_between_its_questions(text: str, found: list[str]) -> None:
    assert clauses(text) == found


def test_read_lets_a_later_clause_lean_on_the_one_before() -> None:
    first, second = utterance.read("캐시미션이 뭐고 그걸로 언제부터 하나요?").questions[0].clauses

    assert (first.leans, second.leans, second.context) == (False, True, first.core)


@pytest.mark.parametrize("lead", ["두 가지: ", "Two quick questions: ", "a few points from our team: "])
def test_read_takes_an_announcement_off_the_first_question(lead: str) -> None:
    asked = utterance.read(f"{lead}where do we send the form?").questions

    assert [question.core for question in asked] == ["where do we send the form?"]


@pytest.mark.parametrize("tail", ["위 세 가지 답변 부탁드립니다.", "이상 세 질문에 대한 회신 바랍니다"])
def test_read_keeps_an_afterword_out_of_the_last_item(tail: str) -> None:
    asked = utterance.read(f"- 접수는 언제인지\n- 양식은 어디 있는지\n{tail}").questions

    assert [question.core for question in asked] == ["접수는 언제인지", "양식은 어디 있는지"]


@pytest.mark.parametrize(
    "thanks", ["알려주시면 감사하겠습니다.", "알려주시면 계획을 세우기 좋을 것 같습니다."]
)
def test_normalise_puts_a_polite_favour_plainly(thanks: str) -> None:
    assert utterance.normalise(f"접수 마감을 {thanks}") == "접수 마감을 알려 주세요"


def part(decision: Verdict, topic: str) -> Part:
    shown = (Candidate(topic=topic, confidence=0.9),)
    sent = topic if decision is Verdict.ANSWER else None
    return Part(text="", decision=decision, topic=sent, confidence=0.9, candidates=shown, reason="")


@pytest.mark.parametrize(
    ("clauses_", "whole", "apart"),
    [
        (["answer a", "answer b"], "answer a", True),
        (["answer a", "answer a"], "answer a", False),
        (["answer a", "suggest b"], "answer a", True),
        (["answer a", "suggest a"], "answer a", False),
        (["answer b", "suggest c"], "answer a", False),
        (["suggest a", "suggest b"], "suggest a", False),
    ],
)
def test_unfolds_only_where_an_answer_would_leave_a_question_out(
    clauses_: list[str], whole: str, apart: bool
) -> None:
    def told(words: str) -> Part:
        verdict, topic = words.split()
        return part(Verdict(verdict), topic)

    assert parts.unfolds([told(words) for words in clauses_], told(whole)) is apart
