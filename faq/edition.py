"""The files of one edition of the contest, read into records.

Formats: ``contest.yaml`` (names, facts, who may apply, milestones), ``entries/*.yaml`` (topic id → entry),
``unknowns/*.yaml`` (id → known unknown), ``background.yaml`` (kind → sentences per language),
``synonyms.yaml`` (groups of spellings, the first one canonical), ``feasibility.yaml`` (words for datasets),
``reminders.yaml`` (when whom is reminded of what).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import yaml

from faq import applicants, feasibility, reminders, wording
from faq.applicants import Applicants
from faq.contest import Contest, Fact, FactStatus, Language, Milestone, Statement, Value
from faq.entry import Asks, Background, BackgroundKind, Entry, Text, Unknown
from faq.feasibility import Guide
from faq.reminders import Reminders
from faq.sheet import Fault, Sheet

_LANGUAGES = tuple(Language)
_ID = re.compile(r"[a-z0-9_]+([.][a-z0-9_-]+)*")


@dataclass(slots=True, kw_only=True)
class Edition:
    """What the files of a folder say, and every fault found in them."""

    contest: Contest | None = None
    entries: dict[str, Entry] = field(default_factory=dict)
    unknowns: dict[str, Unknown] = field(default_factory=dict)
    background: tuple[Background, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    applicants: Applicants = field(default_factory=Applicants)
    guide: Guide = field(default_factory=Guide)
    reminders: Reminders = field(default_factory=Reminders)
    faults: list[Fault] = field(default_factory=list)
    #: File and line of each topic and known unknown.
    places: dict[str, str] = field(default_factory=dict)


def read(folder: Path) -> Edition:
    """Read the files of a folder; only ``contest.yaml`` must exist. Mistakes are in `faults`."""
    edition = Edition()
    about = Sheet(folder / "contest.yaml", name="contest.yaml")
    named = _read_contest(edition, about)
    edition.faults += about.faults
    for path in sorted((folder / "entries").glob("*.yaml")):
        _read_entries(edition, path)
    near: list[tuple[Sheet, yaml.Node]] = []
    for path in sorted((folder / "unknowns").glob("*.yaml")):
        near += _read_unknowns(edition, path)
    for sheet, node in () if edition.faults else near:  # a broken file would hide its topics
        if isinstance(node, yaml.ScalarNode) and node.value not in edition.entries:
            sheet.fault(node, f"'near' names the unknown topic '{node.value}'")
            edition.faults.append(sheet.faults[-1])
    # Without any entry there is nothing that a rule could point to, and nothing that asks for one.
    for topic, node in named if edition.entries and not edition.faults else ():
        if topic not in edition.entries:
            about.fault(node, f"who may apply names the unknown topic '{topic}'")
            edition.faults.append(about.faults[-1])
    if (path := folder / "background.yaml").exists():
        sheet = Sheet(path, name=path.name)
        edition.background = _background(sheet)
        edition.faults += sheet.faults
    if (path := folder / "synonyms.yaml").exists():
        sheet = Sheet(path, name=path.name)
        edition.synonyms = tuple(sheet.texts(group) for group in sheet.sequence(sheet.root))
        edition.faults += sheet.faults
    edition.guide, faults = feasibility.read(folder)
    edition.faults += faults
    edition.reminders, faults = reminders.read(folder, edition.contest.milestones if edition.contest else {})
    edition.faults += faults
    return edition


# -- contest.yaml -----------------------------------------------------------------------------


def _read_contest(edition: Edition, sheet: Sheet) -> list[tuple[str, yaml.Node]]:
    """Read the contest and who may apply; return the topics that the rules name."""
    required = ("id", "name", "organiser", "facts", "milestones")
    fields = sheet.fields(sheet.root, required=required, optional=("eligibility",))
    edition.contest = _contest(sheet, fields)
    if "eligibility" not in fields:
        return []
    edition.applicants, named = applicants.read(sheet, fields["eligibility"], edition.contest.facts)
    return named


def _contest(sheet: Sheet, fields: Mapping[str, yaml.Node]) -> Contest:
    facts = {name: _fact(sheet, key, name, node) for key, name, node in _records(sheet, fields.get("facts"))}
    milestones: dict[str, Milestone] = {}
    for key, name, node in _records(sheet, fields.get("milestones")):
        milestones[name] = _milestone(sheet, key, name, node)
        if name in facts:
            sheet.fault(key, f"'{name}' is the id of a fact as well")
    return Contest(
        id=sheet.text(fields.get("id")),
        name=_per_language(sheet, fields.get("name")),
        organiser=_per_language(sheet, fields.get("organiser")),
        facts=facts,
        milestones=milestones,
    )


def _fact(sheet: Sheet, key: yaml.Node, name: str, node: yaml.Node) -> Fact:
    fields = sheet.fields(node, required=("statements",), optional=("unit", "remark"))
    unit = sheet.text(fields["unit"]) if "unit" in fields else None
    if unit is not None and unit not in wording.UNITS:
        sheet.fault(fields["unit"], f"unknown unit '{unit}' (known: {', '.join(wording.UNITS)})")
    statements = []
    for item in sheet.sequence(fields.get("statements")):
        parts = sheet.fields(item, required=("value", "source"))
        if "value" not in parts:
            continue
        value = _value(sheet, parts["value"])
        if isinstance(value, int) != (unit is not None):
            sheet.fault(parts["value"], "a count needs a unit, and only a count has one")
        statements.append(Statement(value=value, source=sheet.text(parts.get("source"))))
    remark = _per_language(sheet, fields["remark"]) if "remark" in fields else {}
    fact = Fact(id=name, unit=unit, statements=tuple(statements), remark=remark)
    if fact.status is not FactStatus.STATED and "remark" not in fields:
        sheet.fault(key, f"fact '{name}' is {fact.status} and needs a 'remark' for applicants")
    return fact


def _value(sheet: Sheet, node: yaml.Node) -> Value:
    if isinstance(node, yaml.MappingNode):
        return {str(language): words for language, words in _per_language(sheet, node).items()}
    return sheet.value(node)


def _milestone(sheet: Sheet, key: yaml.Node, name: str, node: yaml.Node) -> Milestone:
    fields = sheet.fields(
        node, required=("title", "starts_on", "source"), optional=("ends_on", "at", "approximate")
    )
    starts_on = sheet.day(fields.get("starts_on"))
    ends_on: date = sheet.day(fields["ends_on"]) if "ends_on" in fields else starts_on
    if date.min < ends_on < starts_on:  # date.min is a fault already
        sheet.fault(fields.get("ends_on", key), f"milestone '{name}' ends before it starts")
    vague = fields.get("approximate")
    return Milestone(
        id=name,
        title=_per_language(sheet, fields.get("title")),
        starts_on=starts_on,
        ends_on=ends_on,
        at=sheet.hour(fields.get("at")),
        approximate=_per_language(sheet, vague) if vague is not None else None,
        source=_sources(sheet, fields.get("source")),
    )


# -- entries, known unknowns, background ------------------------------------------------------


def _read_entries(edition: Edition, path: Path) -> None:
    sheet = Sheet(path, name=f"entries/{path.name}")
    for key, name, node in _records(sheet, sheet.root):
        if _is_new(edition, sheet, key, name):
            edition.entries[name] = _entry(sheet, name, node)
    edition.faults += sheet.faults


def _entry(sheet: Sheet, name: str, node: yaml.Node) -> Entry:
    fields = sheet.fields(node, required=("title", "source", "asks", *_LANGUAGES), optional=("personal",))
    return Entry(
        id=name,
        title=_per_language(sheet, fields.get("title")),
        source=_sources(sheet, fields.get("source")),
        asks=tuple(sheet.choice(item, Asks) for item in sheet.sequence(fields.get("asks"))),
        texts={language: _text(sheet, fields.get(language)) for language in _LANGUAGES},
        personal=sheet.flag(fields["personal"]) if "personal" in fields else False,
    )


def _text(sheet: Sheet, node: yaml.Node | None) -> Text:
    fields = sheet.fields(node, required=("phrasings", "answer"), optional=("condition", "next"))
    return Text(
        phrasings=sheet.texts(fields.get("phrasings")),
        answer=sheet.text(fields.get("answer")),
        condition=sheet.text(fields.get("condition"), may_be_empty=True),
        next=sheet.text(fields.get("next"), may_be_empty=True),
    )


def _read_unknowns(edition: Edition, path: Path) -> list[tuple[Sheet, yaml.Node]]:
    """Read one file of known unknowns; return its `near` nodes, to be checked once all is read."""
    sheet = Sheet(path, name=f"unknowns/{path.name}")
    near: list[tuple[Sheet, yaml.Node]] = []
    for key, name, node in _records(sheet, sheet.root):
        if not name.startswith("unknown."):
            sheet.fault(key, f"the id '{name}' must begin with 'unknown.'")
        if not _is_new(edition, sheet, key, name):
            continue
        fields = sheet.fields(node, required=("title", "near", "asks", *_LANGUAGES), optional=("personal",))
        near += [(sheet, item) for item in sheet.sequence(fields.get("near"))]
        edition.unknowns[name] = Unknown(
            id=name,
            title=_per_language(sheet, fields.get("title")),
            near=sheet.texts(fields.get("near")),
            asks=sheet.choice(fields.get("asks"), Asks),
            phrasings={language: sheet.texts(fields.get(language)) for language in _LANGUAGES},
            personal=sheet.flag(fields["personal"]) if "personal" in fields else False,
        )
    edition.faults += sheet.faults
    return near


def _background(sheet: Sheet) -> tuple[Background, ...]:
    found = []
    for key, name, node in sheet.items(sheet.root):
        if name not in tuple(BackgroundKind):
            sheet.fault(key, f"unknown kind '{name}' (known: {', '.join(BackgroundKind)})")
            continue
        fields = sheet.fields(node, required=_LANGUAGES)
        phrasings = {language: sheet.texts(fields.get(language)) for language in _LANGUAGES}
        found.append(Background(kind=BackgroundKind(name), phrasings=phrasings))
    return tuple(found)


# -- pieces -----------------------------------------------------------------------------------


def _records(sheet: Sheet, node: yaml.Node | None) -> list[tuple[yaml.Node, str, yaml.Node]]:
    """Read a mapping of ids."""
    items = sheet.items(node)
    for key, name, _ in items:
        if not _ID.fullmatch(name):
            sheet.fault(key, f"'{name}' is no id: small Latin letters, digits, '_', '.'")
    return items


def _is_new(edition: Edition, sheet: Sheet, key: yaml.Node, name: str) -> bool:
    """Note where an id stands; False and a fault when it stands in another file already."""
    if name in edition.places:
        sheet.fault(key, f"'{name}' stands twice, first in {edition.places[name]}")
        return False
    edition.places[name] = sheet.where(key)
    return True


def _per_language(sheet: Sheet, node: yaml.Node | None) -> Mapping[Language, str]:
    fields = sheet.fields(node, required=_LANGUAGES)
    return {language: sheet.text(fields.get(language)) for language in _LANGUAGES}


def _sources(sheet: Sheet, node: yaml.Node | None) -> tuple[str, ...]:
    """Read one section or a list of sections."""
    if isinstance(node, yaml.ScalarNode):
        return (sheet.text(node),)
    return sheet.texts(node)
