"""Fills an answer with the facts of the contest, as of a given instant.

The words a template may use
----------------------------
fact(id)            the stated value, with its unit; an error when there is none to tell
silent(id)          what to tell of a fact that is not announced; "" once it is stated
contradiction(id)   what to tell of a fact that is announced in two ways; "" once that is settled
stated(id)          whether the fact has one value
day(m)              the day, or the last day of a period, with its hour if one is stated
first_day(m), period(m)
countdown(m)        a whole sentence: how long it is still, or that it is over; may be ""
past(m), ahead(m), running(m), today(m)   for {% if %}; today is the (last) day itself
contest_name(), organiser()
words | josa('을/를')                      the words with the Korean particle that fits

A template is text that staff approved, never text from a mail; it runs sandboxed all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from faq import wording
from faq.contest import Fact, FactStatus, Language, Milestone
from faq.entry import Entry
from faq.library import Library

#: Words about a fact, words about a milestone, and the rest: what `lint` knows without rendering.
FACT_WORDS = ("fact", "silent", "contradiction", "stated")
MILESTONE_WORDS = (
    *("day", "first_day", "period", "countdown"),
    *("past", "ahead", "running", "today"),
)
CONTEST_WORDS = ("contest_name", "organiser")

clock_text = wording.clock_text


class RenderError(Exception):
    """An answer cannot be told as its template asks; the message names the template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An answer in one language, as it stands at one instant."""

    answer: str
    condition: str
    next: str
    #: Sections of the announcement that the answer rests on.
    source: tuple[str, ...]
    #: Fact or milestone id → the words told of it; "" when it only steered what was said.
    told: Mapping[str, str]


def answer(library: Library, entry: Entry, language: Language, *, now: datetime) -> Rendered:
    """Render the three strings of an entry as of an aware instant.

    Raises RenderError when a template is broken, names what does not exist, or asks for a fact
    that the announcement does not state.
    """
    if now.tzinfo is None:
        raise RenderError(f"{entry.id}: the instant {now.isoformat()} has no zone")
    telling = _Telling(library=library, language=language, now=now)
    words = telling.vocabulary()
    text = entry.texts[language]
    parts = {"answer": text.answer, "condition": text.condition, "next": text.next}
    rendered = {
        name: _fill(template, words, where=f"{entry.id}.{language}.{name}") if template else ""
        for name, template in parts.items()
    }
    return Rendered(
        answer=rendered["answer"],
        condition=rendered["condition"],
        next=rendered["next"],
        source=entry.source,
        told=telling.told(),
    )


def parse(template: str) -> jinja2.nodes.Template:
    """Read a template without running it; raises RenderError when it is broken."""
    try:
        return _ENVIRONMENT.parse(template)
    except jinja2.TemplateSyntaxError as error:
        raise RenderError(str(error)) from error


@dataclass(slots=True, kw_only=True)
class _Telling:
    """One rendering: answers the words of the templates and remembers what was told."""

    library: Library
    language: Language
    now: datetime
    _told: dict[str, list[str]] = field(default_factory=dict)

    def told(self) -> Mapping[str, str]:
        return {name: "; ".join(words) for name, words in self._told.items()}

    def vocabulary(self) -> Mapping[str, Callable[..., str | bool]]:
        names = (*FACT_WORDS, *MILESTONE_WORDS, *CONTEST_WORDS)
        return {name: getattr(self, name) for name in names}

    # -- facts --

    def fact(self, name: str) -> str:
        fact = self._fact(name)
        if fact.value is None:
            word = "silent" if fact.status is FactStatus.SILENT else "contradiction"
            raise RenderError(f"fact '{name}' is {fact.status}: use {word}('{name}')")
        return self._tell(name, wording.value_words(fact.value, fact.unit, self.language))

    def silent(self, name: str) -> str:
        return self._remark(name, FactStatus.SILENT)

    def contradiction(self, name: str) -> str:
        return self._remark(name, FactStatus.CONTRADICTORY)

    def stated(self, name: str) -> bool:
        status = self._fact(name).status
        self._tell(name, "")
        return status is FactStatus.STATED

    # -- milestones --

    def day(self, name: str) -> str:
        return self._tell(name, wording.last_day(self._milestone(name), self.language))

    def first_day(self, name: str) -> str:
        return self._tell(name, wording.first_day(self._milestone(name), self.language))

    def period(self, name: str) -> str:
        return self._tell(name, wording.period(self._milestone(name), self.language))

    def countdown(self, name: str) -> str:
        return self._tell(name, wording.countdown(self._milestone(name), self.language, now=self.now))

    def past(self, name: str) -> bool:
        return self._steering(name).is_past(now=self.now)

    def ahead(self, name: str) -> bool:
        return self._steering(name).is_ahead(now=self.now)

    def running(self, name: str) -> bool:
        milestone = self._steering(name)
        return not (milestone.is_ahead(now=self.now) or milestone.is_past(now=self.now))

    def today(self, name: str) -> bool:
        milestone = self._steering(name)
        return milestone.approximate is None and milestone.is_last_day(now=self.now)

    # -- the contest --

    def contest_name(self) -> str:
        return self.library.contest.name[self.language]

    def organiser(self) -> str:
        return self.library.contest.organiser[self.language]

    # -- behind the words --

    def _fact(self, name: str) -> Fact:
        try:
            return self.library.contest.facts[name]
        except KeyError:
            raise RenderError(f"unknown fact '{name}'") from None

    def _milestone(self, name: str) -> Milestone:
        try:
            return self.library.contest.milestones[name]
        except KeyError:
            raise RenderError(f"unknown milestone '{name}'") from None

    def _steering(self, name: str) -> Milestone:
        milestone = self._milestone(name)
        self._tell(name, "")
        return milestone

    def _remark(self, name: str, expected: FactStatus) -> str:
        fact = self._fact(name)
        if fact.status is FactStatus.STATED:
            return self._tell(name, "")
        if fact.status is not expected:
            raise RenderError(f"fact '{name}' is {fact.status}, not {expected}")
        return self._tell(name, fact.remark[self.language])

    def _tell(self, name: str, words: str) -> str:
        told = self._told.setdefault(name, [])
        if words and words not in told:
            told.append(words)
        return words


# -- templates --------------------------------------------------------------------------------


def _josa(words: str, pair: str) -> str:
    try:
        return wording.with_particle(words, pair)
    except ValueError as error:
        raise RenderError(str(error)) from error


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals.clear()  # no range, no lipsum: an answer needs neither loops nor noise
    environment.filters = {"josa": _josa}
    return environment


_ENVIRONMENT = _environment()


@lru_cache(maxsize=1024)
def _compiled(template: str) -> jinja2.Template:
    """Compile once (about a millisecond); an edition has some 250 templates, changes add a few."""
    return _ENVIRONMENT.from_string(template)


def _fill(template: str, words: Mapping[str, Callable[..., str | bool]], *, where: str) -> str:
    if "{" not in template:
        return _tidy(template)  # nothing to fill in, as in many conditions
    try:
        return _tidy(_compiled(template).render(words))
    except RenderError as error:
        raise RenderError(f"{where}: {error}") from error
    except Exception as error:
        # A template runs as a program, so it may raise whatever Python raises (a wrong argument,
        # a division); to the caller all of it is one thing: this answer cannot be told.
        raise RenderError(f"{where}: {type(error).__name__}: {error}") from error


def _tidy(text: str) -> str:
    """Close the gaps that sentences leave when they vanish."""
    text = re.sub(r"[ \t]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
