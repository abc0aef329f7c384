"""May we apply? The answer depends on who asks: it speaks to the case stated, or asks for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from faq.applicants import ApplicantKind, Applicants, Standing
from faq.contest import Fact
from intents import applicant, decide
from intents.decide import SHOWN, Candidate, Evidence, Part, Verdict
from intents.thread import APPLICANT_KIND
from intents.utterance import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the engine needs of an edition's rules; the default has none, and changes no decision."""

    general: str = ""
    #: The topic that speaks to a kind of applicant.
    topics: Mapping[ApplicantKind, str] = field(default_factory=dict)
    #: Kinds that the announcement leaves to a person, or excludes.
    strict: frozenset[ApplicantKind] = frozenset()
    #: Kinds that a person decides.
    open: frozenset[ApplicantKind] = frozenset()

    @property
    def family(self) -> frozenset[str]:
        """Every topic that tells somebody whether he may apply."""
        return frozenset({self.general, *self.topics.values()}) - {""}


def rules(applicants: Applicants, facts: Mapping[str, Fact], topics: Collection[str]) -> Rules:
    """Take from the rules of an edition what the engine needs; topics that do not exist are left out."""
    if applicants.general not in topics:
        return Rules()
    known = {kind: rule for kind, rule in applicants.rules.items() if rule.topic in topics}
    stands = {kind: rule.standing(facts) for kind, rule in known.items()}
    return Rules(
        general=applicants.general,
        topics={kind: rule.topic for kind, rule in known.items()},
        strict=frozenset(kind for kind, standing in stands.items() if standing is not Standing.NAMED),
        open=frozenset(kind for kind, standing in stands.items() if standing is Standing.OPEN),
    )


def settle(
    part: Part,
    question: Question,
    evidence: Evidence,
    *,
    told: frozenset[ApplicantKind],
    known: Rules,
    may_answer: Callable[[str], bool],
) -> Part:
    """Let the answer to "may we apply?" speak to who asks, or ask for it.

    ``told`` are the kinds that the message, or an earlier one of its thread, says its writer is;
    ``may_answer`` tells whether a topic may be sent by itself. Any other part stays as it is.
    """
    best = part.topic or (part.candidates[0].topic if part.candidates else None)
    if not known.general or part.unknown or part.decision is Verdict.IGNORE or best is None:
        return part
    words = question.core if question.leans else question.full
    named = applicant.mentioned(words)
    case = applicant.decisive(words) or (None if named else applicant.case(told))
    if case is not None and case not in known.topics:
        return part
    if case is None and len(applicant.sides(words)) > 1:
        return _to_all(part, evidence, best, words, known=known, may_answer=may_answer)
    if case is None and (named or applicant.names_other(words)):
        return part
    if _asks_openly(part, question, best, known):
        return _to_case(part, evidence, case, kinds=told, known=known, may_answer=may_answer)
    if best not in known.family:
        return part
    if case is None:
        asks = part.decision is Verdict.ANSWER and best == known.general
        if asks and applicant.asks_for_self(question.core):
            return _asking(part, evidence, known)
        return part
    applies = applicant.asks_to_apply(words) and _speaks_to(part, best, case, evidence=evidence, known=known)
    if applies:
        return _to_case(part, evidence, case, kinds=told | named, known=known, may_answer=may_answer)
    if part.decision is Verdict.ANSWER and known.topics[case] == best:
        return dataclasses.replace(part, applicant=_listed(case, told | named))
    return part


def _asks_openly(part: Part, question: Question, best: str, known: Rules) -> bool:
    """Whether the question is nothing but "may we apply?", and the engine saw at least that much."""
    if not applicant.asks_openly(question.core) or applicant.mentioned(question.core):
        return False
    shown = {best, *(candidate.topic for candidate in part.candidates)}
    sure_of_other = part.decision is Verdict.ANSWER and best not in known.family
    return bool(shown & known.family) and not sure_of_other


def _speaks_to(part: Part, best: str, case: ApplicantKind, *, evidence: Evidence, known: Rules) -> bool:
    """Whether the case that is named should answer in place of what the engine chose."""
    topic = known.topics[case]
    if part.decision is Verdict.ANSWER:
        named = {known.topics[kind] for kind in known.topics if kind not in known.strict}
        from_general = best == known.general and topic != best
        return from_general or (case in known.strict and best in named and topic != best)
    if part.decision is not Verdict.SUGGEST or evidence.guards:
        return False
    return _family_lead(evidence, known) >= decide.ANSWER_LEAD


def _family_lead(evidence: Evidence, known: Rules) -> float:
    """Score of the best topic of who may apply above every class that is none."""
    inside = [score for topic, score in evidence.topics if topic in known.family]
    outside = [score for topic, score in evidence.topics if topic not in known.family]
    outside += [other[1] for other in (evidence.unknown, evidence.background) if other]
    return max(inside, default=0.0) - max(outside, default=0.0)


def _to_case(
    part: Part,
    evidence: Evidence,
    case: ApplicantKind | None,
    *,
    kinds: frozenset[ApplicantKind],
    known: Rules,
    may_answer: Callable[[str], bool],
) -> Part:
    if case is None:
        return _asking(part, evidence, known) if may_answer(known.general) else part
    topic = known.topics[case]
    if not may_answer(topic):
        return part
    return _answered(part, evidence, topic, f"asks whether a kind of applicant may apply: {case}", known,
                     applicants=_listed(case, kinds))  # fmt: skip


def _to_all(
    part: Part,
    evidence: Evidence,
    best: str,
    words: str,
    *,
    known: Rules,
    may_answer: Callable[[str], bool],
) -> Part:
    """Where several kinds are asked about in one breath, the answer to one of them is half an answer."""
    half = part.decision is Verdict.ANSWER and best in known.family - {known.general}
    if not (half and applicant.asks_to_apply(words) and may_answer(known.general)):
        return part
    reason = "asks whether several kinds of applicants may apply"
    return _answered(part, evidence, known.general, reason, known)


def _asking(part: Part, evidence: Evidence, known: Rules) -> Part:
    reason = "asks whether its writer may apply, and does not say who that is"
    return _answered(part, evidence, known.general, reason, known, asks_back=(APPLICANT_KIND,))


def _answered(
    part: Part,
    evidence: Evidence,
    topic: str,
    reason: str,
    known: Rules,
    *,
    applicants: tuple[str, ...] = (),
    asks_back: tuple[str, ...] | None = None,
) -> Part:
    family = [one for one in known.family if one in evidence.confidence]
    sure = min(0.99, max(part.confidence, sum(evidence.confidence[one] for one in family)))
    rest = tuple(one for one in part.candidates if one.topic != topic)
    return dataclasses.replace(
        part,
        decision=Verdict.ANSWER,
        topic=topic,
        confidence=sure,
        candidates=(Candidate(topic=topic, confidence=sure), *rest)[:SHOWN],
        reason=f"{reason}; {part.reason}",
        applicant=applicants,
        asks_back=asks_back,
    )


def answer_to_us(text: str, kind: ApplicantKind, kinds: frozenset[ApplicantKind], known: Rules) -> Part:
    """The part that a mail makes which says who applies because we asked."""
    topic = known.topics[kind]
    return Part(
        text=text,
        decision=Verdict.ANSWER,
        topic=topic,
        confidence=1.0,
        candidates=(Candidate(topic=topic, confidence=1.0),),
        reason=f"says who applies, as we had asked: {kind}",
        applicant=_listed(kind, kinds),
    )


def for_person(part: Part) -> Part:
    """Hand over a part that says who applies, where no rule knows such a body."""
    return dataclasses.replace(
        part,
        decision=Verdict.ESCALATE,
        topic=None,
        reason="says who applies, as we had asked; the announcement does not speak of such a body",
    )


def decided_by_person(part: Part, answered: Collection[str | None], known: Rules) -> Part:
    """Hand over what was answered before and leaves a case to a person: the same words help nobody."""
    kind = next((one for one in known.open if one in part.applicant[:1]), None)
    repeats = part.decision is Verdict.ANSWER and part.topic in answered
    if kind is None or not repeats:
        return part
    return dataclasses.replace(
        part,
        decision=Verdict.ESCALATE,
        reason=f"the announcement leaves {kind} to a person, and the thread has been told what it says",
    )


def _listed(case: ApplicantKind, kinds: Collection[ApplicantKind]) -> tuple[str, ...]:
    return (case.value, *sorted(kind.value for kind in kinds if kind is not case))
