"""Parts of one message: courtesy aside, sentences that ask the same thing are one part."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from faq.applicants import ApplicantKind
from intents import applicant, feasibility
from intents.decide import SHOWN, Candidate, Part, Verdict
from intents.utterance import Question

_RANK = {Verdict.ANSWER: 3, Verdict.SUGGEST: 2, Verdict.ESCALATE: 1, Verdict.IGNORE: 0}


def courteous(question: Question) -> Part | None:
    """Decide a message that is nothing but courtesy; None for any other."""
    if not question.courtesy:
        return None
    return Part(
        text=question.text,
        decision=Verdict.IGNORE,
        topic=None,
        confidence=0.0,
        candidates=(),
        reason="nothing but courtesy",
    )


def for_staff(part: Part, ordered: str) -> Part:
    """Hand a part of a message that gives orders to the desk over to a person, whatever it asks."""
    return dataclasses.replace(
        part,
        decision=Verdict.ESCALATE,
        topic=None,
        unknown=None,
        feasibility=None,
        asks_back=None,
        reason=f"the message {ordered}; a person reads it",
    )


def said_by(part: Part, kinds: Collection[ApplicantKind]) -> Part:
    """Note with a part what its mail says of who writes, for later mails of the thread."""
    if part.applicant or part.decision is Verdict.IGNORE or not kinds:
        return part
    case = applicant.case(kinds)
    listed = ([case] if case else []) + sorted(kind for kind in kinds if kind is not case)
    return dataclasses.replace(part, applicant=tuple(kind.value for kind in listed))


def several(parts: Sequence[Part]) -> bool:
    """Whether sentences of one breath surely ask different things: two are sure, of different classes."""
    return len(set(_sure(parts))) > 1


def _sure(parts: Sequence[Part]) -> list[str | None]:
    return [
        part.unknown or part.topic
        for part in parts
        if part.decision is Verdict.ANSWER or part.unknown is not None or part.feasibility is not None
    ]


def unfolds(clauses: Sequence[Part], whole: Part) -> bool:
    """Whether the clauses of one sentence are questions of their own.

    They are when two are sure of different classes, or when one is sure of what the sentence is
    about and another asks something else: the sentence's one answer would leave that out.
    """
    sure = set(_sure(clauses))
    if len(sure) > 1:
        return True
    best = whole.candidates[0].topic if whole.candidates else None
    about = {whole.unknown, whole.topic, best}
    strange = any(part.candidates and part.candidates[0].topic not in sure for part in clauses)
    return bool(sure) and sure <= about and strange


def strays(alone: Sequence[Part], together: Part) -> bool:
    """Whether the answer to all in one breath leaves a question of it out.

    A sentence whose own best topic is another one asks something else.
    """
    if together.decision is not Verdict.ANSWER:
        return False
    return any(part.candidates and part.candidates[0].topic != together.topic for part in alone)


def agreed(in_context: Part, alone: Part) -> Part:
    """Decide on a sentence that may lean on the one before: answered only if both readings agree."""
    if in_context.decision is not Verdict.ANSWER or alone.decision is not Verdict.ANSWER:
        return min(in_context, alone, key=lambda part: (_RANK[part.decision], part.confidence))
    if in_context.topic == alone.topic:
        return alone
    return dataclasses.replace(
        _merged(alone, in_context),
        text=alone.text,
        decision=Verdict.SUGGEST,
        reason=f"alone it asks {alone.topic}, after the sentence before it {in_context.topic}",
    )


def join(questions: Sequence[Question], parts: Sequence[Part]) -> list[Part]:
    """Put neighbouring sentences that ask the same thing together, in order."""
    joined: list[Part] = []
    for question, part in zip(questions, parts, strict=True):
        before = joined[-1] if joined else None
        if before is not None and _belongs(question, part, before):
            joined[-1] = _merged(before, part)
        else:
            joined.append(part)
    return joined


def _belongs(question: Question, part: Part, before: Part) -> bool:
    if part.unknown is not None or before.unknown is not None:
        return part.unknown is not None and part.unknown == before.unknown
    if part.decision is Verdict.IGNORE or before.decision is Verdict.IGNORE:
        return False
    if part.topic is not None and part.topic == before.topic:
        return True
    shown = {candidate.topic for candidate in part.candidates}
    return question.leans and part.decision is not Verdict.ANSWER and before.topic in shown


def _merged(before: Part, part: Part) -> Part:
    stronger, weaker = (before, part) if _RANK[before.decision] >= _RANK[part.decision] else (part, before)
    if before.feasibility is not None and part.feasibility is not None:
        whole = feasibility.together(before.feasibility, part.feasibility)
        stronger = dataclasses.replace(stronger, feasibility=whole, asks_back=whole.missing or None)
    elif weaker.feasibility is not None:
        # The general rule does not answer for one concrete dataset.
        stronger, weaker = weaker, stronger
    known = {candidate.topic for candidate in stronger.candidates}
    more = tuple(one for one in weaker.candidates if one.topic not in known)
    candidates: tuple[Candidate, ...] = (stronger.candidates + more)[:SHOWN]
    return dataclasses.replace(stronger, text=f"{before.text} {part.text}", candidates=candidates)
