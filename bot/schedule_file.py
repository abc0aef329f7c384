"""An edited schedule as a file, to be rehearsed: ``milestones:`` with the fields of ``schedule set``.

milestones:
  application: {ends_on: 2020-12-07, at: "18:00"}
  presentation: {on: 2020-12-14}
"""

from __future__ import annotations

from pathlib import Path

from bot import schedule
from bot.refusal import Refused
from faq.contest import Milestone
from faq.library import Library
from faq.sheet import Sheet


def edition(path: Path, current: Library) -> Library:
    """The library with the milestones that a file changes. Raises Refused as ``read`` does."""
    return schedule.with_milestones(current, read(path, current))


def read(path: Path, current: Library) -> list[Milestone]:
    """The milestones that an edited schedule changes: ``milestones:`` with the fields of ``schedule set``.

    Raises:
        Refused: with every mistake in the file, one a line: "schedule.yaml:3: ...".
    """
    if not path.is_file():
        raise Refused(f"{path}: no such file")
    sheet = Sheet(path, name=path.name)
    root = sheet.fields(sheet.root, required=("milestones",))
    changed = []
    for key, name, node in sheet.items(root.get("milestones")):
        milestone = current.contest.milestones.get(name)
        if milestone is None:
            sheet.fault(key, f"unknown milestone '{name}' (known: {', '.join(current.contest.milestones)})")
            continue
        fields = sheet.fields(node, required=(), optional=schedule.FIELDS)
        try:
            for field in schedule.FIELDS:
                if field in fields:
                    milestone = schedule.with_field(milestone, field, str(fields[field].value))
            schedule.check(milestone)
        except Refused as error:
            sheet.fault(key, str(error))
        changed.append(milestone)
    if sheet.faults:
        raise Refused("\n".join(str(fault) for fault in sheet.faults))
    return changed
