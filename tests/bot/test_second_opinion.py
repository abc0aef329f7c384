"""A second opinion stands between reading a mail and settling it, and only ever lowers."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot import second_opinion, settings
from bot.clock import ContestClock
from bot.conversation import Handled
from bot.second_opinion import SecondOpinion
from bot.worker import Worker
from intents.decide import Verdict
from intents.judge import Judge, Opinion
from tests.bot.office import DEADLINE, NOON, Office, eml, put
from tests.intents import judge_server


class Says:
    """A judge that says one thing, and keeps what it was shown."""

    def __init__(self, opinion: Opinion | None) -> None:
        self._opinion = opinion
        self.shown: list[tuple[str, str]] = []

    def opinion(self, question: str, answer: str) -> Opinion | None:
        self.shown.append((question, answer))
        return self._opinion


def worked_off(office: Office, judge: Judge) -> Handled:
    put(office.storage, eml(DEADLINE), envelope_sender="lab@example.org")
    seen: list[Handled] = []
    clock = ContestClock.starting_at(NOON)
    second = SecondOpinion(judge)
    Worker(
        office.storage, office.understanding, office.desk, clock, on_handled=seen.append, second=second
    ).work_off()
    return seen[0]


@pytest.mark.parametrize(
    ("opinion", "left"),
    [
        (Opinion.YES, Verdict.ANSWER),
        (None, Verdict.ANSWER),
        (Opinion.PARTLY, Verdict.SUGGEST),
        (Opinion.NO, Verdict.ESCALATE),
    ],
)
def test_mail_is_settled_as_the_second_opinion_leaves_it(
    small_office: Office, opinion: Opinion | None, left: Verdict
) -> None:
    judge = Says(opinion)

    handled = worked_off(small_office, judge)

    assert handled.decision is not None
    assert handled.decision.decision is left
    assert len(judge.shown) == 1


def test_judge_is_shown_the_answer_as_it_would_be_sent(small_office: Office) -> None:
    judge = Says(Opinion.YES)

    worked_off(small_office, judge)
    ((_, answer),) = judge.shown

    assert "{{" not in answer
    assert "접수" in answer


def test_no_transaction_is_open_while_the_judge_is_asked(small_office: Office) -> None:
    class Writes:
        """A judge that needs the writer's lock itself."""

        wrote = False

        def opinion(self, question: str, answer: str) -> Opinion | None:
            with small_office.storage.write.begin() as session:
                session.execute(text("SELECT 1"))
            self.wrote = True
            return None

    judge = Writes()
    worked_off(small_office, judge)

    assert judge.wrote


def test_no_endpoint_means_no_second_opinion() -> None:
    assert second_opinion.of(settings.read()) is None


def test_endpoint_of_the_settings_is_asked(small_office: Office) -> None:
    with judge_server.running() as stand_in:
        stand_in.says = "no"
        given = settings.read(judge_url=stand_in.url, judge_model="small")
        asked = second_opinion.of(given)
        assert asked is not None
        library, engine = small_office.understanding.current()
        before = engine.decide(DEADLINE)

        after = asked.on(before, library, now=NOON)

    assert (before.decision, after.decision) == (Verdict.ANSWER, Verdict.ESCALATE)
    assert asked.tally.lowered == 1
