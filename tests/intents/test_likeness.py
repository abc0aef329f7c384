"""Which datasets an approved verdict answers for, and what becomes of two in one mail."""

import pytest

from faq.contest import Language
from faq.feasibility import Judged, Precedent
from intents import feasibility, parts, precedents, utterance
from intents.decide import Feasibility, Part, Verdict


def dataset(text: str) -> Feasibility:
    return feasibility.slots(utterance.normalise(text))


def judged(text: str, verdict: Judged = Judged.FEASIBLE, number: int = 1) -> Precedent:
    found = dataset(text)
    return Precedent(
        id=f"precedent.{number}",
        verdict=verdict,
        reason={Language.KO: "까닭"},
        modality=found.modality,
        task=found.task,
        volume=found.volume,
        personal_data=found.personal_data,
        rights=found.rights,
        question=found.about,
    )


def part(text: str, decision: Verdict = Verdict.ESCALATE, *, concrete: bool = True) -> Part:
    return Part(
        text=text,
        decision=decision,
        topic=feasibility.TOPIC,
        confidence=0.9,
        candidates=(),
        reason="",
        feasibility=dataset(text) if concrete else None,
    )


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("강아지 짖는 소리를 1000시간 수집할 수 있나요?", "강아지가 짖는 소리 500시간을 모을 수 있나요?"),
        (
            "한국어 사투리 음성을 녹음해서 전사할 수 있나요?",
            "한국어 사투리를 녹음하고 전사하는 작업도 되나요?",
        ),
        ("음성 데이터 수집 가능한가요?", "음성 데이터도 캐시미션에서 모을 수 있나요?"),
        (
            "Can CashMission collect photos of receipts and draw bounding boxes? About 20,000 photos.",
            "Is it possible to gather 10,000 photos of receipts and mark bounding boxes?",
        ),
        (
            "도로 CCTV 영상 100시간에 차량 바운딩 박스를 치는 작업이 가능한가요? 번호판은 모자이크했습니다.",
            "CCTV 도로 영상에서 차량에 바운딩 박스를 그리는 게 될까요? 80시간이고 번호판은 가렸습니다.",
        ),
    ],
)
def test_paraphrase_is_alike(known: str, asked: str) -> None:
    assert precedents.alike(dataset(asked), judged(known))


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("강아지 짖는 소리를 수집할 수 있나요?", "고양이 우는 소리를 수집할 수 있나요?"),
        ("강아지 짖는 소리를 수집할 수 있나요?", "강아지 짖는 영상을 수집할 수 있나요?"),
        ("강아지 짖는 소리를 수집할 수 있나요?", "강아지 짖는 소리를 수집하고 전사할 수 있나요?"),
        ("강아지 소리를 100시간 수집할 수 있나요?", "강아지 소리를 900시간 수집할 수 있나요?"),
        ("사투리 음성을 녹음할 수 있나요?", "어린이 사투리 음성을 녹음할 수 있나요?"),
        ("한국어 사투리 음성을 녹음할 수 있나요?", "경상도 사투리 음성을 녹음할 수 있나요?"),
        ("거리 사진을 수집할 수 있나요?", "거리 사진을 수집할 수 있나요? 얼굴이 나옵니다."),
        ("요리 사진을 수집할 수 있나요?", "요리 사진을 크롤링해서 수집할 수 있나요?"),
        ("음성 데이터 수집 가능한가요?", "노인 음성 데이터 수집 가능한가요?"),
        ("Can you collect photos of receipts?", "Can you collect photos of street signs?"),
    ],
)
def test_other_dataset_is_not_alike(known: str, asked: str) -> None:
    assert not precedents.alike(dataset(asked), judged(known))


def test_less_than_was_judged_impossible_is_not_alike() -> None:
    known = judged("강아지 소리를 9000시간 수집할 수 있나요?", Judged.NOT_FEASIBLE)

    assert not precedents.alike(dataset("강아지 소리를 100시간 수집할 수 있나요?"), known)


def test_precedents_that_disagree_answer_nothing() -> None:
    text = "강아지 짖는 소리를 수집할 수 있나요?"
    known = [judged(text), judged(text, Judged.NOT_FEASIBLE, 2)]

    assert precedents.answer(dataset(text), known) is None


def test_general_answer_does_not_swallow_a_concrete_dataset() -> None:
    general = part("가능 여부는 어떻게 확인하나요?", Verdict.ANSWER, concrete=False)
    concrete = part("강아지 소리 수집이 가능한가요?")
    questions = [
        utterance.Question(text=one.text, core=one.text, context="", asks=True) for one in (general, concrete)
    ]
    (joined,) = parts.join(questions, [general, concrete])

    assert (joined.decision, joined.feasibility) == (Verdict.ESCALATE, concrete.feasibility)
