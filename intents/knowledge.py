"""What the engine takes from a library: its phrasings by class, and what the guards and the rule need."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from faq.entry import Mode
from faq.feasibility import Precedent
from faq.library import Library
from intents import eligibility, slots, utterance
from intents.eligibility import Rules
from intents.index import Index
from intents.rows import Kind, Label, Row
from intents.slots import Slots

#: A change of one phrasing reads all others again: what was read of them is kept.
_normalised = functools.lru_cache(maxsize=2**16)(utterance.normalise)
_read = functools.lru_cache(maxsize=2**16)(slots.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What the guards and the rule need beside the index."""

    #: Topics that resemble a known unknown, nearest first.
    near: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modes: Mapping[str, Mode] = field(default_factory=dict)
    default_mode: Mode = Mode.AUTO
    #: Amounts in KRW that the contest states.
    amounts: frozenset[int] = frozenset()
    #: The contest states the hour of some milestone.
    states_hours: bool = True
    #: Amounts and foreign bodies that a topic's own phrasings name.
    by_topic: Mapping[str, Slots] = field(default_factory=dict)
    #: Who may apply, by the kind of applicant.
    rules: Rules = field(default_factory=Rules)
    #: Approved verdicts on datasets.
    precedents: tuple[Precedent, ...] = ()

    def may_answer(self, topic: str) -> bool:
        """Whether a topic may be sent by itself."""
        return self.modes.get(topic, self.default_mode) is Mode.AUTO


def rows(library: Library) -> Iterator[Row]:
    """Yield every phrasing and title of a library, normalised, with its class."""
    for entry in library.entries.values():
        label = Label(kind=Kind.TOPIC, id=entry.id)
        for language, text in entry.texts.items():
            yield from _labelled(label, (entry.title[language], *text.phrasings))
    for unknown in library.unknowns.values():
        label = Label(kind=Kind.UNKNOWN, id=unknown.id)
        for language, phrasings in unknown.phrasings.items():
            yield from _labelled(label, (unknown.title[language], *phrasings))
    for background in library.background:
        label = Label(kind=Kind.BACKGROUND, id=background.kind)
        for phrasings in background.phrasings.values():
            yield from _labelled(label, phrasings)


def _labelled(label: Label, texts: Sequence[str]) -> Iterator[Row]:
    for text in texts:
        normal = _normalised(text)
        if normal:
            yield Row(text=normal, label=label)


def gather(library: Library, found: Index, default_mode: Mode) -> Knowledge:
    """Gather what the rule and its guards need from the library."""
    by_topic: dict[str, Slots] = {}
    for row in found.present():
        if row.label.kind is Kind.TOPIC:
            read = _read(row.text)
            known = by_topic.get(row.label.id, read)
            by_topic[row.label.id] = dataclasses.replace(
                known,
                amounts=known.amounts | read.amounts,
                others=known.others | read.others,
                matters=known.matters | read.matters,
            )
    amounts = {
        statement.value
        for fact in library.contest.facts.values()
        if fact.unit == "krw"
        for statement in fact.statements
        if isinstance(statement.value, int)
    }
    return Knowledge(
        near={unknown.id: unknown.near for unknown in library.unknowns.values()},
        modes=library.modes,
        default_mode=default_mode,
        amounts=frozenset(amounts),
        states_hours=any(one.at is not None for one in library.contest.milestones.values()),
        by_topic=by_topic,
        rules=eligibility.rules(library.applicants, library.contest.facts, library.entries),
        precedents=tuple(library.precedents.values()),
    )
