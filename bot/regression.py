"""Does a change make the desk understand worse? The same questions before and after, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import drafts, reviews
from bot.tables import Draft, Overlay
from bot.understanding import Understanding
from faq import labelled
from faq.labelled import OUT_OF_SCOPE, Labelled
from faq.library import Library
from intents.decide import Decision, Verdict
from intents.engine import Engine

Progress = Callable[[int, int], None]


class Mark(StrEnum):
    """How a decision on a labelled question fares."""

    RIGHT = "right"
    #: Left to a person, or offered among others, where an answer exists: no harm, no use.
    CAUTIOUS = "cautious"
    #: Answered by another topic, answered without an answer, or dropped unseen.
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many questions got each mark."""

    right: int
    cautious: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A question that fares otherwise after the change."""

    text: str
    label: str
    before: Mark
    after: Mark
    #: What was decided, such as "answer application.period".
    was: str
    becomes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a change does to the labelled questions."""

    before: Tally
    after: Tally
    changed: tuple[Changed, ...]

    @property
    def lines(self) -> int:
        """How many questions were asked."""
        return self.before.right + self.before.cautious + self.before.wrong

    @property
    def worse(self) -> bool:
        """True when fewer are right or more are wrong; more caution alone shows as fewer right."""
        return self.after.right < self.before.right or self.after.wrong > self.before.wrong

    def as_document(self) -> dict[str, Any]:
        """For JSON, and for the draft's row."""
        return {"lines": self.lines, "worse": self.worse, **asdict(self)}


def questions(session: Session, folder: Path) -> list[Labelled]:
    """The edition's labelled questions, and those of applicants whose topic somebody told."""
    return [*labelled.read(folder), *reviews.labelled(session)]


def settled(session: Session, proposed: Sequence[Draft] = ()) -> Mapping[str, str]:
    """Which entry answers what was a known unknown, by approved changes and the proposed ones."""
    rows = session.scalars(select(Overlay).where(Overlay.kind == drafts.Kind.ENTRY).order_by(Overlay.id))
    changes: list[Overlay | Draft] = [*rows, *(one for one in proposed if one.kind == drafts.Kind.ENTRY)]
    return {one.content["settles"]: one.subject for one in changes if one.content.get("settles")}


def of_drafts(
    understanding: Understanding,
    proposed: Sequence[Draft],
    lines: Sequence[Labelled],
    answers: Mapping[str, str],
    *,
    progress: Progress | None = None,
) -> Difference:
    """Compare the library as it is with what it would be with these drafts; raises LibraryError."""
    before = understanding.current()
    rows = [drafts.as_overlay(one, before[0].version + place) for place, one in enumerate(proposed, 1)]
    return compare(before, understanding.trial(rows), lines, answers, progress=progress)


def of_approved(
    understanding: Understanding,
    lines: Sequence[Labelled],
    answers: Mapping[str, str],
    *,
    progress: Progress | None = None,
) -> Difference:
    """Compare the files alone with the library as approved changes have made it."""
    files = understanding.trial((), from_files=True)
    return compare(files, understanding.current(), lines, answers, progress=progress)


def compare(
    before: tuple[Library, Engine],
    after: tuple[Library, Engine],
    lines: Sequence[Labelled],
    answers: Mapping[str, str],
    *,
    progress: Progress | None = None,
) -> Difference:
    """Ask both engines every question; a label that neither library knows is left out.

    ``answers`` says which entry answers what was a known unknown.
    """
    asked = [line for line in lines if _is_known(line.label, before[0], answers)]
    marks: list[tuple[Mark, Mark]] = []
    changed: list[Changed] = []
    for done, line in enumerate(asked, 1):
        first, first_said = _ask(line, *before, answers)
        second, second_said = _ask(line, *after, answers)
        marks.append((first, second))
        if first is not second:
            changed.append(
                Changed(
                    text=line.text,
                    label=line.label,
                    before=first,
                    after=second,
                    was=first_said,
                    becomes=second_said,
                )
            )
        if progress is not None:
            progress(done, len(asked))
    order = {Mark.WRONG: 0, Mark.CAUTIOUS: 1, Mark.RIGHT: 2}
    changed.sort(key=lambda one: (order[one.after], order[one.before]))
    return Difference(
        before=_tally([first for first, _ in marks]),
        after=_tally([second for _, second in marks]),
        changed=tuple(changed),
    )


def mark(decision: Decision, label: str, *, is_topic: bool) -> Mark:
    """Judge a decision on one question that belongs to a topic, or that nothing answers."""
    answered = {part.topic for part in decision.parts if part.decision is Verdict.ANSWER}
    if not is_topic:
        if answered:
            return Mark.WRONG
        if decision.decision is Verdict.IGNORE:
            # What is none of our business may be dropped; what a person should see may not.
            return Mark.RIGHT if label == OUT_OF_SCOPE else Mark.WRONG
        return Mark.CAUTIOUS if decision.decision is Verdict.SUGGEST else Mark.RIGHT
    if answered - {label} or decision.decision is Verdict.IGNORE:
        return Mark.WRONG
    # A question whether one dataset can be built is understood and left to a person, by its topic.
    understood = any(part.decision is Verdict.ESCALATE and part.topic == label for part in decision.parts)
    return Mark.RIGHT if answered or understood else Mark.CAUTIOUS


def _is_known(label: str, library: Library, answers: Mapping[str, str]) -> bool:
    known = {OUT_OF_SCOPE, *library.entries, *library.unknowns, *answers, *answers.values()}
    return label in known


def _ask(line: Labelled, library: Library, engine: Engine, answers: Mapping[str, str]) -> tuple[Mark, str]:
    label = line.label
    if label in answers and label not in library.unknowns:
        label = answers[label]
    decision = engine.decide(line.text, language=line.language)
    return mark(decision, label, is_topic=label in library.entries), _said(decision)


def _said(decision: Decision) -> str:
    named = [f"{part.decision} {part.topic or part.unknown or ''}".strip() for part in decision.parts]
    return ", ".join(named) or str(decision.decision)


def _tally(marks: Sequence[Mark]) -> Tally:
    counted = Counter(marks)
    return Tally(right=counted[Mark.RIGHT], cautious=counted[Mark.CAUTIOUS], wrong=counted[Mark.WRONG])
