import pytest

from intents import matters


@pytest.mark.parametrize(
    ("text", "matter"),
    [
        ("논문이 많으면 심사에서 유리한가요?", "an advantage in the judging"),
        ("do patents improve our score?", "an advantage in the judging"),
        ("클라우드 바우처 신청은 어떻게 하나요", "joining another programme"),
        ("how do i apply to the accelerator", "joining another programme"),
        ("후원사로 참여하려면 누구에게 연락하나요", "taking part otherwise than as an applicant"),
        ("can i become a mentor?", "taking part otherwise than as an applicant"),
        ("그 예산이면 녹음 몇 시간이나 되나요", "how much a sum buys"),
        ("지금까지 몇 팀이나 신청했나요?", "how many have applied"),
        ("how many teams have applied so far?", "how many have applied"),
        ("비자 연장에 쓸 수 있나요", "visas and residence"),
        ("do we owe tax on it?", "taxes and accounting"),
        ("선정 확인서를 받을 수 있나요", "certificates"),
    ],
)
def test_matters_are_named_in_either_language(text: str, matter: str) -> None:
    assert matters.read(text) == {matter}


@pytest.mark.parametrize(
    "text",
    [
        "접수 마감이 언제인가요?",
        "어떤 곳들이 파트너로 참여하나요?",
        "데이터 바우처를 받은 기업도 지원할 수 있나요?",
        "7천만원 상당이 현금인가요, 데이터인가요?",
        "who reviews the documents?",
    ],
)
def test_matters_leave_plain_questions_alone(text: str) -> None:
    assert matters.read(text) == frozenset()
