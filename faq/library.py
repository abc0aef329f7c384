"""Everything one edition may say, loaded from its files and overlaid with approved changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from faq import edition, hours, wording
from faq.applicants import Applicants
from faq.contest import Contest, Fact, FactStatus, Language, Milestone, Statement
from faq.entry import Background, Entry, Mode, Unknown
from faq.feasibility import Guide, Precedent
from faq.reminders import Reminders

#: The folder of the packaged edition.
PACKAGED = Path(__file__).parent

Record = TypeVar("Record")


class LibraryError(Exception):
    """The files or the changes of an edition cannot be used; one line per mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One immutable view of the edition; workers swap it for a new one when the version moves."""

    contest: Contest
    entries: Mapping[str, Entry]
    unknowns: Mapping[str, Unknown]
    background: tuple[Background, ...]
    #: Groups of spellings of the same thing, the canonical one first.
    synonyms: tuple[tuple[str, ...], ...]
    #: Only the topics for which staff have set a mode; the others follow the setting.
    modes: Mapping[str, Mode]
    #: 0 for the files alone, above it the number of the newest approved change.
    version: int
    #: Who may apply, by the kind of applicant.
    applicants: Applicants = field(default_factory=Applicants)
    #: The words for datasets.
    guide: Guide = field(default_factory=Guide)
    #: Approved verdicts on datasets, by id; files hold none.
    precedents: Mapping[str, Precedent] = field(default_factory=dict)
    #: When whom is reminded of what.
    reminders: Reminders = field(default_factory=Reminders)


def load(folder: Path = PACKAGED) -> Library:
    """Load the files of an edition.

    Raises LibraryError with every mistake found, one a line: "entries/application.yaml:12: ...".
    """
    found = edition.read(folder)
    if found.faults or found.contest is None:
        raise LibraryError("\n".join(str(fault) for fault in sorted(found.faults)))
    return Library(
        contest=found.contest,
        entries=found.entries,
        unknowns=found.unknowns,
        background=found.background,
        synonyms=found.synonyms,
        modes={},
        version=0,
        applicants=found.applicants,
        guide=found.guide,
        reminders=found.reminders,
    )


# -- approved changes -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """What a fact says from now on; no statement makes it silent."""

    fact: str
    statements: tuple[Statement, ...]
    version: int
    #: What applicants are told when it is silent or contradictory; None keeps what they were told.
    remark: Mapping[Language, str] | None = None
    #: True for a fact that the files do not know yet; its unit is then given here.
    added: bool = False
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneChange:
    """A milestone as it is from now on."""

    milestone: Milestone
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """An entry that is added, or that replaces the one with its id."""

    entry: Entry
    version: int
    #: The known unknown that it answers, which is then known no more as one.
    settles: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhrasingsAdded:
    """More ways to ask for a topic or a known unknown."""

    topic: str
    language: Language
    phrasings: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownChange:
    """A known unknown that is added, or that replaces the one with its id."""

    unknown: Unknown
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChange:
    """How far the desk may go with a topic by itself."""

    topic: str
    mode: Mode
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecedentChange:
    """A verdict on a dataset that answers like questions from now on, in place of some older ones."""

    precedent: Precedent
    version: int
    #: Ids of the precedents that it takes the place of.
    replaces: tuple[str, ...] = ()


Change = (
    FactChange | MilestoneChange | EntryChange | PhrasingsAdded | UnknownChange | ModeChange | PrecedentChange
)


def overlay(library: Library, changes: Sequence[Change]) -> Library:
    """Lay approved changes over a library, in the order of their versions.

    The library given stays as it is. Raises LibraryError, naming change and id, when a change
    speaks of an id that does not exist or would leave the library unusable.
    """
    for change in sorted(changes, key=lambda change: change.version):
        version = max(library.version, change.version)
        library = dataclasses.replace(_apply(library, change), version=version)
    return library


def _apply(library: Library, change: Change) -> Library:
    match change:
        case FactChange(fact=name):
            fact = _new_fact(library, change) if change.added else None
            fact = fact or _known(library.contest.facts, name, change, "fact")
            remark = fact.remark if change.remark is None else change.remark
            fact = dataclasses.replace(fact, statements=change.statements, remark=remark)
            _check_fact(fact, change)
            facts = {**library.contest.facts, name: fact}
            contest = dataclasses.replace(library.contest, facts=facts)
            return dataclasses.replace(library, contest=hours.told_by_fact(contest, fact))
        case MilestoneChange(milestone=milestone):
            _known(library.contest.milestones, milestone.id, change, "milestone")
            if milestone.ends_on < milestone.starts_on:
                raise _refused(change, f"milestone '{milestone.id}' ends before it starts")
            return dataclasses.replace(library, contest=hours.told_by_milestone(library.contest, milestone))
        case EntryChange(entry=entry):
            _check_languages(entry.texts, entry.id, change)
            if entry.id in library.unknowns:
                raise _refused(change, f"'{entry.id}' is a known unknown")
            # The mark guards records: a change of words does not take it away.
            olds = (library.entries.get(entry.id), library.unknowns.get(change.settles or ""))
            guarded = entry.personal or any(old is not None and old.personal for old in olds)
            entry = dataclasses.replace(entry, version=change.version, personal=guarded)
            unknowns = dict(library.unknowns)
            if change.settles is not None:
                _known(unknowns, change.settles, change, "known unknown")
                del unknowns[change.settles]
            return dataclasses.replace(
                library, entries={**library.entries, entry.id: entry}, unknowns=unknowns
            )
        case PhrasingsAdded():
            return _with_phrasings(library, change)
        case UnknownChange(unknown=unknown):
            _check_languages(unknown.phrasings, unknown.id, change)
            if unknown.id in library.entries:
                raise _refused(change, f"'{unknown.id}' is a topic")
            for topic in unknown.near:
                _known(library.entries, topic, change, "topic")
            before = library.unknowns.get(unknown.id)
            guarded = unknown.personal or (before is not None and before.personal)
            unknown = dataclasses.replace(unknown, version=change.version, personal=guarded)
            return dataclasses.replace(library, unknowns={**library.unknowns, unknown.id: unknown})
        case ModeChange(topic=topic):
            _known(library.entries, topic, change, "topic")
            return dataclasses.replace(library, modes={**library.modes, topic: change.mode})
        case PrecedentChange():
            return _with_precedent(library, change)


def _with_phrasings(library: Library, change: PhrasingsAdded) -> Library:
    """Add phrasings; the version of the entry stays, because what it answers stays."""
    name, language = change.topic, change.language
    if name in library.unknowns:
        unknown = library.unknowns[name]
        added = (*unknown.phrasings[language], *change.phrasings)
        unknown = dataclasses.replace(unknown, phrasings={**unknown.phrasings, language: added})
        return dataclasses.replace(library, unknowns={**library.unknowns, name: unknown})
    entry = _known(library.entries, name, change, "topic")
    text = entry.texts[language]
    text = dataclasses.replace(text, phrasings=(*text.phrasings, *change.phrasings))
    entry = dataclasses.replace(entry, texts={**entry.texts, language: text})
    return dataclasses.replace(library, entries={**library.entries, name: entry})


def _with_precedent(library: Library, change: PrecedentChange) -> Library:
    for gone in change.replaces:
        _known(library.precedents, gone, change, "precedent")
    kept = {name: one for name, one in library.precedents.items() if name not in change.replaces}
    kept[change.precedent.id] = dataclasses.replace(change.precedent, version=change.version)
    return dataclasses.replace(library, precedents=kept)


def _new_fact(library: Library, change: FactChange) -> Fact:
    if change.fact in library.contest.facts or change.fact in library.contest.milestones:
        raise _refused(change, f"'{change.fact}' exists already")
    if change.unit is not None and change.unit not in wording.UNITS:
        raise _refused(change, f"unknown unit '{change.unit}' (known: {', '.join(wording.UNITS)})")
    return Fact(id=change.fact, unit=change.unit, statements=(), remark={})


def _check_fact(fact: Fact, change: FactChange) -> None:
    if fact.status is not FactStatus.STATED and not fact.remark:
        raise _refused(change, f"fact '{fact.id}' would be {fact.status} and has no remark")
    if fact.remark:
        _check_languages(fact.remark, fact.id, change)
    for statement in fact.statements:
        if isinstance(statement.value, int) != (fact.unit is not None):
            raise _refused(change, f"fact '{fact.id}' takes {fact.unit or 'words or a day'}")
        if isinstance(statement.value, Mapping):
            _check_languages(statement.value, fact.id, change)


def _check_languages(
    texts: Mapping[str, object] | Mapping[Language, object], name: str, change: Change
) -> None:
    for language in Language:
        if language not in texts:
            raise _refused(change, f"'{name}' lacks the language '{language}'")


def _known(records: Mapping[str, Record], name: str, change: Change, kind: str) -> Record:
    if name not in records:
        raise _refused(change, f"unknown {kind} '{name}'")
    return records[name]


def _refused(change: Change, what: str) -> LibraryError:
    return LibraryError(f"change {change.version} ({type(change).__name__}): {what}")
