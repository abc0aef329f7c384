"""How counts, amounts, days and particles are worded in Korean and English.

Days are shown in Asia/Seoul with the zone written out; hours only where a milestone states one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from faq.contest import SEOUL, Language, Milestone, Value

_WEEKDAYS_KO = "월화수목금토일"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# -- counts and amounts -----------------------------------------------------------------------


def _won_ko(amount: int) -> str:
    if amount < 10_000:
        return f"{amount:,}원"
    eok, rest = divmod(amount, 100_000_000)
    man, won = divmod(rest, 10_000)
    words = [f"{eok:,}억"] if eok else []
    words += [f"{man:,}만"] if man else []
    words += [f"{won:,}"] if won else []
    return " ".join(words) + "원"


def _won_en(amount: int) -> str:
    for name, size in (("billion", 10**9), ("million", 10**6)):
        if amount >= size and amount % (size // 100) == 0:
            return f"KRW {amount / size:g} {name}"
    return f"KRW {amount:,}"


def _counted(number: int, noun: str) -> str:
    """Say a count with its English noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_UNIT_WORDS: Mapping[str, tuple[Callable[[int], str], Callable[[int], str]]] = {
    "krw": (_won_ko, _won_en),
    "teams": (lambda n: f"{n:,}개 팀", lambda n: _counted(n, "team")),
    "about_teams": (lambda n: f"{n:,}개 팀 내외", lambda n: f"about {_counted(n, 'team')}"),
    "pages": (lambda n: f"{n:,}페이지", lambda n: _counted(n, "page")),
    "minutes": (lambda n: f"{n:,}분", lambda n: _counted(n, "minute")),
}

#: What a fact may be counted in.
UNITS = tuple(_UNIT_WORDS)


def value_words(value: Value, unit: str | None, language: Language) -> str:
    """Word the value of a fact: an amount or count with its unit, a day, or words as they stand."""
    match value:
        case int():
            if unit is None:
                return f"{value:,}"
            korean, english = _UNIT_WORDS[unit]
            return korean(value) if language is Language.KO else english(value)
        case date():
            return f"{date_words(value, language)} KST"
        case str():
            return value
        case _:
            return value[language]


# -- days -------------------------------------------------------------------------------------


def date_words(day: date, language: Language, *, year: bool = True) -> str:
    """Word a day with its weekday, without the zone: "2020년 12월 4일(금)", "Friday 4 December 2020"."""
    if language is Language.KO:
        words = f"{day.month}월 {day.day}일({_WEEKDAYS_KO[day.weekday()]})"
        return f"{day.year}년 {words}" if year else words
    words = f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]}"
    return f"{words} {day.year}" if year else words


def clock_text(instant: datetime, language: Language) -> str:
    """Word an aware instant in Seoul: "2020년 11월 20일(금) 10:00 KST"."""
    local = instant.astimezone(SEOUL)
    comma = "" if language is Language.KO else ","
    return f"{date_words(local.date(), language)}{comma} {local:%H:%M} KST"


def _end(milestone: Milestone, language: Language, *, year: bool = True) -> str:
    words = date_words(milestone.ends_on, language, year=year)
    if milestone.at is None:
        return words
    comma = "" if language is Language.KO else ","
    return f"{words}{comma} {milestone.at:%H:%M}"


def last_day(milestone: Milestone, language: Language) -> str:
    """Word the day, or the last day of a period, with its hour if one is stated."""
    if milestone.approximate is not None:
        return milestone.approximate[language]
    return f"{_end(milestone, language)} KST"


def first_day(milestone: Milestone, language: Language) -> str:
    """Word the first day; an hour belongs to the close, so it shows for a single day only."""
    if milestone.approximate is not None or milestone.starts_on == milestone.ends_on:
        return last_day(milestone, language)
    return f"{date_words(milestone.starts_on, language)} KST"


def period(milestone: Milestone, language: Language) -> str:
    """Word first and last day; a single day is worded as that day."""
    if milestone.approximate is not None or milestone.starts_on == milestone.ends_on:
        return last_day(milestone, language)
    same_year = milestone.starts_on.year == milestone.ends_on.year
    if language is Language.KO:
        start = date_words(milestone.starts_on, language)
        return f"{start}부터 {_end(milestone, language, year=not same_year)}까지(KST)"
    start = date_words(milestone.starts_on, language, year=not same_year)
    return f"from {start} to {_end(milestone, language)} KST"


def countdown(milestone: Milestone, language: Language, *, now: datetime) -> str:
    """Say in a whole sentence how far away the milestone is; "" for vague days that are not over.

    Hours are told on the last day only, and only when the contest states one.
    """
    ko = language is Language.KO
    single = milestone.starts_on == milestone.ends_on
    if milestone.is_past(now=now):
        if single or milestone.approximate is not None:
            return "이미 지났습니다." if ko else "This has already passed."
        return "이미 마감되었습니다." if ko else "This has already closed."
    if milestone.approximate is not None:
        return ""
    if not single and milestone.is_ahead(now=now):
        days = (milestone.starts_on - now.astimezone(SEOUL).date()).days
        return f"{days}일 뒤 시작합니다." if ko else f"This starts in {_counted(days, 'day')}."
    days = milestone.days_left(now=now)
    if days > 0:
        return f"{days}일 남았습니다." if ko else f"{_counted(days, 'day')} left."
    if single:
        words = "바로 오늘입니다." if ko else "This is today."
    else:
        words = "오늘이 마지막 날입니다." if ko else "Today is the last day."
    return words if milestone.at is None else f"{words} {_hours_left(milestone, language, now=now)}"


def _hours_left(milestone: Milestone, language: Language, *, now: datetime) -> str:
    hours = int((milestone.closes_at - now).total_seconds() // 3600)
    if language is Language.KO:
        return f"{hours}시간 남았습니다." if hours else "1시간도 남지 않았습니다."
    return f"{_counted(hours, 'hour')} left." if hours else "Less than an hour left."


# -- Korean particles -------------------------------------------------------------------------

_PAIRS = (("은", "는"), ("을", "를"), ("이", "가"), ("과", "와"), ("아", "야"), ("이에요", "예요"))
_NONE, _OTHER, _RIEUL = 0, 1, 8  # index of the final consonant in Unicode's Hangul arithmetic
_DIGIT_FINALS = dict(zip("0123456789", (1, 8, 0, 1, 0, 0, 1, 8, 8, 0), strict=True))
_LETTER_FINALS = {"l": _RIEUL, "m": _OTHER, "n": _OTHER, "r": _RIEUL}
#: Endings of names that are read as a word, not letter by letter: 닷컴, 닷넷.
_WORD_FINALS = {"com": _OTHER, "net": _OTHER}
#: How names of teams end, in whatever case, with one reading only: 랩, 랩스, 팀, 테크, 데이터.
_NAME_FINALS = {"lab": _OTHER, "labs": _NONE, "team": _OTHER, "tech": _NONE, "data": _NONE}


def with_particle(words: str, pair: str) -> str:
    """Append the particle of a pair such as "을/를" that fits how the words end when read aloud.

    A closing parenthesis is not read. Where the reading is open ("LiDAR") both forms are written,
    as "을(를)". Raises ValueError when the pair is none.
    """
    after_consonant, after_vowel = _particles(pair)
    final = _final_consonant(words)
    if final is None:
        if after_consonant.endswith(after_vowel):
            return f"{words}({after_consonant.removesuffix(after_vowel)}){after_vowel}"
        return f"{words}{after_consonant}({after_vowel})"
    if final == _NONE or (final == _RIEUL and after_consonant.startswith("으")):
        return words + after_vowel
    return words + after_consonant


def _particles(pair: str) -> tuple[str, str]:
    """Put the two forms in order: after a consonant, after a vowel."""
    first, _, second = pair.partition("/")
    if (second, first) in _PAIRS or (first and second != first and second.endswith(first)):
        first, second = second, first
    if (first, second) in _PAIRS or (second and first in (f"이{second}", f"으{second}")):
        return first, second
    message = f"'{pair}' is no pair of particles such as 을/를"
    raise ValueError(message)


def _final_consonant(words: str) -> int | None:
    """Say which final consonant the words are read with (0 none); None when that is open."""
    read = re.sub(r"\s*\([^()]*\)\s*$", "", words).rstrip(" .,!?\"'’”」』)]")
    if clock := re.search(r"\d:(\d\d)$", read):
        return _NONE if clock[1] == "00" else _OTHER  # 열여덟 시, 삼십 분
    last = read[-1:]
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28
    if last in _DIGIT_FINALS:
        return _DIGIT_FINALS[last]
    latin = re.search(r"[A-Za-z]+$", read)
    if latin is None:
        return None
    name = latin[0]
    if name.lower() in _NAME_FINALS:
        return _NAME_FINALS[name.lower()]
    spelled = name.isupper() or read[: latin.start()].endswith(".")
    if not spelled:
        return None
    return _WORD_FINALS.get(name, _LETTER_FINALS.get(name[-1].lower(), _NONE))
