import dataclasses
from datetime import UTC, date, datetime, time

import pytest

from faq import wording
from faq.contest import SEOUL, Language, Milestone, Value
from faq.library import Library

KO, EN = Language.KO, Language.EN


def at(month: int, day: int, hour: int = 9, minute: int = 0, *, year: int = 2030) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("value", "unit", "korean", "english"),
    [
        (70_000_000, "krw", "7,000만원", "KRW 70 million"),
        (10_000_000, "krw", "1,000만원", "KRW 10 million"),
        (1_500_000, "krw", "150만원", "KRW 1.5 million"),
        (12_345, "krw", "1만 2,345원", "KRW 12,345"),
        (9_000, "krw", "9,000원", "KRW 9,000"),
        (150_000_000, "krw", "1억 5,000만원", "KRW 150 million"),
        (1_200_000_000, "krw", "12억원", "KRW 1.2 billion"),
        (10, "teams", "10개 팀", "10 teams"),
        (1, "teams", "1개 팀", "1 team"),
        (15, "about_teams", "15개 팀 내외", "about 15 teams"),
        (5, "pages", "5페이지", "5 pages"),
        (1, "pages", "1페이지", "1 page"),
        (10, "minutes", "10분", "10 minutes"),
        ("desk@example.org", None, "desk@example.org", "desk@example.org"),
        ({"ko": "온라인", "en": "online"}, None, "온라인", "online"),
        (date(2020, 12, 4), None, "2020년 12월 4일(금) KST", "Friday 4 December 2020 KST"),
    ],
)
def test_value_is_worded_with_its_unit(value: Value, unit: str | None, korean: str, english: str) -> None:
    assert wording.value_words(value, unit, KO) == korean
    assert wording.value_words(value, unit, EN) == english


def test_clock_text_shows_an_instant_in_seoul() -> None:
    instant = datetime(2020, 11, 20, 1, 0, tzinfo=UTC)

    assert wording.clock_text(instant, KO) == "2020년 11월 20일(금) 10:00 KST"
    assert wording.clock_text(instant, EN) == "Friday 20 November 2020, 10:00 KST"


@pytest.mark.parametrize(
    ("milestone", "korean", "english"),
    [
        ("application", "2030년 11월 29일(금) KST", "Friday 29 November 2030 KST"),
        ("upload", "2031년 1월 3일(금) 18:00 KST", "Friday 3 January 2031, 18:00 KST"),
        ("result", "2030년 12월 13일(금) KST", "Friday 13 December 2030 KST"),
        ("kickoff", "1월 중", "some time in January"),
    ],
)
def test_last_day_is_worded(small: Library, milestone: str, korean: str, english: str) -> None:
    found = small.contest.milestones[milestone]

    assert (wording.last_day(found, KO), wording.last_day(found, EN)) == (korean, english)


@pytest.mark.parametrize(
    ("milestone", "korean", "english"),
    [
        ("application", "2030년 11월 4일(월) KST", "Monday 4 November 2030 KST"),
        ("upload", "2030년 12월 30일(월) KST", "Monday 30 December 2030 KST"),
        ("result", "2030년 12월 13일(금) KST", "Friday 13 December 2030 KST"),
        ("kickoff", "1월 중", "some time in January"),
    ],
)
def test_first_day_is_worded_without_the_closing_hour(
    small: Library, milestone: str, korean: str, english: str
) -> None:
    found = small.contest.milestones[milestone]

    assert (wording.first_day(found, KO), wording.first_day(found, EN)) == (korean, english)


@pytest.mark.parametrize(
    ("milestone", "korean", "english"),
    [
        ("application", "2030년 11월 4일(월)부터 11월 29일(금)까지(KST)",
         "from Monday 4 November to Friday 29 November 2030 KST"),
        ("upload", "2030년 12월 30일(월)부터 2031년 1월 3일(금) 18:00까지(KST)",
         "from Monday 30 December 2030 to Friday 3 January 2031, 18:00 KST"),
        ("result", "2030년 12월 13일(금) KST", "Friday 13 December 2030 KST"),
        ("kickoff", "1월 중", "some time in January"),
    ],
)  # fmt: skip
def test_period_is_worded(small: Library, milestone: str, korean: str, english: str) -> None:
    found = small.contest.milestones[milestone]

    assert (wording.period(found, KO), wording.period(found, EN)) == (korean, english)


@pytest.mark.parametrize(
    ("milestone", "now", "korean", "english"),
    [
        ("application", at(11, 1), "3일 뒤 시작합니다.", "This starts in 3 days."),
        ("application", at(11, 3, 23, 59), "1일 뒤 시작합니다.", "This starts in 1 day."),
        ("application", at(11, 4, 0), "25일 남았습니다.", "25 days left."),
        ("application", at(11, 28, 23, 59), "1일 남았습니다.", "1 day left."),
        ("application", at(11, 29, 0), "오늘이 마지막 날입니다.", "Today is the last day."),
        ("application", at(11, 29, 23, 59), "오늘이 마지막 날입니다.", "Today is the last day."),
        ("application", at(11, 30, 0), "이미 마감되었습니다.", "This has already closed."),
        ("upload", at(1, 2, 17, year=2031), "1일 남았습니다.", "1 day left."),
        ("upload", at(1, 3, 13, year=2031), "오늘이 마지막 날입니다. 5시간 남았습니다.",
         "Today is the last day. 5 hours left."),
        ("upload", at(1, 3, 16, 30, year=2031), "오늘이 마지막 날입니다. 1시간 남았습니다.",
         "Today is the last day. 1 hour left."),
        ("upload", at(1, 3, 17, 30, year=2031), "오늘이 마지막 날입니다. 1시간도 남지 않았습니다.",
         "Today is the last day. Less than an hour left."),
        ("upload", at(1, 3, 18, year=2031), "이미 마감되었습니다.", "This has already closed."),
        ("result", at(12, 10), "3일 남았습니다.", "3 days left."),
        ("result", at(12, 13), "바로 오늘입니다.", "This is today."),
        ("result", at(12, 14, 0), "이미 지났습니다.", "This has already passed."),
        ("kickoff", at(12, 1), "", ""),
        ("kickoff", at(1, 31, 12, year=2031), "", ""),
        ("kickoff", at(2, 1, 0, year=2031), "이미 지났습니다.", "This has already passed."),
    ],
)  # fmt: skip
def test_countdown_is_told_as_of_now(
    small: Library, milestone: str, now: datetime, korean: str, english: str
) -> None:
    found = small.contest.milestones[milestone]

    assert wording.countdown(found, KO, now=now) == korean
    assert wording.countdown(found, EN, now=now) == english


def test_countdown_counts_days_of_seoul_not_of_utc(small: Library) -> None:
    now = datetime(2030, 11, 27, 15, 0, tzinfo=UTC)  # already the 28th in Seoul

    assert wording.countdown(small.contest.milestones["application"], EN, now=now) == "1 day left."


def test_single_day_with_an_hour_is_worded_with_it(small: Library) -> None:
    result: Milestone = dataclasses.replace(small.contest.milestones["result"], at=time(14))

    assert wording.first_day(result, KO) == "2030년 12월 13일(금) 14:00 KST"
    assert wording.countdown(result, KO, now=at(12, 13, 9)) == "바로 오늘입니다. 5시간 남았습니다."


@pytest.mark.parametrize(
    ("words", "pair", "expected"),
    [
        ("데이터셋", "을/를", "데이터셋을"),
        ("기획안을 낸 회사", "은/는", "기획안을 낸 회사는"),
        ("한들", "으로/로", "한들로"),
        ("서울", "이/가", "서울이"),
        ("온라인", "으로/로", "온라인으로"),
        ("카카오벤처스", "과/와", "카카오벤처스와"),
        ("팀", "이라/라", "팀이라"),
        ("회사", "이라/라", "회사라"),
        ("회사", "이에요/예요", "회사예요"),
        ("회사", "와/과", "회사와"),
        ("팀", "로/으로", "팀으로"),
        ("2020년 12월 4일(화)", "은/는", "2020년 12월 4일(화)은"),
        ("2020년 12월 4일(화)", "으로/로", "2020년 12월 4일(화)로"),
        ("2020년 12월 4일(금) KST", "이/가", "2020년 12월 4일(금) KST가"),
        ("18:00", "을/를", "18:00를"),
        ("18:30", "을/를", "18:30을"),
        ("7,000만원", "을/를", "7,000만원을"),
        ("2021", "은/는", "2021은"),
        ("2022", "은/는", "2022는"),
        ("10", "으로/로", "10으로"),
        ("KorQuAD 2", "과/와", "KorQuAD 2와"),
        ("PPT", "을/를", "PPT를"),
        ("VR", "으로/로", "VR로"),
        ("contest@selectstar.ai", "으로/로", "contest@selectstar.ai로"),
        ("dataset.or.kr", "을/를", "dataset.or.kr을"),
        ("cashmission.com", "으로/로", "cashmission.com으로"),
        ("'온라인'", "을/를", "'온라인'을"),
        ("LiDAR", "을/를", "LiDAR을(를)"),
        ("LiDAR", "으로/로", "LiDAR(으)로"),
        ("LiDAR", "이라/라", "LiDAR(이)라"),
        ("", "은/는", "은(는)"),
    ],
)
def test_particle_fits_how_the_words_end(words: str, pair: str, expected: str) -> None:
    assert wording.with_particle(words, pair) == expected


@pytest.mark.parametrize("pair", ["을", "", "/", "을/가", "을/을", "a/b"])
def test_particle_refuses_what_is_no_pair(pair: str) -> None:
    with pytest.raises(ValueError, match="is no pair of particles"):
        wording.with_particle("팀", pair)
