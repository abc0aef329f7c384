"""Which datasets can be built: what the announcement says of it, and what staff have judged since.

The announcement names no kind of data and no work as possible or impossible, so no concrete dataset is
answered from the files alone: a person gives a verdict, and an approved one is a precedent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import yaml

from faq.contest import Language
from faq.sheet import Fault, Sheet

#: The name of the file in an edition's folder.
FILE = "feasibility.yaml"


class Judged(StrEnum):
    """What staff say of one dataset."""

    FEASIBLE = "feasible"
    CONDITIONAL = "conditional"
    NOT_FEASIBLE = "not_feasible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The words for datasets; an edition without the file has none, and ids are shown as they are."""

    #: Id of a kind of data → how applicants read it.
    modalities: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    #: Id of a kind of work → how applicants read it.
    tasks: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    #: Id of a ground on which raw data may be used → how applicants read it.
    rights: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    #: What the announcement's own examples are worth, by the kind of data: said where one is asked about.
    examples: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)

    def modality(self, name: str, language: Language) -> str:
        """The words for a kind of data."""
        return self.modalities.get(name, {}).get(language, name)

    def right(self, name: str, language: Language) -> str:
        """The words for a ground on which raw data may be used."""
        return self.rights.get(name, {}).get(language, name)

    def task(self, name: str, language: Language) -> str:
        """The words for a kind of work."""
        return self.tasks.get(name, {}).get(language, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """A verdict of staff on one dataset, approved for like questions."""

    #: Such as ``precedent.12``.
    id: str
    verdict: Judged
    #: Why, in words for applicants; a language may be missing.
    reason: Mapping[Language, str]
    modality: tuple[str, ...]
    task: tuple[str, ...]
    volume: str | None
    personal_data: bool | None
    rights: str | None
    #: The question that was judged; compared with later ones, never shown to an applicant.
    question: str
    version: int = 0


def read(folder: Path) -> tuple[Guide, list[Fault]]:
    """Read ``feasibility.yaml`` of an edition, which may be missing; mistakes are returned."""
    path = folder / FILE
    if not path.exists():
        return Guide(), []
    sheet = Sheet(path, name=FILE)
    fields = sheet.fields(sheet.root, required=("modalities", "tasks"), optional=("rights", "examples"))
    modalities, tasks = (_titles(sheet, fields.get(name)) for name in ("modalities", "tasks"))
    rights = _titles(sheet, fields.get("rights"))
    examples = _titles(sheet, fields.get("examples"))
    for key, name, _ in sheet.items(fields.get("examples")):
        if name not in modalities:
            sheet.fault(key, f"'{name}' is none of the modalities")
    return Guide(modalities=modalities, tasks=tasks, rights=rights, examples=examples), sheet.faults


def _titles(sheet: Sheet, node: yaml.Node | None) -> dict[str, Mapping[Language, str]]:
    found: dict[str, Mapping[Language, str]] = {}
    for _, name, item in sheet.items(node):
        fields = sheet.fields(item, required=tuple(Language))
        found[name] = {language: sheet.text(fields.get(language)) for language in Language}
    return found
