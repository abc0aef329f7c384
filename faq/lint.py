"""Finds what must not reach an applicant: literal facts, contradictions, holes, broken answers.

`check` renders every answer in both languages around every milestone, as the files state the facts
and as if all open facts were settled, so that each branch of each template has run once.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from jinja2 import meta, nodes

from faq import library as libraries
from faq import literals, render, wording
from faq.applicants import Standing
from faq.contest import SEOUL, Fact, FactStatus, Language, Milestone, Statement, Value
from faq.entry import Entry
from faq.library import Library

#: Below these an entry is hardly found by the ways in which people ask.
_FEW_PHRASINGS = {Language.KO: 10, Language.EN: 5}


class Level(StrEnum):
    """An error keeps an edition from being used; a notice is for staff to weigh."""

    ERROR = "error"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that staff should know about an edition."""

    level: Level
    #: Such as "entries:application.period.ko" or "contest:build.start".
    where: str
    what: str


def check(library: Library) -> tuple[Finding, ...]:
    """Look over a whole library: errors first, each finding once. It never raises for content."""
    broken = list(_broken_templates(library))
    findings = [
        *broken,
        *_literal_facts(library),
        *_answers(library, skipped={finding.where for finding in broken}),
        *_phrasings(library),
        *_few(library),
        *_open_facts(library),
        *_open_kinds(library),
        *_hours(library),
    ]
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.level))


# -- templates, without running them ----------------------------------------------------------


def _broken_templates(library: Library) -> Iterator[Finding]:
    for where, template in _all_templates(library):
        try:
            tree = render.parse(template)
        except render.RenderError as error:
            yield Finding(level=Level.ERROR, where=where, what=f"broken template: {error}")
            continue
        for what in _unknown_words(tree, library):
            yield Finding(level=Level.ERROR, where=where, what=what)


def _literal_facts(library: Library) -> Iterator[Finding]:
    names = literals.names(library.contest)
    for where, tree in _trees(library):
        for literal in _literal_texts(tree):
            for found in literals.find(literal, names=names):
                yield Finding(level=Level.ERROR, where=where, what=f"literal fact: '{found}'")


def _literal_texts(tree: nodes.Template) -> Iterator[str]:
    """Yield what the template says by itself: its text, and constants that are no ids."""
    ids = {id(argument) for call in tree.find_all(nodes.Call) for argument in call.args}
    ids |= {id(argument) for particle in tree.find_all(nodes.Filter) for argument in particle.args}
    for data in tree.find_all(nodes.TemplateData):
        yield data.data
    for constant in tree.find_all(nodes.Const):
        if id(constant) not in ids and not isinstance(constant.value, bool | None):
            yield str(constant.value)


def _unknown_words(tree: nodes.Template, library: Library) -> Iterator[str]:
    known = {*render.FACT_WORDS, *render.MILESTONE_WORDS, *render.CONTEST_WORDS}
    for name in sorted(meta.find_undeclared_variables(tree) - known):
        yield f"unknown placeholder '{name}'"
    for word, name in _asked(tree):
        if word in render.FACT_WORDS and name not in library.contest.facts:
            yield f"unknown fact '{name}'"
        if word in render.MILESTONE_WORDS and name not in library.contest.milestones:
            yield f"unknown milestone '{name}'"


def _asked(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    """Yield each word of the vocabulary with the id it is asked for, in branches not taken too."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.args and isinstance(call.args[0], nodes.Const):
            yield call.node.name, str(call.args[0].value)


# -- answers, as they are told ----------------------------------------------------------------


def _answers(library: Library, *, skipped: Set[str]) -> Iterator[Finding]:
    """Tell every answer at every instant; of each text only the first fault is reported."""
    instants = _instants(library)
    for world in (library, _settled(library)):
        for entry, language, where in _texts(world):
            if where in skipped:
                continue
            faults = (_telling_fault(world, entry, language, now=now) for now in instants)
            if what := next(filter(None, faults), None):
                yield Finding(level=Level.ERROR, where=where, what=what)


def _telling_fault(library: Library, entry: Entry, language: Language, *, now: datetime) -> str | None:
    try:
        rendered = render.answer(library, entry, language, now=now)
    except render.RenderError as error:
        return str(error)
    if not rendered.answer:
        return f"the answer is empty on {wording.clock_text(now, Language.EN)}"
    return None if rendered.source else "the answer names no section as its source"


def _instants(library: Library) -> Sequence[datetime]:
    """Choose instants before, on the first day of, during, on the last day of and after each milestone."""
    moments: set[datetime] = set()
    for milestone in library.contest.milestones.values():
        moments.update(_moments(milestone))
    return sorted(moments) or [datetime(2020, 1, 1, tzinfo=SEOUL)]


def _moments(milestone: Milestone) -> Iterator[datetime]:
    starts = datetime.combine(milestone.starts_on, time.min, tzinfo=SEOUL)
    yield starts - timedelta(days=3)
    yield starts
    yield starts + (milestone.closes_at - starts) / 2
    yield milestone.closes_at - timedelta(minutes=1)
    yield milestone.closes_at


def _settled(library: Library) -> Library:
    """Return the library as if every open fact were stated, for the branches that wait for that."""
    changes = [
        libraries.FactChange(fact=fact.id, statements=(_any_statement(fact),), version=library.version)
        for fact in library.contest.facts.values()
        if fact.status is not FactStatus.STATED
    ]
    return libraries.overlay(library, changes)


def _any_statement(fact: Fact) -> Statement:
    if fact.statements:
        return fact.statements[0]
    value: Value = "-" if fact.unit is None else 1
    return Statement(value=value, source="-")


# -- phrasings --------------------------------------------------------------------------------


def fold(phrasing: str) -> str:
    """Reduce a phrasing to what tells it from others: letters and digits in NFC, small."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", phrasing).casefold())
    return "".join(letter for letter in folded if letter.isalnum())


def _phrasings(library: Library) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for where, phrasing in _all_phrasings(library):
        folded = fold(phrasing)
        if not folded:
            yield Finding(level=Level.ERROR, where=where, what=f"phrasing without a word: '{phrasing}'")
        elif folded in first:
            what = f"phrasing twice: '{phrasing}' stands in {first[folded]}"
            yield Finding(level=Level.ERROR, where=where, what=what)
        else:
            first[folded] = where


def _all_phrasings(library: Library) -> Iterator[tuple[str, str]]:
    for entry, language, where in _texts(library):
        yield from ((where, phrasing) for phrasing in entry.texts[language].phrasings)
    for unknown in library.unknowns.values():
        for language, phrasings in unknown.phrasings.items():
            yield from ((f"unknowns:{unknown.id}.{language}", phrasing) for phrasing in phrasings)
    for background in library.background:
        for language, phrasings in background.phrasings.items():
            yield from ((f"background:{background.kind}.{language}", phrasing) for phrasing in phrasings)


def _few(library: Library) -> Iterator[Finding]:
    for entry, language, where in _texts(library):
        count, wanted = len(entry.texts[language].phrasings), _FEW_PHRASINGS[language]
        if count < wanted:
            what = f"few phrasings: {count}, at least {wanted} are wanted"
            yield Finding(level=Level.NOTICE, where=where, what=what)


# -- what the announcement leaves open --------------------------------------------------------


def _open_facts(library: Library) -> Iterator[Finding]:
    told = _told_facts(library)
    for fact in library.contest.facts.values():
        where = f"contest:{fact.id}"
        if fact.status is FactStatus.STATED:
            continue
        if fact.status is FactStatus.SILENT:
            what = f"hole: {fact.id}: {fact.remark[Language.KO]}"
        else:
            says = ", ".join(_says(statement, fact.unit) for statement in fact.statements)
            what = f"contradiction: {fact.id}: {says}"
        yield Finding(level=Level.NOTICE, where=where, what=what)
        if fact.id not in told:
            yield Finding(level=Level.NOTICE, where=where, what=f"{fact.status}, and no answer says so")


def _open_kinds(library: Library) -> Iterator[Finding]:
    """Find a kind of applicant that nothing settles, and whose answer does not say so."""
    asked: dict[str, set[str]] = {}
    for entry, language, _ in _texts(library):
        text = entry.texts[language]
        for template in (text.answer, text.condition, text.next):
            with contextlib.suppress(render.RenderError):  # found as broken already
                asked.setdefault(entry.id, set()).update(name for _, name in _asked(render.parse(template)))
    for kind, rule in library.applicants.rules.items():
        if rule.standing(library.contest.facts) is not Standing.OPEN:
            continue
        if rule.fact not in asked.get(rule.topic, set()):
            what = f"'{kind}' is open by '{rule.fact}', yet the answer {rule.topic} does not tell that fact"
            yield Finding(level=Level.ERROR, where=f"contest:eligibility.{kind}", what=what)


def _says(statement: Statement, unit: str | None) -> str:
    return f"{statement.source} says {wording.value_words(statement.value, unit, Language.KO)}"


def _hours(library: Library) -> Iterator[Finding]:
    """Find a milestone that has got its hour while answers still say that none is announced."""
    for milestone in library.contest.milestones.values():
        fact = library.contest.facts.get(f"{milestone.id}.hour")
        if milestone.at is not None and fact is not None and fact.status is FactStatus.SILENT:
            what = f"milestone '{milestone.id}' states an hour, yet the fact '{fact.id}' is silent"
            yield Finding(level=Level.ERROR, where=f"contest:{milestone.id}", what=what)


def _told_facts(library: Library) -> set[str]:
    """Collect the open facts that some answer speaks of."""
    return {
        name
        for _, tree in _trees(library)
        for word, name in _asked(tree)
        if word in ("silent", "contradiction")
    }


# -- walking through a library ----------------------------------------------------------------


def _texts(library: Library) -> Iterator[tuple[Entry, Language, str]]:
    for entry in library.entries.values():
        for language in entry.texts:
            yield entry, language, f"entries:{entry.id}.{language}"


def _all_templates(library: Library) -> Iterator[tuple[str, str]]:
    for entry, language, where in _texts(library):
        text = entry.texts[language]
        yield from ((where, template) for template in (text.answer, text.condition, text.next))


def _trees(library: Library) -> Iterator[tuple[str, nodes.Template]]:
    """Yield the templates that can be read; the others are found as broken."""
    for where, template in _all_templates(library):
        try:
            yield where, render.parse(template)
        except render.RenderError:
            continue
