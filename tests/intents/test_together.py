"""Messages that are decided on at once are decided on as each alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from intents.decide import Decision, Part
from intents.engine import Engine, Message
from intents.index import TOGETHER
from intents.thread import Earlier
from tests.intents.fake_encoder import FakeEncoder
from tests.intents.test_engine import LIBRARY

SAID = [
    Message(text="접수 마감이 언제인가요? 저작권은 누가 갖나요?"),
    Message(text="When is the deadline? And who owns the dataset?"),
    Message(text="저작권은 누가 갖는지와 발표 장소가 어디인지 궁금합니다."),
    Message(text="발표는 온라인인가요? 마감은요?"),
    Message(text=""),
    Message(text="감사합니다."),
    Message(text="그럼 그것도 되나요?", earlier=(Earlier(text="발표는 온라인으로 하나요?"),)),
    Message(text="안녕하세요. 저희는 대학 연구실입니다. 우리 데이터도 수집 가능한지 물어볼 수 있나요?"),
]


@pytest.fixture(scope="module", params=["letters", "encoder"])
def engine(request: pytest.FixtureRequest) -> Engine:
    encoders = [FakeEncoder()] if request.param == "encoder" else []
    return Engine.build(LIBRARY, encoders, cache=None)


def without_scores(part: Part) -> Part:
    """A part without its figures, whose last digits depend on what was reckoned beside them."""
    candidates = tuple(dataclasses.replace(one, confidence=0.0) for one in part.candidates)
    return dataclasses.replace(part, confidence=0.0, candidates=candidates, views=None)


def plain(decisions: Sequence[Decision]) -> list[tuple[Decision, list[Part]]]:
    return [
        (dataclasses.replace(one, parts=()), [without_scores(part) for part in one.parts])
        for one in decisions
    ]


def confidences(decisions: Sequence[Decision]) -> list[float]:
    parts = [part for one in decisions for part in one.parts]
    return [
        figure for part in parts for figure in (part.confidence, *(c.confidence for c in part.candidates))
    ]


def test_messages_together_are_decided_as_each_alone(engine: Engine) -> None:
    alone = [engine.decide(one.text, earlier=one.earlier) for one in SAID]
    together = engine.decide_all(SAID)

    assert plain(together) == plain(alone)
    assert confidences(together) == pytest.approx(confidences(alone), abs=1e-5)


def test_more_messages_than_one_product_takes_keep_their_order(engine: Engine) -> None:
    many = [
        Message(text=f"{number}번 팀입니다. {one.text}") for number in range(TOGETHER) for one in SAID[:2]
    ]
    alone = [engine.decide(one.text) for one in many]

    assert plain(engine.decide_all(many)) == plain(alone)


def test_one_message_and_none_are_decided_too(engine: Engine) -> None:
    (one,) = engine.decide_all([SAID[0]])

    assert one == engine.decide(SAID[0].text)
    assert engine.decide_all([]) == []
