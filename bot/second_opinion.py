"""A second opinion on what the desk would answer, where the operator configured one (intents/judge.py).

It is asked between reading a mail and settling it, so that no transaction waits for it.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from bot.settings import Settings
from faq import render
from faq.library import Library
from faq.render import RenderError
from intents import judge
from intents.decide import Decision, Part
from intents.judge import Judge, Tally

log = structlog.get_logger(__name__)


class SecondOpinion:
    """Asks a judge about each answer, and counts what that cost and changed."""

    def __init__(self, asked: Judge) -> None:
        self._judge = asked
        self.tally = Tally()

    def on(self, decision: Decision, library: Library, *, now: datetime) -> Decision:
        """The decision as it stands after a second opinion: the same or lower, never higher."""

        def answer_of(part: Part) -> str | None:
            entry = library.entries.get(part.topic or "")
            if entry is None:
                return None
            try:
                rendered = render.answer(library, entry, decision.language, now=now)
            except RenderError:
                return None  # told where the reply is built
            return "\n".join(words for words in (rendered.answer, rendered.condition, rendered.next) if words)

        before = self.tally.asked
        heard = judge.heard(decision, self._judge, answer_of, self.tally)
        if self.tally.asked != before:
            log.info(
                "second_opinion.heard",
                asked=self.tally.asked,
                confirmed=self.tally.confirmed,
                lowered=self.tally.lowered,
                no_opinion=self.tally.no_opinion,
                seconds=round(self.tally.seconds, 1),
            )
        return heard


def of(settings: Settings) -> SecondOpinion | None:
    """The second opinion of these settings; None where no endpoint is configured."""
    if not settings.judge_url:
        return None
    endpoint = judge.Endpoint(
        settings.judge_url, model=settings.judge_model, key=settings.judge_key.get_secret_value()
    )
    return SecondOpinion(endpoint)
