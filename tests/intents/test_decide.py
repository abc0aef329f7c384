import dataclasses
from typing import Any

import pytest

from faq.entry import BackgroundKind, Mode
from intents import decide
from intents.decide import Evidence, Feasibility, Part, Verdict

SURE = Evidence(
    text="접수 마감이 언제인가요?",
    topics=(("application.period", 0.6), ("schedule.overview", 0.1)),
    unknown=("unknown.hour", 0.2),
    near=("application.period",),
    background=(BackgroundKind.THANKS, 0.0),
    asks=True,
    verbatim=0.0,
    floor=0.05,
    semantic=True,
    guards=(),
    mode=Mode.AUTO,
    confidence={"application.period": 0.9, "schedule.overview": 0.1},
    views={"head": 0.6},
    feasibility=None,
)


def judged(**changes: Any) -> Part:
    return decide.judge(dataclasses.replace(SURE, **changes))


def test_judge_answers_a_clear_lead() -> None:
    part = judged()

    assert (part.decision, part.topic, part.confidence) == (Verdict.ANSWER, "application.period", 0.9)
    assert "lead +0.40 over unknown.hour" in part.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unknown": ("unknown.hour", 0.58)}, "lead +0.02 over unknown.hour"),
        ({"topics": (("application.period", 0.6), ("schedule.overview", 0.57))}, "over schedule.overview"),
        ({"guards": ("names LG, which program.partners does not speak of",)}, "names LG"),
        ({"semantic": False, "unknown": ("unknown.hour", 0.5)}, "is below 0.17"),
        ({"mode": Mode.SUGGEST}, "suggest mode"),
    ],
)
def test_judge_suggests_when_not_sure_and_says_why(changes: dict[str, Any], words: str) -> None:
    part = judged(**changes)

    assert (part.decision, part.topic) == (Verdict.SUGGEST, "application.period")
    assert words in part.reason


def test_judge_escalates_a_known_unknown_with_the_nearest_topics() -> None:
    part = judged(unknown=("unknown.hour", 0.9), near=("application.period",))

    assert (part.decision, part.topic, part.unknown) == (Verdict.ESCALATE, None, "unknown.hour")
    assert part.candidates[0].topic == "application.period"


def test_judge_escalates_what_nothing_resembles() -> None:
    part = judged(topics=(("application.period", 0.04),), unknown=("unknown.hour", 0.01))

    assert (part.decision, part.topic) == (Verdict.ESCALATE, None)


def test_judge_answers_nearly_the_same_words_without_encoders() -> None:
    part = judged(semantic=False, unknown=("unknown.hour", 0.55), verbatim=0.97)

    assert part.decision is Verdict.ANSWER


def test_judge_keeps_a_shadow_topic_for_staff_and_tells_what_it_would_do() -> None:
    part = judged(mode=Mode.SHADOW)

    assert part.decision is Verdict.ESCALATE
    assert "would answer" in part.reason


@pytest.mark.parametrize("kind", sorted(decide.IGNORED))
def test_judge_ignores_mail_that_wants_no_answer(kind: BackgroundKind) -> None:
    part = judged(background=(kind, 0.9), asks=False)

    assert (part.decision, part.candidates) == (Verdict.IGNORE, ())


def test_judge_does_not_drop_a_statement_that_is_hardly_a_thanks() -> None:
    part = judged(
        topics=(("application.period", 0.1),),
        unknown=None,
        background=(BackgroundKind.OUT_OF_OFFICE, 0.15),
        asks=False,
    )

    assert part.decision is Verdict.ESCALATE
    assert "not surely" in part.reason


def test_judge_does_not_ignore_a_question_that_only_resembles_a_thanks() -> None:
    assert judged(background=(BackgroundKind.THANKS, 0.65)).decision is Verdict.ESCALATE


def test_judge_hands_other_business_over() -> None:
    part = judged(background=(BackgroundKind.OTHER_BUSINESS, 0.9))

    assert (part.decision, part.topic) == (Verdict.ESCALATE, None)
    assert "other business" in part.reason


def test_judge_escalates_one_concrete_dataset_with_its_slots() -> None:
    slots = Feasibility(
        modality=("image",), task=(), volume=None, personal_data=None, rights=None, missing=("task",)
    )
    part = judged(feasibility=slots)

    assert (part.decision, part.topic, part.feasibility) == (Verdict.ESCALATE, "application.period", slots)
    assert part.asks_back == ("task",)


@pytest.mark.parametrize(
    ("verdicts", "folded"),
    [
        ((), Verdict.IGNORE),
        ((Verdict.ANSWER, Verdict.IGNORE), Verdict.ANSWER),
        ((Verdict.ANSWER, Verdict.SUGGEST), Verdict.PARTIAL),
        ((Verdict.SUGGEST, Verdict.ESCALATE), Verdict.SUGGEST),
        ((Verdict.ESCALATE,), Verdict.ESCALATE),
    ],
)
def test_whole_folds_the_parts(verdicts: tuple[Verdict, ...], folded: Verdict) -> None:
    parts = [dataclasses.replace(judged(), decision=verdict) for verdict in verdicts]

    assert decide.whole(parts) is folded
