"""A goal, what was measured of it, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

#: Cores that others may use before a missed floor says nothing about us.
MAX_OTHER_LOAD = 0.3


class BenchError(Exception):
    """The run cannot go on; the message says what is missing or which process failed."""


class Unit(StrEnum):
    """What a value is counted in."""

    RATIO = "ratio"
    MS = "ms"
    MB = "MB"
    PER_S = "per_s"


class Better(StrEnum):
    """Which way is up."""

    HIGHER = "higher"
    LOWER = "lower"


class Verdict(StrEnum):
    """What a measurement says about its goal."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What we promise (floor) and what we aim at (stretch), in ``unit``."""

    name: str
    unit: Unit
    better: Better
    floor: float
    stretch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A goal with its value in each round; the figures behind it are for people."""

    goal: Goal
    #: One value a round; a ratio is taken inside its round.
    values: tuple[float, ...]
    #: Such as "2781 / 3527 msg/s".
    figures: str
    #: Further figures of the same rounds, such as "cpu 0.385 / 0.260 ms"; may be empty.
    beside: str = ""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the figures hang on."""

    cpus: int
    #: 2 KB appended and flushed, where the desk's data lie.
    flush_ms_p50: float
    flush_ms_p99: float
    #: Cores that neither we nor the kernel's own threads used, on average over the measured stretches.
    other_load: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One bench, run to its end."""

    name: str
    rounds: int
    machine: Machine
    measured: tuple[Measured, ...]
    #: What the reader must know beside the goals: generator, peers left out and why.
    notes: tuple[str, ...] = ()
    #: Further figures, a record a line, all with the same keys; None where nothing was measured.
    table: tuple[Mapping[str, float | None], ...] = ()

    @property
    def verdict(self) -> Verdict:
        """FAIL if one goal failed, else INCONCLUSIVE if one is, else PASS."""
        verdicts = {judge(one, other_load=self.machine.other_load) for one in self.measured}
        return next(
            (found for found in (Verdict.FAIL, Verdict.INCONCLUSIVE) if found in verdicts), Verdict.PASS
        )


def judge(measured: Measured, *, other_load: float) -> Verdict:
    """Hold the median against the floor; a miss says nothing while others used the machine."""
    goal = measured.goal
    met = measured.value >= goal.floor if goal.better is Better.HIGHER else measured.value <= goal.floor
    if met:
        return Verdict.PASS
    return Verdict.INCONCLUSIVE if other_load > MAX_OTHER_LOAD else Verdict.FAIL


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0 to 1) of the values do not exceed; raises BenchError for none."""
    if not values:
        raise BenchError("nothing was measured")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def document(report: Report) -> dict[str, Any]:
    """The report as one JSON document."""
    machine = report.machine
    return {
        "name": report.name,
        "machine": {
            "cpus": machine.cpus,
            "flush_ms_p50": round(machine.flush_ms_p50, 3),
            "flush_ms_p99": round(machine.flush_ms_p99, 3),
            "other_load": round(machine.other_load, 2),
        },
        "goals": [
            {
                "goal": one.goal.name,
                "unit": one.goal.unit.value,
                "better": one.goal.better.value,
                "value": round(one.value, 4),
                "low": round(min(one.values), 4),
                "high": round(max(one.values), 4),
                "floor": one.goal.floor,
                "stretch": one.goal.stretch,
                "verdict": judge(one, other_load=machine.other_load).value,
            }
            for one in report.measured
        ],
        "verdict": report.verdict.value,
        **({"table": [dict(row) for row in report.table]} if report.table else {}),
    }


def lines(report: Report) -> list[str]:
    """The report for people: the machine, a line a goal, the notes, the verdict."""
    machine = report.machine
    verdicts = [judge(one, other_load=machine.other_load) for one in report.measured]
    loud = f", above {MAX_OTHER_LOAD}: floors missed now prove nothing"
    return [
        f"machine: {machine.cpus} cpu, flush p50 {machine.flush_ms_p50:.2f} ms "
        f"p99 {machine.flush_ms_p99:.2f} ms, other load {machine.other_load:.2f} core"
        f"{loud if machine.other_load > MAX_OTHER_LOAD else ''}, {report.rounds} rounds",
        *(_line(one, verdict) for one, verdict in zip(report.measured, verdicts, strict=True)),
        *_table(report.table),
        *(f"note: {note}" for note in report.notes),
        f"verdict: {report.verdict} ({verdicts.count(Verdict.PASS)}/{len(verdicts)})",
    ]


def _table(rows: Sequence[Mapping[str, float | None]]) -> Iterator[str]:
    """The records in columns, under their keys."""
    if not rows:
        return
    cells = [[*rows[0]], *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    for line in cells:
        yield "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _line(one: Measured, verdict: Verdict) -> str:
    goal = one.goal
    value = _amount(one.value, goal.unit)
    low, high = (_amount(bound, goal.unit) for bound in (min(one.values), max(one.values)))
    sign = "≥" if goal.better is Better.HIGHER else "≤"
    fields = [
        goal.name,
        one.figures,
        f"{goal.unit.replace('per_s', 'per s')} {value} [{low}–{high}]",
        one.beside,
        f"floor {sign} {goal.floor:g} (aim {goal.stretch:g})",
        verdict.value,
    ]
    return "  ".join(field for field in fields if field)


def _amount(value: float, unit: Unit) -> str:
    return f"{value:.2f}" if unit is Unit.RATIO else f"{value:.1f}"
