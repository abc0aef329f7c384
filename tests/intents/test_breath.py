"""Short sentences in one breath: one question, or several of which none may be swallowed."""

from __future__ import annotations

from intents import parts
from intents.decide import Candidate, Part, Verdict


def part(decision: Verdict, topic: str, *, confidence: float = 0.9) -> Part:
    return Part(
        text=f"about {topic}",
        decision=decision,
        topic=topic,
        confidence=confidence,
        candidates=(Candidate(topic=topic, confidence=confidence),),
        reason="",
    )


def test_sentence_with_another_topic_strays_from_the_answer() -> None:
    together = part(Verdict.ANSWER, "application.period")

    assert parts.strays([part(Verdict.SUGGEST, "eligibility.company")], together)


def test_sentence_with_the_same_topic_does_not_stray() -> None:
    together = part(Verdict.ANSWER, "application.period")

    assert not parts.strays([part(Verdict.SUGGEST, "application.period")], together)


def test_nothing_strays_where_nothing_is_answered() -> None:
    together = part(Verdict.SUGGEST, "application.period")

    assert not parts.strays([part(Verdict.ANSWER, "eligibility.company")], together)


def test_readings_that_agree_are_answered() -> None:
    read = parts.agreed(part(Verdict.ANSWER, "rights.release"), part(Verdict.ANSWER, "rights.release"))

    assert (read.decision, read.topic) == (Verdict.ANSWER, "rights.release")


def test_readings_that_differ_are_both_suggested() -> None:
    read = parts.agreed(part(Verdict.ANSWER, "schedule.kickoff"), part(Verdict.ANSWER, "selection.venue"))

    assert (read.decision, [one.topic for one in read.candidates]) == (
        Verdict.SUGGEST,
        ["selection.venue", "schedule.kickoff"],
    )


def test_reading_that_is_unsure_keeps_the_other_from_being_answered() -> None:
    read = parts.agreed(part(Verdict.ANSWER, "rights.release"), part(Verdict.ESCALATE, "rights.release"))

    assert read.decision is Verdict.ESCALATE
