import unicodedata

import pytest

from faq.contest import Language
from intents import utterance


def cores(text: str) -> list[str]:
    return [question.core for question in utterance.read(text).questions]


def test_normalise_composes_undone_korean() -> None:
    undone = unicodedata.normalize("NFD", "접수 기간이 언제인가요?")

    assert utterance.normalise(undone) == "접수 기간이 언제인가요?"


def test_normalise_folds_full_width_letters() -> None:
    assert utterance.normalise("ＡＷＳ 크레딧은요？") == "aws 크레딧은요?"


def test_normalise_drops_mood_marks_and_pictures() -> None:
    assert utterance.normalise("양식 어디서 받아요ㅠㅠ ㅋㅋㅋ 🙏") == "양식 어디서 받아요"


def test_normalise_takes_greeting_and_closing_off() -> None:
    assert utterance.normalise("안녕하세요, 양식은 어디에 있나요? 감사합니다.") == "양식은 어디에 있나요?"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("발표는 온라인인가요?", Language.KO),
        ("final deadline은 announcement에 나와 있는 그대로인가요?", Language.KO),
        ("Is the pitch online?", Language.EN),
        ("Does 셀렉트스타 keep the rights to the finished dataset, or do we?", Language.EN),
    ],
)
def test_language_follows_the_script(text: str, language: Language) -> None:
    assert utterance.language_of(text) is language


def test_read_keeps_the_order_of_a_numbered_list() -> None:
    text = "안녕하세요.\n1) 저작권은 누가 갖나요\n2) 발표는 몇 분인가요\n감사합니다.\n김하나 드림"

    assert cores(text) == ["저작권은 누가 갖나요", "발표는 몇 분인가요"]


def test_read_splits_embedded_questions_joined_by_a_conjunction() -> None:
    text = "결과는 언제 나오는지, 그리고 점수를 볼 수 있는지도 알려주세요."

    assert cores(text) == ["결과는 언제 나오는지", "점수를 볼 수 있는지도 알려주세요."]


def test_read_does_not_split_an_alternative() -> None:
    assert len(cores("우편으로 보내는 건지, 아니면 홈페이지에 올리는 건지 알려주세요.")) == 1


def test_read_gives_a_story_to_the_question_it_leads_to() -> None:
    question = utterance.read("저희는 강릉의 작은 회사입니다. 신청할 수 있나요?").questions[0]

    assert (question.core, question.context) == ("신청할 수 있나요?", "저희는 강릉의 작은 회사입니다.")


def test_read_joins_wrapped_lines() -> None:
    assert cores("발표 평가는 온라인으로\n진행되는 것이 맞나요?") == [
        "발표 평가는 온라인으로 진행되는 것이 맞나요?"
    ]


def test_read_does_not_take_an_announcement_for_a_question() -> None:
    assert cores("몇 가지 여쭙습니다. 마감일은 언제인가요? 그리고 양식은 어디에 있나요?") == [
        "마감일은 언제인가요?",
        "양식은 어디에 있나요?",
    ]


def test_read_offers_two_short_sentences_as_one_question() -> None:
    read = utterance.read("킥오프는 언제예요? 연말 휴가랑 겹칠까요?")

    assert read.joint is not None
    assert read.joint.core == "킥오프는 언제예요? 연말 휴가랑 겹칠까요?"


def test_read_ties_an_elliptical_question_to_the_thread() -> None:
    question = utterance.read("그럼 연구실은요?", earlier=["기업은 언제 데이터를 공개하나요?"]).questions[0]

    assert question.full == "기업은 언제 데이터를 공개하나요? 그럼 연구실은요?"


def test_read_takes_a_polite_wish_for_a_question() -> None:
    (question,) = utterance.read(
        "발표 자료의 예시가 있으면 준비에 큰 도움이 될 것 같아 메일 드립니다."
    ).questions

    assert question.asks


def test_read_of_courtesy_alone_asks_nothing() -> None:
    question = utterance.read("안녕하세요. 감사합니다!").questions[0]

    assert (question.courtesy, question.asks) == (True, False)


def test_read_of_nothing_readable_gives_no_question() -> None:
    assert utterance.read("ㅋㅋㅋ 🙏 …").questions == ()


def test_read_stops_at_a_signature() -> None:
    text = "Who owns the dataset?\n\nBest regards,\nJane Doe\nHead of Research, Example Lab"

    assert cores(text) == ["who owns the dataset?"]


def test_read_finds_a_question_below_an_early_thanks() -> None:
    assert cores("감사합니다.\n그런데 발표 순서는 어떻게 정해지는지 궁금합니다.") == [
        "발표 순서는 어떻게 정해지는지 궁금합니다."
    ]


def test_read_bounds_the_number_of_questions_and_drops_none() -> None:
    text = "\n".join(f"{number}) {number}번 항목은 무엇인가요?" for number in range(1, 40))

    questions = utterance.read(text).questions

    assert len(questions) == utterance.MOST
    assert questions[-1].text.endswith("39번 항목은 무엇인가요?")


def test_address_does_not_make_a_korean_question_english() -> None:
    link = "https://selectstar.example.org/programme/2020/benefit/index.html?from=newsletter&campaign=autumn"

    assert (
        utterance.language_of(f"{link} 이 페이지에 나온 혜택 맞나요? lab@example.org로 답 주세요")
        is Language.KO
    )
