"""The rules for reminders of an edition, and what is told of mistakes in them."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from faq import reminders
from faq.contest import Language, Milestone, Stage
from faq.reminders import CountsTo, Reminders

MILESTONES = {
    "application": Milestone(
        id="application",
        title={Language.KO: "접수", Language.EN: "Applications"},
        starts_on=date(2020, 11, 2),
        ends_on=date(2020, 11, 30),
        at=None,
        approximate=None,
        source=("2",),
    )
}
RULE = "audience: [drafting], offsets: [D-3], at: '10:00'"


def read(
    folder: Path, rule: str = RULE, *, milestone: str = "application", quiet: str = "21:00"
) -> tuple[Reminders, list[str]]:
    text = f"quiet: {{from: '{quiet}', until: '08:00'}}\nrules:\n  {milestone}: {{{rule}}}\n"
    (folder / reminders.FILE).write_text(text, "utf-8")
    found, faults = reminders.read(folder, MILESTONES)
    return found, [str(fault) for fault in faults]


def test_rules_are_read(tmp_path: Path) -> None:
    found, faults = read(
        tmp_path, "audience: [interested, drafting], offsets: [D-7, H-3], at: '9:30', counts_to: start"
    )
    (rule,) = found.rules

    assert faults == []
    assert (found.quiet_from, found.quiet_until) == (time(21), time(8))
    assert [str(offset) for offset in rule.offsets] == ["D-7", "H-3"]
    assert (rule.audience, rule.at, rule.counts_to) == (
        (Stage.INTERESTED, Stage.DRAFTING),
        time(9, 30),
        CountsTo.START,
    )


def test_edition_without_the_file_reminds_nobody(tmp_path: Path) -> None:
    assert reminders.read(tmp_path, MILESTONES) == (Reminders(), [])


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("audience: [], offsets: [D-3], at: '10:00'", "a reminder needs somebody to remind"),
        ("audience: [withdrawn], offsets: [D-3], at: '10:00'", "nobody who is withdrawn is reminded"),
        ("audience: [drafting], offsets: [D-3, D-3], at: '10:00'", "D-3 stands twice"),
        ("audience: [drafting], offsets: [D+3], at: '10:00'", "expected an offset such as D-3 or H-3"),
        ("audience: [drafting], offsets: [H-0], at: '10:00'", "H-0 is not between H-1 and H-48"),
        ("audience: [drafting], offsets: [D-200], at: '10:00'", "D-200 is not between D-0 and D-120"),
        (
            "audience: [drafting], offsets: [D-3], at: '25:00'",
            "expected an hour such as 18:00, found '25:00'",
        ),
    ],
)
def test_mistake_is_told_with_its_line(tmp_path: Path, rule: str, told: str) -> None:
    _, faults = read(tmp_path, rule)

    assert faults == [f"reminders.yaml:3: {told}"]


def test_unknown_milestone_is_told(tmp_path: Path) -> None:
    _, faults = read(tmp_path, milestone="prize")

    assert faults == ["reminders.yaml:3: unknown milestone 'prize' (known: application)"]
