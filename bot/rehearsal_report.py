"""A rehearsed season as one page: the timeline drawn, the same as a table, and every mail to be read.

The page needs nothing from elsewhere. Everything in it is escaped; nobody in it exists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import count
from math import sqrt
from pathlib import Path

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.rehearsal import Plot
from bot.rehearsal_ledger import Change, Entry, Rehearsed
from faq import wording
from faq.contest import SEOUL, Language, Milestone, Round
from mailer.tables import MailKind

TEMPLATE = Path(__file__).parent / "rehearsal_report.html"
#: Measures of the drawing, in CSS pixels.
GUTTER, DAY, BAND, LANE, TOP = 130, 24, 28, 72, 44
_LARGEST, _SMALLEST = 24, 5

_SAID: Mapping[MailKind, str] = {
    MailKind.REMINDER: "알림",
    MailKind.RESULT: "심사 결과",
    MailKind.INVITE: "일정 초대",
    MailKind.CORRECTION: "정정",
    MailKind.BULLETIN: "공지",
    MailKind.ANSWER: "답변",
    MailKind.RECEIPT: "접수",
    MailKind.LETTER: "담당자 답장",
    MailKind.CODE: "담당자에게",
    MailKind.STAFF_NOTICE: "담당자에게",
}
#: Lanes of the drawing, top to bottom; what is none of these is drawn with staff's.
_LANES = {
    "reminder": "알림",
    "result": "심사 결과",
    "invite": "일정 초대",
    "correction": "정정",
    "staff": "담당자에게",
}
_WHAT = {"add": "더함", "move": "옮김", "cancel": "없앰"}
_ROUND = {Round.FIRST: "1차", Round.FINAL: "최종"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Mails of one kind that leave within one minute."""

    at: str
    kind: str
    what: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A day on the axis."""

    x: int
    label: str
    strong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A milestone, or an hour in which the desk was down."""

    x: int
    width: int
    label: str
    y: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """So many mails of one minute."""

    x: int
    r: int
    count: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Mails of one kind over the season."""

    kind: str
    label: str
    y: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The timeline, measured out."""

    width: int
    height: int
    told: str
    ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]
    downs: tuple[Band, ...]
    lanes: tuple[Lane, ...]


def page(plot: Plot, done: Rehearsed, *, changes: Sequence[Change] | None = None) -> str:
    """Write the report; ``changes`` are told where an edited schedule was rehearsed as well."""
    milestones = list(plot.library.contest.milestones.values())
    groups = _groups(done.entries, milestones)
    alarms = [*done.refused]
    if done.twice:
        alarms.append(f"같은 메일이 {done.twice}번 더 나갔습니다.")
    if done.left:
        alarms.append(f"시즌이 끝났는데 나가지 않은 메일이 {len(done.left)}통 있습니다.")
    return _template().render(
        title=f"{plot.library.contest.name[Language.KO]} 예행연습",
        span=f"{_day(plot.begins)} – {_day(plot.ends)}",
        applicants=plot.applicants,
        total=len(done.entries),
        alarms=alarms,
        drawn=_draw(plot, groups, milestones),
        groups=groups,
        changes=None if changes is None else _changes(changes, milestones),
    )


@cache
def _template() -> Template:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text("utf-8"))


def _groups(entries: Sequence[Entry], milestones: Sequence[Milestone]) -> tuple[Group, ...]:
    by: defaultdict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        by[_minute(entry.at), _SAID[entry.kind], _what(entry, milestones)].append(entry)
    return tuple(
        Group(at=at, kind=kind, what=what, entries=tuple(found))
        for (at, kind, what), found in sorted(by.items(), key=lambda item: item[0])
    )


def _what(entry: Entry, milestones: Sequence[Milestone]) -> str:
    titles = {one.id: one.title[Language.KO] for one in milestones}
    named = titles.get(entry.milestone or "", "")
    said = [named, entry.offset or "", _ROUND[entry.round] if entry.round and not named else ""]
    return " ".join(part for part in said if part)


def _changes(changes: Sequence[Change], milestones: Sequence[Milestone]) -> list[dict[str, object]]:
    """The same change of many mails is one line."""
    counted: defaultdict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for one in changes:
        was = _minute(one.was.at) if one.was else ""
        now = _minute(one.now.at) if one.now else ""
        counted[_WHAT[one.what], _SAID[one.entry.kind], _what(one.entry, milestones), was, now] += 1
    names = ("said", "kind", "what", "was", "now")
    return [dict(zip(names, key, strict=True)) | {"count": number} for key, number in counted.items()]


# -- the drawing ------------------------------------------------------------------------------


def _draw(plot: Plot, groups: Sequence[Group], milestones: Sequence[Milestone]) -> Drawn:
    first, last = plot.begins.astimezone(SEOUL).date(), plot.ends.astimezone(SEOUL).date()
    shown = [
        one
        for one in milestones
        if one.approximate is None and one.ends_on >= first and one.starts_on <= last
    ]
    rows = count(TOP, BAND)
    bands = tuple(_band(one, first, last, y) for one, y in zip(shown, rows, strict=False))
    below = TOP + BAND * len(bands) + 56
    lanes = tuple(_lanes(groups, first, below))
    return Drawn(
        width=GUTTER + DAY * ((last - first).days + 1) + 20,
        height=below + LANE * max(len(lanes), 1) - 20,
        told=_told(shown, groups),
        ticks=tuple(_ticks(first, last)),
        bands=bands,
        downs=tuple(
            Band(
                x=_x(begins, first),
                width=max(3, _x(ends, first) - _x(begins, first)),
                label=f"멈춤 {_minute(begins)} – {_minute(ends)}",
            )
            for begins, ends in plot.down
        ),
        lanes=lanes,
    )


def _x(instant: datetime, first: date) -> int:
    since = instant.astimezone(SEOUL) - datetime.combine(first, time(), tzinfo=SEOUL)
    return GUTTER + round(since / timedelta(days=1) * DAY)


def _ticks(first: date, last: date) -> list[Tick]:
    """Mondays, and the first of each month."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        Tick(x=GUTTER + DAY * n, label=f"{day.month}월 {day.day}일", strong=day.day == 1)
        for n, day in enumerate(days)
        if day.weekday() == 0 or (day.day == 1 and 2 < day.weekday() < 5)
    ]


def _band(milestone: Milestone, first: date, last: date, y: int) -> Band:
    begins, ends = max(milestone.starts_on, first), min(milestone.ends_on, last)
    return Band(
        x=GUTTER + DAY * (begins - first).days,
        width=DAY * ((ends - begins).days + 1),
        label=milestone.title[Language.KO],
        y=y,
        said=wording.period(milestone, Language.KO),
    )


def _lanes(groups: Sequence[Group], first: date, below: int) -> list[Lane]:
    by: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        kind = group.entries[0].kind
        by[kind if kind in _LANES else "staff"].append(group)
    most = max((len(group.entries) for group in groups), default=1)
    lanes: list[Lane] = []
    for name, label in _LANES.items():
        if name in by:
            dots = tuple(_dot(found, first, most) for found in _together(by[name]))
            lanes.append(Lane(kind=name, label=label, y=below + LANE * len(lanes), dots=dots))
    return lanes


def _together(groups: Sequence[Group]) -> list[list[Group]]:
    """Mails of one day share a dot: their numbers would lie on each other."""
    days: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        days[group.at[:10]].append(group)
    return list(days.values())


def _dot(groups: Sequence[Group], first: date, most: int) -> Dot:
    number = sum(len(group.entries) for group in groups)
    said = "; ".join(f"{group.at} {group.what or group.kind} {len(group.entries)}통" for group in groups)
    r = max(_SMALLEST, round(_LARGEST * sqrt(min(1, number / most))))
    return Dot(x=_x(groups[0].entries[0].at, first), r=r, count=number, label=said)


def _told(milestones: Sequence[Milestone], groups: Sequence[Group]) -> str:
    """What the drawing shows, for who does not see it; the table below it has all of it."""
    days = ", ".join(f"{one.title[Language.KO]} {wording.period(one, Language.KO)}" for one in milestones)
    sent: defaultdict[str, int] = defaultdict(int)
    for group in groups:
        sent[group.kind] += len(group.entries)
    mails = ", ".join(f"{kind} {number}통" for kind, number in sent.items())
    return f"일정: {days}. 메일: {mails}. 하나하나는 아래 표에 있습니다."


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(SEOUL):%Y-%m-%d %H:%M}"


def _day(instant: datetime) -> str:
    return wording.date_words(instant.astimezone(SEOUL).date(), Language.KO)
