"""One library, indexed: text in, Decision out, with every step open to ``ask --explain``."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faq.applicants import ApplicantKind
from faq.contest import Language
from faq.entry import BackgroundKind, Mode
from faq.library import Library
from intents import (
    applicant,
    calibrate,
    decide,
    eligibility,
    feasibility,
    followup,
    index,
    knowledge,
    orders,
    parts,
    slots,
    spacing,
    thread,
    utterance,
    views,
)
from intents.decide import Decision, Evidence, Part
from intents.encoder import Encoder
from intents.index import Index, Scored
from intents.knowledge import Knowledge
from intents.rows import Kind, Label
from intents.slots import Slots
from intents.thread import Earlier
from intents.utterance import Question, Utterance

#: What a question in its scene counts against the question alone: people tell first and ask then.
SCENE = 0.75
#: The same when the scene is only the question before, which may be about something else.
BORROWED = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody wrote, and the parts of its thread before it, newest last."""

    text: str
    #: None: told from the text.
    language: Language | None = None
    earlier: Sequence[str | Earlier] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One question with all that led to its part."""

    question: Question
    slots: Slots
    evidence: Evidence
    #: By topic, best first, the score of each view and of the head.
    candidates: Mapping[str, Mapping[str, float]]
    #: The phrasing of the library that is closest, and its class.
    closest: tuple[str, str]
    part: Part

    @property
    def lead(self) -> float:
        """The best topic's score above every other class's."""
        return decide.lead(self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a decision came about, for ``ask --explain``."""

    utterance: Utterance
    explained: tuple[Explained, ...]
    decision: Decision


class Engine:
    """Decides on messages against one immutable library; safe to use from several threads."""

    def __init__(self, found: Index, known: Knowledge, *, risk_target: float = decide.RISK_TARGET) -> None:
        self._index = found
        self._knowledge = known
        # Letters alone mislead in ways that phrasings held out do not show: their lead stays.
        self._needed = calibrate.lead_within(found.risks, risk_target) if found.encoders else None

    @classmethod
    def build(
        cls,
        library: Library,
        encoders: Sequence[Encoder],
        *,
        cache: Path | None,
        default_mode: Mode = Mode.AUTO,
        progress: Callable[[int, int], None] | None = None,
        near: Engine | None = None,
        risk_target: float = decide.RISK_TARGET,
    ) -> Engine:
        """Index a library, taking vectors and fit from the cache folder where they are known.

        ``near`` is the engine of a library that may differ in a few phrasings only: its fit is then
        taken over, and nothing is fitted anew. ``progress(done, total)`` counts the texts that an
        encoder had to read. Raises EncoderError when an encoder's weights are not the pinned ones.
        """
        found = index.build(
            list(knowledge.rows(library)),
            encoders,
            synonyms=library.synonyms,
            cache=cache,
            progress=progress,
            near=near._index if near else None,
        )
        return cls(found, knowledge.gather(library, found, default_mode), risk_target=risk_target)

    @property
    def encoder_ids(self) -> tuple[str, ...]:
        """Ids of the semantic encoders in use; empty when the desk runs on letters alone."""
        return tuple(one.id for one in self._index.encoders)

    def decide(
        self, text: str, *, language: Language | None = None, earlier: Sequence[str | Earlier] = ()
    ) -> Decision:
        """Decide what the desk may do with a message.

        ``earlier`` are the parts of the same thread, newest last, so that an elliptical follow-up, or
        the answer to what we asked back, is understood.
        """
        return self.explain(text, language=language, earlier=earlier).decision

    def explain(
        self, text: str, *, language: Language | None = None, earlier: Sequence[str | Earlier] = ()
    ) -> Explanation:
        """Decide as ``decide`` does, and tell every step."""
        message = Message(text=text, language=language, earlier=earlier)
        return self._explain(message, *self._read(message), {})

    def decide_all(self, messages: Sequence[Message]) -> list[Decision]:
        """Decide on messages as ``decide`` does, in their order.

        What their sentences have in common with the library is reckoned for all of them at once: on
        letters alone that takes a fraction of the time. Scores may differ in their last digit from those
        of a message alone.
        """
        if len(messages) < 2:
            return [self.decide(one.text, language=one.language, earlier=one.earlier) for one in messages]
        read = [self._read(one) for one in messages]
        texts = _compared(_questions(one for _, one in read))
        scored = self._index.score(texts, together=index.TOGETHER)
        known = dict(zip(texts, scored, strict=True))
        return [
            self._explain(message, *found, known).decision
            for message, found in zip(messages, read, strict=True)
        ]

    def _read(self, message: Message) -> tuple[str, Utterance]:
        """Clean a message and cut it into its questions."""
        text = message.text
        open_text = utterance.clean(text[: utterance.READ])
        if spacing.is_unspaced(open_text):
            open_text = self._spacer.respace(open_text)
        before = thread.texts(message.earlier)
        read = utterance.read(open_text, language=message.language, earlier=before)
        return open_text, dataclasses.replace(read, raw=text)

    def _explain(
        self, message: Message, open_text: str, read: Utterance, scored: dict[str, Scored]
    ) -> Explanation:
        """Decide on what was read; ``scored`` are sentences scored before, and gets the new."""
        earlier = message.earlier
        whole = self._explain_all(read.questions, scored)
        explained = self._unfolded(whole, scored)
        if read.joint:
            apart = len(explained) > len(whole)
            explained = self._one_breath(explained, read.joint, scored, apart=apart)
        said = applicant.said(open_text)
        explained = self._to_who_asks(explained, said or thread.kinds(earlier))
        ordered = orders.given(open_text)
        if ordered:
            explained = tuple(
                dataclasses.replace(one, part=parts.for_staff(one.part, ordered)) for one in explained
            )
        joined = parts.join([one.question for one in explained], [one.part for one in explained])
        if not ordered:
            joined = followup.finished(
                open_text, joined, earlier, said=said, language=read.language, known=self._knowledge
            )
        decision = Decision(language=read.language, decision=decide.whole(joined), parts=tuple(joined))
        return Explanation(utterance=read, explained=explained, decision=decision)

    def _to_who_asks(
        self, explained: tuple[Explained, ...], told: frozenset[ApplicantKind]
    ) -> tuple[Explained, ...]:
        """Let answers about who may apply speak to the writer's case."""
        known = self._knowledge
        return tuple(
            dataclasses.replace(
                one,
                part=eligibility.settle(
                    one.part,
                    one.question,
                    one.evidence,
                    told=told,
                    known=known.rules,
                    may_answer=known.may_answer,
                ),
            )
            for one in explained
        )

    @functools.cached_property
    def _spacer(self) -> spacing.Spacer:
        return spacing.Spacer([row.text for row in self._index.present()])

    def _explain_all(self, questions: Sequence[Question], known: dict[str, Scored]) -> tuple[Explained, ...]:
        scored = self._score(questions, known)
        return tuple(self._explained(one, found) for one, found in zip(questions, scored, strict=True))

    def _unfolded(self, pieces: tuple[Explained, ...], known: dict[str, Scored]) -> tuple[Explained, ...]:
        """Put the questions embedded in one sentence in its place, where they ask different things."""
        inner = iter(self._explain_all([clause for one in pieces for clause in one.question.clauses], known))
        unfolded: list[Explained] = []
        for one in pieces:
            clauses = [next(inner) for _ in one.question.clauses]
            apart = clauses and parts.unfolds([clause.part for clause in clauses], one.part)
            unfolded.extend(clauses if apart else [one])
        return tuple(unfolded)

    def _one_breath(
        self, pieces: tuple[Explained, ...], joint: Question, known: dict[str, Scored], *, apart: bool
    ) -> tuple[Explained, ...]:
        """Read a few short sentences as one question, unless they ask different things."""
        questions = [*(utterance.alone(one.question) for one in pieces), joint]
        *alone, together = self._explain_all(questions, known)
        own = [bare if one.question.leans else one for one, bare in zip(pieces, alone, strict=True)]
        if not apart and not (
            parts.several([one.part for one in pieces])
            or parts.strays([one.part for one in own], together.part)
        ):
            return (together,)
        return tuple(
            dataclasses.replace(bare, part=parts.agreed(one.part, bare.part)) if one.question.leans else one
            for one, bare in zip(pieces, alone, strict=True)
        )

    def _score(self, questions: Sequence[Question], known: dict[str, Scored]) -> list[Scored]:
        """Score every question alone and in its scene, and blend the two; ``known`` gets what was scored."""
        texts = [text for text in _compared(questions) if text not in known]
        # Kept for the next step: what is read again in one breath is mostly the same sentences, and an
        # encoder takes its time for each.
        known.update(zip(texts, self._index.score(texts), strict=True))
        return [
            blend(known[one.core], known[one.full], BORROWED if one.leans else SCENE) for one in questions
        ]

    def _explained(self, question: Question, scored: Scored) -> Explained:
        found = slots.read(question.core)
        evidence = self._evidence(question, found, scored)
        closest = self._index.rows[scored.closest]
        order = [topic for topic, _ in evidence.topics]
        place = {topic: self._index.numbers[Label(kind=Kind.TOPIC, id=topic)] for topic in order}
        table = {
            topic: {
                "head": float(scored.scores[place[topic]]),
                **{name: float(nearest[place[topic]]) for name, nearest in scored.nearest.items()},
            }
            for topic in order[: decide.SHOWN]
        }
        return Explained(
            question=question,
            slots=found,
            evidence=evidence,
            candidates=table,
            closest=(closest.text, closest.label.id),
            part=parts.courteous(question) or decide.judge(evidence),
        )

    def _evidence(self, question: Question, found: Slots, scored: Scored) -> Evidence:
        ranked = self._index.ranked(scored.scores)
        topics = ranked[Kind.TOPIC]
        unknown = next(iter(ranked[Kind.UNKNOWN]), None)
        background = next(iter(ranked[Kind.BACKGROUND]), None)
        best = topics[0][0]
        first, *others = sorted(
            (one for kind in Kind for one in ranked[kind][:2]), key=lambda one: one[1], reverse=True
        )
        top, second = first[1], others[0][1] if others else 0.0
        near = self._knowledge.near.get(unknown[0], ()) if unknown else ()
        told = dict(topics[: decide.SHOWN]) | self._scores(scored, near)
        confidence = {
            topic: self._index.curve.confidence(score - (second if first[0] == topic else top))
            for topic, score in told.items()
        }
        number = self._index.numbers[Label(kind=Kind.TOPIC, id=best)]
        return Evidence(
            text=question.text,
            topics=topics,
            unknown=unknown,
            near=near,
            background=(BackgroundKind(background[0]), background[1]) if background else None,
            asks=question.asks,
            verbatim=self._verbatim(question, found, scored, best),
            floor=self._index.floor,
            semantic=bool(self._index.encoders),
            guards=tuple(self._guards(found, best)),
            mode=self._knowledge.modes.get(best, self._knowledge.default_mode),
            confidence=confidence,
            views={
                "head": float(scored.scores[number]),
                **{name: float(one[number]) for name, one in scored.nearest.items()},
            },
            feasibility=feasibility.read(question.full) if best == feasibility.TOPIC else None,
            needed=self._needed,
        )

    def _scores(self, scored: Scored, topics: Sequence[str]) -> dict[str, float]:
        labels = {topic: Label(kind=Kind.TOPIC, id=topic) for topic in topics}
        places = {topic: self._index.numbers.get(label) for topic, label in labels.items()}
        return {topic: float(scored.scores[place]) for topic, place in places.items() if place is not None}

    def _verbatim(self, question: Question, found: Slots, scored: Scored, best: str) -> float:
        """Likeness in typing to the closest phrasing, when that is the best topic's and says the same."""
        closest = self._index.rows[scored.closest]
        if closest.label != Label(kind=Kind.TOPIC, id=best) or slots.read(closest.text) != found:
            return 0.0
        return views.typing_likeness(question.core, closest.text)

    def _guards(self, found: Slots, topic: str) -> Iterator[str]:
        own = self._knowledge.by_topic.get(topic)
        foreign = found.others - (own.others if own else frozenset())
        if foreign:
            yield f"names {', '.join(sorted(foreign))}, which {topic} does not speak of"
        strange = found.amounts - self._knowledge.amounts - (own.amounts if own else frozenset())
        if strange and self._knowledge.amounts:
            yield f"names an amount that the contest does not state ({min(strange):,} KRW)"
        after = found.matters - (own.matters if own else frozenset())
        if after:
            yield f"asks about {', '.join(sorted(after))}, of which {topic} says nothing"
        if found.hour and not self._knowledge.states_hours:
            yield "asks about an hour, and the contest states none"


def blend(alone: Scored, in_scene: Scored, share: float) -> Scored:
    """Average a question's scores with those it has in its scene, which count ``share``."""
    if alone is in_scene:
        return alone
    return Scored(
        scores=(1 - share) * alone.scores + share * in_scene.scores,
        nearest={
            name: (1 - share) * one + share * in_scene.nearest[name] for name, one in alone.nearest.items()
        },
        closest=alone.closest,
    )


def _compared(questions: Iterable[Question]) -> list[str]:
    """What is compared of questions with the library: each alone and in its scene."""
    return list(dict.fromkeys(text for one in questions for text in (one.core, one.full)))


def _questions(read: Iterable[Utterance]) -> Iterator[Question]:
    """Every question that deciding on messages may look at."""
    for one in read:
        for question in one.questions:
            yield question
            yield from question.clauses
        if one.joint is not None:
            yield one.joint
