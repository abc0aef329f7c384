"""What the desk may do with one question, and with a whole message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from faq.contest import Language
from faq.entry import BackgroundKind, Mode


class Verdict(StrEnum):
    """What happens to a part, or to the whole message (which alone may be ``partial``)."""

    ANSWER = "answer"
    PARTIAL = "partial"
    SUGGEST = "suggest"
    ESCALATE = "escalate"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A topic that may answer, and how sure we are, 0.0 to 1.0."""

    topic: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasibility:
    """What was read of one concrete dataset whose feasibility is asked (CashMission)."""

    modality: tuple[str, ...]
    task: tuple[str, ...]
    volume: str | None
    personal_data: bool | None
    rights: str | None
    #: Slot names that the text does not fill.
    missing: tuple[str, ...]
    #: Who is to do the work, and until when, in the applicant's words; never asked for.
    workers: str | None = None
    schedule: str | None = None
    #: The words that describe it, normalised; for comparing, not for showing.
    about: str = ""
    verdict: str | None = None
    precedent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One question found in the text, and the decision on it."""

    text: str
    decision: Verdict
    topic: str | None
    #: Calibrated, 0.0 to 1.0.
    confidence: float
    #: Best first.
    candidates: tuple[Candidate, ...]
    #: Why, in words that staff can read.
    reason: str
    unknown: str | None = None
    feasibility: Feasibility | None = None
    #: Slots that the reply asks for, such as ``applicant_kind``.
    asks_back: tuple[str, ...] | None = None
    #: The kinds of applicant that the writer is, as far as he says; the one that decides comes first.
    applicant: tuple[str, ...] = ()
    #: Scores of the best candidate by view name, for ``ask --explain``.
    views: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the desk may do with one message."""

    language: Language
    decision: Verdict
    parts: tuple[Part, ...]


def whole(parts: Sequence[Part]) -> Verdict:
    """Fold the parts: ignored ones do not count; all answered, some, suggested, else escalated."""
    told = [part.decision for part in parts if part.decision is not Verdict.IGNORE]
    if not told:
        return Verdict.IGNORE
    if all(decision is Verdict.ANSWER for decision in told):
        return Verdict.ANSWER
    if Verdict.ANSWER in told:
        return Verdict.PARTIAL
    return Verdict.SUGGEST if Verdict.SUGGEST in told else Verdict.ESCALATE


# -- the rule ---------------------------------------------------------------------------------

#: Lead of the best topic over every other class from which it is sent by itself. The head's
#: targets are 0 and 1, so a lead is a share of the whole way; letters alone mislead more often.
#: Held out, the library's own phrasings are as precise above one lead for all topics as above one
#: lead for each, and neither the views' agreement nor the kind of question adds to it.
#: Where the library is large enough, calibrate.lead_within chooses for the risk that staff allow.
ANSWER_LEAD = 0.055
ANSWER_LEAD_LETTERS = 0.17
#: Share of wrong among what is sent by itself that staff allow unless they say otherwise.
RISK_TARGET = 0.02
#: Lead of a known unknown from which the desk says that the announcement is silent.
UNKNOWN_LEAD = 0.08
#: Lead of other mail over topics and unknowns from which a question is taken for it.
BACKGROUND_LEAD = 0.02
#: Lead of mail that wants no answer from which it is dropped though it seems to ask something.
IGNORE_LEAD = 0.12
#: Score from which mail that wants no answer is surely that: dropping is the one step nobody sees.
IGNORE_SCORE = 0.2
#: What mail that asks nothing may lack to the best class and still be dropped.
IGNORE_SLACK = 0.05
#: Typing likeness from which two sentences are the same sentence but for a slip.
VERBATIM = 0.93
#: Topics shown to staff and, when unsure, to the applicant.
SHOWN = 3

#: Mail that nobody waits for an answer to.
IGNORED = frozenset(
    {
        BackgroundKind.THANKS,
        BackgroundKind.GREETING,
        BackgroundKind.OUT_OF_OFFICE,
        BackgroundKind.ADVERTISING,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one question before it is decided."""

    text: str
    #: Best first, by the head's score.
    topics: tuple[tuple[str, float], ...]
    #: Best known unknown and its score.
    unknown: tuple[str, float] | None
    #: Topics that the unknown's author put next to it, nearest first.
    near: tuple[str, ...]
    #: Best kind of other mail and its score.
    background: tuple[BackgroundKind, float] | None
    #: The sentence asks something.
    asks: bool
    #: Typing likeness to the nearest phrasing of the best topic, 0.0 when slots differ.
    verbatim: float
    #: Score of the best class below which nothing in the library is close.
    floor: float
    #: Whether a semantic encoder was among the views.
    semantic: bool
    #: Guards that forbid an answer, in words.
    guards: tuple[str, ...]
    mode: Mode
    #: Confidence by topic, calibrated.
    confidence: Mapping[str, float]
    views: Mapping[str, float]
    feasibility: Feasibility | None
    #: Lead that calibration asks of an answer; None where the library is too small to tell.
    needed: float | None = None


def lead(evidence: Evidence) -> float:
    """Best topic's score above every other class's."""
    rivals = [score for _, score in evidence.topics[1:2]]
    rivals += [other[1] for other in (evidence.unknown, evidence.background) if other]
    return (evidence.topics[0][1] if evidence.topics else 0.0) - max(rivals, default=0.0)


def judge(evidence: Evidence) -> Part:
    """Decide one question; every branch says why in words that staff can read."""
    topic_score = evidence.topics[0][1] if evidence.topics else 0.0
    unknown_score = evidence.unknown[1] if evidence.unknown else 0.0
    if evidence.background:
        kind, score = evidence.background
        ahead = score - max(topic_score, unknown_score)
        needed = BACKGROUND_LEAD if evidence.asks else -IGNORE_SLACK if kind in IGNORED else 0.0
        if ahead > needed:
            return _background(evidence, kind, score, ahead)
    if max(topic_score, unknown_score) < evidence.floor and evidence.verbatim < VERBATIM:
        return _part(evidence, Verdict.ESCALATE, reason="nothing in the library is close to this")
    if evidence.unknown and unknown_score - topic_score >= UNKNOWN_LEAD:
        return _silent(evidence, evidence.unknown[0])
    if evidence.feasibility is not None:
        return _part(
            evidence,
            Verdict.ESCALATE,
            topic=evidence.topics[0][0],
            reason="asks whether one concrete dataset can be built, and no approved precedent answers that",
        )
    sure, reason = _sure(evidence)
    if sure:
        return _bounded(evidence, reason)
    if not evidence.asks and lead(evidence) < ANSWER_LEAD:
        return _part(evidence, Verdict.ESCALATE, reason=f"asks nothing that was recognised; {reason}")
    if evidence.mode is Mode.SHADOW:
        return _part(evidence, Verdict.ESCALATE, reason=f"topic is in shadow mode; {reason}")
    unknown = evidence.unknown[0] if evidence.unknown and unknown_score > topic_score else None
    if unknown is not None and not evidence.semantic and unknown_score - topic_score >= UNKNOWN_LEAD / 2:
        return _silent(evidence, unknown)
    return _part(evidence, Verdict.SUGGEST, topic=evidence.topics[0][0], reason=reason)


def _sure(evidence: Evidence) -> tuple[bool, str]:
    """Whether the best topic may be sent by itself, and why or why not."""
    ahead = lead(evidence)
    needed = evidence.needed or (ANSWER_LEAD if evidence.semantic else ANSWER_LEAD_LETTERS)
    if evidence.guards:
        return False, "; ".join(evidence.guards)
    if evidence.verbatim >= VERBATIM and ahead > 0:
        return True, f"nearly the words of an approved phrasing (likeness {evidence.verbatim:.2f})"
    if ahead < needed:
        rival = _rival(evidence)
        return False, f"lead {ahead:+.2f} over {rival} is below {needed:.3g}"
    return True, f"lead {ahead:+.2f} over {_rival(evidence)}, needed {needed:.3g}"


def _rival(evidence: Evidence) -> str:
    """Name the class that comes next."""
    named: list[tuple[str, float]] = list(evidence.topics[1:2])
    named += [(str(other[0]), other[1]) for other in (evidence.unknown, evidence.background) if other]
    return max(named, key=lambda pair: pair[1])[0] if named else "nothing"


def _bounded(evidence: Evidence, reason: str) -> Part:
    """Answer as far as the topic's mode allows."""
    topic = evidence.topics[0][0]
    match evidence.mode:
        case Mode.AUTO:
            return _part(evidence, Verdict.ANSWER, topic=topic, reason=reason)
        case Mode.SUGGEST:
            return _part(evidence, Verdict.SUGGEST, topic=topic, reason=f"topic is in suggest mode; {reason}")
        case Mode.SHADOW:
            return _part(
                evidence, Verdict.ESCALATE, reason=f"topic is in shadow mode; would answer: {reason}"
            )


def _background(evidence: Evidence, kind: BackgroundKind, score: float, ahead: float) -> Part:
    """Drop what surely wants no answer, hand the rest over."""
    sure = score >= IGNORE_SCORE and (ahead >= IGNORE_LEAD or not evidence.asks)
    if kind in IGNORED and sure:
        return _part(evidence, Verdict.IGNORE, reason=f"reads as {kind.replace('_', ' ')}")
    if kind is BackgroundKind.OTHER_BUSINESS:
        return _part(evidence, Verdict.ESCALATE, reason="other business, not about the contest")
    return _part(evidence, Verdict.ESCALATE, reason=f"may be {kind.replace('_', ' ')}, but not surely")


def _silent(evidence: Evidence, unknown: str) -> Part:
    near = tuple(
        Candidate(topic=topic, confidence=evidence.confidence.get(topic, 0.0)) for topic in evidence.near
    )
    rest = tuple(one for one in _candidates(evidence) if one.topic not in evidence.near)
    return Part(
        text=evidence.text,
        decision=Verdict.ESCALATE,
        topic=None,
        confidence=evidence.confidence.get(evidence.topics[0][0], 0.0) if evidence.topics else 0.0,
        candidates=(near + rest)[:SHOWN],
        reason=f"the announcement does not answer this ({unknown})",
        unknown=unknown,
        views=evidence.views,
    )


def _candidates(evidence: Evidence) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(topic=topic, confidence=evidence.confidence.get(topic, 0.0))
        for topic, _ in evidence.topics[:SHOWN]
    )


def _part(evidence: Evidence, verdict: Verdict, *, reason: str, topic: str | None = None) -> Part:
    best = evidence.topics[0][0] if evidence.topics else None
    slots = evidence.feasibility if topic else None
    return Part(
        text=evidence.text,
        decision=verdict,
        topic=topic,
        confidence=evidence.confidence.get(best, 0.0) if best else 0.0,
        candidates=() if verdict is Verdict.IGNORE else _candidates(evidence),
        reason=reason,
        feasibility=slots,
        asks_back=slots.missing or None if slots else None,
        views=evidence.views,
    )
