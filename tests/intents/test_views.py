import numpy as np
import pytest

from intents import views
from intents.views import Grams

TEXTS = ["접수 마감이 언제인가요?", "발표는 온라인인가요?", "who owns the data?"]


def test_grams_find_the_same_words_without_spaces() -> None:
    likeness = Grams.build(TEXTS).likeness("접수마감이언제인가요")

    assert likeness.argmax() == 0
    assert likeness[0] == pytest.approx(1.0, abs=1e-5)


def test_grams_of_an_unknown_script_are_like_nothing() -> None:
    assert Grams.build(TEXTS).likeness("ДА").tolist() == [0.0, 0.0, 0.0]


def test_gram_matrix_equals_the_likeness_of_each_text() -> None:
    grams = Grams.build(TEXTS)
    rows = np.stack([grams.likeness(text) for text in TEXTS])

    assert np.allclose(grams.gram_matrix(), rows, atol=1e-5)


def test_grams_survive_their_arrays() -> None:
    grams = Grams.build(TEXTS)
    restored = Grams.restore(grams.arrays(), size=len(TEXTS))

    assert np.array_equal(restored.likeness("발표 온라인"), grams.likeness("발표 온라인"))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("랩실도 되나요", "연구실도 되나요"),
        ("our lab joins", "our 연구실 joins"),
        ("the label costs", "the label costs"),
        ("크랩실험", "크랩실험"),
        ("연구실은요", "연구실은요"),
    ],
)
def test_canonicaliser_replaces_whole_variants_only(text: str, canonical: str) -> None:
    assert views.canonicaliser([("연구실", "랩실", "랩", "lab")])(text) == canonical


def test_canonicaliser_takes_a_word_of_any_first_letter() -> None:
    canonical = views.canonicaliser([("연구실", "]랩", "-랩", "^lab", "\\lab")])

    assert [canonical(text) for text in ("]랩", "-랩", "^lab", "\\lab", "랩")] == ["연구실"] * 4 + ["랩"]


def test_typing_likeness_forgives_one_wrong_letter() -> None:
    assert views.typing_likeness("접수 마감이 언제인가요", "접수 마갑이 언제인가요") > 0.9


def test_typing_likeness_is_low_for_a_sentence_within_a_sentence() -> None:
    long = "접수 마감이 언제인지와 발표 순서는 어떻게 정해지는지 알려주세요"

    assert views.typing_likeness("마감", long) < 0.4
