"""Who asks: the kinds of applicants in one's own sentences, both languages."""

import pytest

from faq.applicants import ApplicantKind
from intents import applicant

LAB, INSTITUTE, COMPANY = ApplicantKind.LAB, ApplicantKind.INSTITUTE, ApplicantKind.COMPANY
PREFOUNDER, INDIVIDUAL = ApplicantKind.PREFOUNDER, ApplicantKind.INDIVIDUAL
OVERSEAS, VOUCHER, VOUCHER_LAB = ApplicantKind.OVERSEAS, ApplicantKind.VOUCHER, ApplicantKind.VOUCHER_LAB


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("저희는 대학 연구실인데 지원할 수 있나요?", LAB),
        ("교수님 랩이에요. 신청되나요?", LAB),
        ("We are a university lab in Seoul. Can we apply?", LAB),
        ("정부출연연구소인데 지원 대상인가요?", INSTITUTE),
        ("ETRI 소속 연구팀입니다. 지원할 수 있을까요?", INSTITUTE),
        ("We are a government-funded research institute.", INSTITUTE),
        ("AI 스타트업입니다. 저희도 되나요?", COMPANY),
        ("Our firm builds vision models. Are we eligible?", COMPANY),
        ("예비창업자입니다. 지원 가능한가요?", PREFOUNDER),
        ("아직 법인이 없는데 신청할 수 있나요?", PREFOUNDER),
        ("I'm planning to found a company next year. May I apply?", PREFOUNDER),
        ("개인도 지원할 수 있나요?", INDIVIDUAL),
        ("대학생인데 지원해도 되나요?", INDIVIDUAL),
        ("I am an undergraduate student. Can I apply?", INDIVIDUAL),
        ("연구실 소속이지만 개인으로 지원하고 싶습니다", INDIVIDUAL),
        ("미국에 있는 회사인데 지원할 수 있나요?", OVERSEAS),
        ("해외 대학 연구실도 되나요?", OVERSEAS),
        ("We are a company based in Germany.", OVERSEAS),
        ("데이터 바우처를 받은 스타트업입니다", VOUCHER),
        ("Our company received the data voucher last year.", VOUCHER),
        ("저희 연구실이 데이터바우처를 받았습니다", VOUCHER_LAB),
        ("데이터 바우처를 받은 적 없는 스타트업입니다", COMPANY),
        ("저희는 기업이 아니라 대학 연구실입니다", LAB),
        ("연구실 대학원생인데 연구실로 지원합니다", LAB),
        ("연구실이든 기업이든 지원할 수 있나요?", None),
        ("저희도 지원할 수 있나요?", None),
        ("해외 학회에 논문을 내야 하나요?", None),
        ("개인정보가 있는 데이터도 되나요?", None),
    ],
)
def test_decisive_is_the_kind_that_the_answer_depends_on(text: str, kind: ApplicantKind | None) -> None:
    assert applicant.decisive(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "Companies only, or may universities apply too?",
        "회사만 되는 건가요, 대학교도 되는 건가요?",
        "Are labs and startups both eligible?",
    ],
)
def test_several_kinds_side_by_side_are_no_case(text: str) -> None:
    assert applicant.decisive(text) is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("저희는 대학 연구실입니다. 마감이 언제죠?", {LAB}),
        ("저희 회사는 데이터가 필요합니다.", {COMPANY}),
        ("As a startup we need data.", {COMPANY}),
        ("저희는 기업 공개 시기가 궁금합니다.", set()),
        ("기업은 언제 데이터를 공개하나요?", set()),
        ("When do companies open their data?", set()),
    ],
)
def test_said_is_what_the_writer_says_of_himself(text: str, kinds: set[ApplicantKind]) -> None:
    assert applicant.said(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "지원할 수 있나요?",
        "저희도 지원 가능한가요?",
        "저희 같은 팀도 신청할 수 있을까요?",
        "제가 지원 자격이 되는지 알려주세요",
        "can we apply?",
        "are we eligible?",
        "am i allowed to apply?",
    ],
)
def test_asks_openly_when_nothing_but_that_is_asked(text: str) -> None:
    assert applicant.asks_openly(text)


@pytest.mark.parametrize(
    "text",
    [
        "누가 지원할 수 있나요?",
        "지원 자격이 어떻게 되나요?",
        "접수 마감이 언제인가요?",
        "두 팀으로 지원할 수 있나요?",
        "who can apply?",
        "can we apply twice?",
    ],
)
def test_asks_openly_is_false_for_what_asks_more_or_else(text: str) -> None:
    assert not applicant.asks_openly(text)


@pytest.mark.parametrize("text", ["저희는 병원입니다", "대기업 계열사인데요", "We are a hospital."])
def test_names_other_knows_bodies_without_a_rule(text: str) -> None:
    assert applicant.names_other(text)


@pytest.mark.parametrize("text", ["a" * 50_000, "가" * 50_000, "저희 " * 20_000, "1," * 20_000])
def test_reading_takes_no_longer_for_a_text_that_never_ends(text: str) -> None:
    assert (applicant.said(text), applicant.decisive(text)) == (frozenset(), None)
