import pytest

from intents import slots


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("7,000만원이 맞나요", 70_000_000),
        ("7천만 원", 70_000_000),
        ("칠천만원", 70_000_000),
        ("1억 2천만원 정도", 120_000_000),
        ("is it krw 70 million?", 70_000_000),
        ("about 5 million won", 5_000_000),
    ],
)
def test_slots_read_amounts_in_won(text: str, amount: int) -> None:
    assert slots.read(text).amounts == {amount}


@pytest.mark.parametrize(
    "text", ["박사후연구원입니다", "저희 사원 두 명", "100 원본 이미지", "이원화된 심사"]
)
def test_slots_take_no_word_that_ends_like_a_sum_for_one(text: str) -> None:
    assert slots.read(text).amounts == frozenset()


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("12월 9일에 합니까", (12, 9)),
        ("30일까지인가요", (None, 30)),
        ("on 4 december", (12, 4)),
        ("by november 30", (11, 30)),
        ("before the 9th", (None, 9)),
    ],
)
def test_slots_read_days(text: str, date: tuple[int | None, int]) -> None:
    assert slots.read(text).dates == {date}


def test_slots_do_not_take_a_duration_for_a_day() -> None:
    assert slots.read("5일 동안 기다렸습니다").dates == frozenset()


@pytest.mark.parametrize("text", ["몇 시까지예요", "자정까지인가요", "what time does it close", "by 6 pm?"])
def test_slots_know_when_an_hour_is_asked(text: str) -> None:
    assert slots.read(text).hour


def test_slots_do_not_take_a_beginning_for_an_hour() -> None:
    assert not slots.read("몇 월에 시작하나요").hour


@pytest.mark.parametrize(
    ("text", "name"),
    [("ai 바우처를 받았습니다", "AI voucher"), ("네이버도 파트너인가요", "Naver"), ("nipa 과제", "NIPA")],
)
def test_slots_name_bodies_that_are_not_the_contest(text: str, name: str) -> None:
    assert slots.read(text).others == {name}


def test_slots_do_not_take_the_partner_investor_for_another_body() -> None:
    assert slots.read("카카오벤처스와 만나나요").others == frozenset()


@pytest.mark.parametrize(
    ("text", "negative"),
    [("지원할 수 있나요", False), ("지원할 수 없나요", True), ("is it not allowed", True)],
)
def test_slots_tell_polarity(text: str, negative: bool) -> None:
    assert slots.read(text).negative is negative
