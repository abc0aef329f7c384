"""A mail that answers what we asked back: who applies, or what a dataset lacked."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from faq.applicants import ApplicantKind
from faq.contest import Language
from intents import applicant, eligibility, feasibility, precedents, thread, utterance
from intents import parts as joining
from intents.decide import Candidate, Feasibility, Part, Verdict
from intents.eligibility import Rules
from intents.knowledge import Knowledge
from intents.thread import Earlier

#: Letters beyond which a sentence beside the answer is something of its own.
ASIDE = 12


def finished(
    text: str,
    parts: Sequence[Part],
    earlier: Sequence[str | Earlier],
    *,
    said: frozenset[ApplicantKind],
    language: Language,
    known: Knowledge,
) -> list[Part]:
    """Read the parts of a message as what its thread waits for, and by what was decided before.

    ``said`` are the kinds of applicant that the message says its writer is.
    """
    found = answered(text, parts, earlier, known.rules)
    before = [one.answered for one in thread.records(earlier)]
    found = [eligibility.decided_by_person(one, before, known.rules) for one in found]
    found = [joining.said_by(one, said) for one in found]
    if not known.may_answer(feasibility.TOPIC):
        return found
    return [precedents.applied(one, known.precedents, language) for one in found]


def answered(text: str, parts: Sequence[Part], earlier: Sequence[str | Earlier], known: Rules) -> list[Part]:
    """Read a message as the answer to what the thread was asked; other parts stay as they are."""
    found = list(parts)
    if thread.awaits_kind(earlier):
        found = _with_kind(text, found, known)
    before = thread.dataset(earlier)
    if before is not None:
        found = _with_dataset(text, found, before)
    return found


def _with_kind(text: str, parts: list[Part], known: Rules) -> list[Part]:
    if any(part.unknown or (_is_sure(part) and part.topic in known.family) for part in parts):
        return parts  # the question was put again, and says who asks
    statements = " ".join(utterance.statements(text))
    unsure = not any(_is_sure(part) for part in parts)
    words = text if unsure else statements
    kind = applicant.decisive(words)
    if kind is None or kind not in known.topics:
        other = unsure and applicant.names_other(words)
        return [eligibility.for_person(part) if other else part for part in parts]
    part = eligibility.answer_to_us(" ".join(words.split()), kind, applicant.mentioned(words), known)
    return [part, *(one for one in parts if _is_sure(one) or _says_more(one.text))]


def _says_more(text: str) -> bool:
    """Whether something in a text is more than who applies."""
    return any(
        not applicant.mentioned(sentence) and sum(map(str.isalnum, sentence)) > ASIDE
        for sentence in utterance.statements(text, asking=True)
    )


def _with_dataset(text: str, parts: list[Part], before: Feasibility) -> list[Part]:
    places = [place for place, part in enumerate(parts) if part.feasibility is not None]
    if places:
        # Asked again with more said: the same dataset, unless it is of another kind.
        for place in places:
            now = parts[place].feasibility
            if now is not None and _same_kind(before, now):
                parts[place] = _described(parts[place], feasibility.together(before, now))
        return parts
    unsure = not any(_is_sure(part) for part in parts)
    words = text if unsure else " ".join(utterance.statements(text))
    whole = feasibility.together(before, feasibility.slots(utterance.normalise(words)))
    if not feasibility.adds(before, whole):
        return parts
    part = Part(
        text=" ".join(words.split()),
        decision=Verdict.ESCALATE,
        topic=feasibility.TOPIC,
        confidence=1.0,
        candidates=(Candidate(topic=feasibility.TOPIC, confidence=1.0),),
        reason="tells more of a dataset, as we had asked; no approved precedent answers that",
    )
    return [_described(part, whole), *(one for one in parts if _is_sure(one))]


def _same_kind(before: Feasibility, now: Feasibility) -> bool:
    return not now.modality or not before.modality or bool(set(now.modality) & set(before.modality))


def _described(part: Part, whole: Feasibility) -> Part:
    return dataclasses.replace(part, feasibility=whole, asks_back=whole.missing or None)


def _is_sure(part: Part) -> bool:
    return part.decision is Verdict.ANSWER or part.unknown is not None
