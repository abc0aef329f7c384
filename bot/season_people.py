"""Invented applicants for a rehearsal, and what becomes of them: the same seed, the same season.

Nobody of them exists: addresses are of domains that no mail reaches (RFC 2606).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from bot.roster_file import Line
from faq.contest import Language, Stage

_PLACES = (
    *("한들", "가람", "나루", "다솜", "라온", "마루", "바름", "새벽", "아라", "자람", "차오름", "큰물"),
    *("푸른", "해솔", "누리", "두레", "미르", "보람", "시내", "온새", "이든", "하늬", "여울", "도담"),
)
_FIELDS = (
    *("음성", "시각", "언어", "의료영상", "자율주행", "로봇", "위성", "농업", "제조", "추천", "번역", "문서"),
    *("감정", "수어", "교통", "기상", "금융", "법률", "교육", "게임", "에너지", "해양", "패션", "물류"),
)
_BODIES = ("연구실", "랩", "데이터", "AI Lab", "테크")
_FAMILY = "김이박최정강조윤장임한오서신권황안송류홍"
_GIVEN = ("민서", "지우", "서연", "도윤", "하준", "예린", "시우", "수아", "은우", "지호", "다은", "유진")
_LATIN = ("Minseo Kim", "Jiwoo Lee", "Alex Park", "Yerin Choi", "Daniel Jung", "Sua Kang")
_DOMAINS = ("example.org", "lab.test", "startup.test", "univ.test", "research.test")
#: Shares of the season's teams.
_DRAFTING, _SUBMITS, _WITHDRAWS, _ENGLISH, _SILENT = 0.5, 0.3, 0.02, 0.15, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody of a season, as the roster is imported first, and where each one ends."""

    first: tuple[Line, ...]
    last: tuple[Line, ...]

    @property
    def submitted(self) -> tuple[Line, ...]:
        """Those whom the jury reads."""
        return tuple(line for line in self.last if line.status is Stage.SUBMITTED)

    def at(self, part: float) -> tuple[Line, ...]:
        """The roster when this part of the season is over (0.0 to 1.0): who submits does so bit by bit."""
        count = round(len(self.first) * part)
        return tuple(
            last if number * 7919 % len(self.first) < count else first
            for number, (first, last) in enumerate(zip(self.first, self.last, strict=True))
        )


def invent(count: int, *, seed: int = 2020) -> Cast:
    """So many teams, each with a name of its own."""
    chance = random.Random(seed)  # no secret hangs on it
    names = [f"{place}{field} {body}" for place in _PLACES for field in _FIELDS for body in _BODIES]
    chance.shuffle(names)
    first = tuple(_line(number, name, chance) for number, name in enumerate(names[:count], 1))
    return Cast(first=first, last=tuple(_ends(line, chance) for line in first))


def _line(number: int, team: str, chance: random.Random) -> Line:
    english = chance.random() < _ENGLISH
    contact = chance.choice(_LATIN) if english else chance.choice(_FAMILY) + chance.choice(_GIVEN)
    return Line(
        number=number,
        team=team,
        contact=contact if chance.random() > _SILENT else None,
        address=f"team-{number:03}@{chance.choice(_DOMAINS)}",
        kind="lab" if "연구실" in team or "랩" in team else "company",
        language=Language.EN if english else Language.KO,
        status=Stage.DRAFTING if chance.random() < _DRAFTING else Stage.INTERESTED,
        consents=chance.random() > _SILENT,
    )


def _ends(line: Line, chance: random.Random) -> Line:
    fate = chance.random()
    if fate < _SUBMITS:
        return replace(line, status=Stage.SUBMITTED)
    return replace(line, status=Stage.WITHDRAWN) if fate < _SUBMITS + _WITHDRAWS else line
