"""The records of what the desk may say: entries, known unknowns, background mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from faq.contest import Language


class Asks(StrEnum):
    """What kind of thing a question wants to know, beside what it is about."""

    WHAT = "what"
    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    WHY = "why"
    HOW_TO = "how_to"
    HOW_MANY = "how_many"
    HOW_MUCH = "how_much"
    HOW_JUDGED = "how_judged"
    MAY_I = "may_i"
    WHAT_IF = "what_if"


class Mode(StrEnum):
    """How far the desk may go with a topic by itself."""

    SHADOW = "shadow"
    SUGGEST = "suggest"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One language of an entry; the three strings are templates (see faq/render.py)."""

    phrasings: tuple[str, ...]
    #: The answer itself, in one or two sentences; alone it is the short form.
    answer: str
    #: What the answer depends on; may be empty.
    condition: str
    #: What to do next; may be empty.
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A topic and the approved text that answers it, in every language."""

    id: str
    title: Mapping[Language, str]
    #: Sections of the announcement that the answer rests on.
    source: tuple[str, ...]
    asks: tuple[Asks, ...]
    texts: Mapping[Language, Text]
    #: 0 for the files, above it the number of the approved change.
    version: int = 0
    #: True when what the asker wants to know lies in the records of one applicant (his application, result,
    #: slot): the text here is for everybody, and more is told only to a sender whose address is proven.
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A foreseeable question that the announcement does not answer."""

    id: str
    title: Mapping[Language, str]
    #: Topics that it resembles, nearest first.
    near: tuple[str, ...]
    asks: Asks
    phrasings: Mapping[Language, tuple[str, ...]]
    version: int = 0
    #: As of an Entry; here also what asks staff to change such records.
    personal: bool = False


class BackgroundKind(StrEnum):
    """What mail that is no question about the contest is."""

    THANKS = "thanks"
    GREETING = "greeting"
    OUT_OF_OFFICE = "out_of_office"
    ADVERTISING = "advertising"
    #: A person wants something, but not about the contest: jobs, press, app support.
    OTHER_BUSINESS = "other_business"


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Sentences of one kind of mail that no entry answers."""

    kind: BackgroundKind
    phrasings: Mapping[Language, tuple[str, ...]]
