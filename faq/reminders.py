"""When whom is reminded of what: the rules of one edition, from ``reminders.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from pathlib import Path

import yaml

from faq.contest import Milestone, Stage
from faq.sheet import Fault, Sheet

FILE = "reminders.yaml"
#: A reminder further ahead than this is a slip of the pen.
MOST_DAYS = 120
MOST_HOURS = 48
_OFFSET = re.compile(r"([DH])-(0|[1-9]\d{0,2})")


class Unit(StrEnum):
    """What an offset is counted in."""

    DAYS = "D"
    HOURS = "H"


class CountsTo(StrEnum):
    """Which day of a period the offsets count to."""

    END = "end"
    START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """How long before the milestone, such as ``D-3`` or ``H-3``."""

    unit: Unit
    count: int

    def __str__(self) -> str:
        return f"{self.unit}-{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who is reminded of one milestone, and how long before it."""

    milestone: str
    #: Those who still owe something.
    audience: tuple[Stage, ...]
    offsets: tuple[Offset, ...]
    #: The hour of D-n reminders, in Seoul.
    at: time
    counts_to: CountsTo = CountsTo.END


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders:
    """The rules of one edition; without its file nobody is reminded."""

    rules: tuple[Rule, ...] = ()
    #: Nobody is written to unasked from here until there, in Seoul; equal when there are no such hours.
    quiet_from: time = time(21)
    quiet_until: time = time(8)


def read(folder: Path, milestones: Mapping[str, Milestone]) -> tuple[Reminders, list[Fault]]:
    """Read ``reminders.yaml`` of an edition, which may be missing; mistakes are returned."""
    path = folder / FILE
    if not path.exists():
        return Reminders(), []
    sheet = Sheet(path, name=FILE)
    fields = sheet.fields(sheet.root, required=("quiet", "rules"))
    quiet = sheet.fields(fields.get("quiet"), required=("from", "until"))
    rules = []
    for key, name, node in sheet.items(fields.get("rules")):
        if name not in milestones:
            sheet.fault(key, f"unknown milestone '{name}' (known: {', '.join(milestones)})")
        rules.append(_rule(sheet, name, node))
    read = Reminders(
        rules=tuple(rules),
        quiet_from=sheet.hour(quiet.get("from")) or time(),
        quiet_until=sheet.hour(quiet.get("until")) or time(),
    )
    return read, sheet.faults


def _rule(sheet: Sheet, milestone: str, node: yaml.Node) -> Rule:
    fields = sheet.fields(node, required=("audience", "offsets", "at"), optional=("counts_to",))
    audience = [sheet.choice(item, Stage) for item in sheet.sequence(fields.get("audience"))]
    if not audience and "audience" in fields:
        sheet.fault(fields["audience"], "a reminder needs somebody to remind")
    for gone in (Stage.WITHDRAWN, Stage.ABSENT):
        if gone in audience:
            sheet.fault(fields["audience"], f"nobody who is {gone} is reminded")
    offsets: dict[Offset, None] = {}
    for item in sheet.sequence(fields.get("offsets")):
        offset = _offset(sheet, item)
        if offset in offsets:
            sheet.fault(item, f"{offset} stands twice")
        if offset is not None:
            offsets[offset] = None
    return Rule(
        milestone=milestone,
        audience=tuple(dict.fromkeys(audience)),
        offsets=tuple(offsets),
        at=sheet.hour(fields.get("at")) or time(),
        counts_to=sheet.choice(fields["counts_to"], CountsTo) if "counts_to" in fields else CountsTo.END,
    )


def _offset(sheet: Sheet, node: yaml.Node) -> Offset | None:
    found = _OFFSET.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    if found is None:
        sheet.fault(node, "expected an offset such as D-3 or H-3")
        return None
    offset = Offset(unit=Unit(found[1]), count=int(found[2]))
    least, most = (0, MOST_DAYS) if offset.unit is Unit.DAYS else (1, MOST_HOURS)
    if not least <= offset.count <= most:
        sheet.fault(node, f"{offset} is not between {offset.unit}-{least} and {offset.unit}-{most}")
        return None
    return offset
