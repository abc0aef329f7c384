import pytest

from intents import evaluate
from intents.evaluate import Example
from tests.intents.fake_encoder import FakeEncoder

TRAIN = [
    Example(text=text, label=label)
    for label, texts in {
        "deadline": ["when is the deadline", "what is the last day", "last day to apply"],
        "place": ["is it online", "can we join remote", "online or not"],
        "rights": ["who owns it", "who has the copyright", "does the lab own the copyright"],
        "oos": ["please send the invoice", "the invoice is late", "thank you so much"],
    }.items()
    for text in texts
]


def test_evaluate_judges_a_labelled_set() -> None:
    test = [
        Example(text="tell me the deadline", label="deadline"),
        Example(text="do you meet online", label="place"),
        Example(text="your invoice has a typo", label="oos"),
    ]

    found = evaluate.evaluate(TRAIN, test, [FakeEncoder()])

    assert (found.in_scope_accuracy, found.oos_recall, found.oos_precision) == (1.0, 1.0, 1.0)
    assert (found.top1_accuracy, found.auroc_oos, found.train, found.test) == (1.0, 1.0, 12, 3)
    assert found.answered_right_at_1pct == 1.0


def test_evaluate_without_out_of_scope_lines_leaves_their_figures_open() -> None:
    train = [one for one in TRAIN if one.label != "oos"]
    found = evaluate.evaluate(train, [Example(text="the deadline", label="deadline")], [])

    assert (found.oos_recall, found.auroc_oos) == (None, None)
    assert found.top3_accuracy == 1.0


def test_evaluate_refuses_an_empty_test_set() -> None:
    with pytest.raises(ValueError, match="test set is empty"):
        evaluate.evaluate(TRAIN, [], [])


def test_evaluate_refuses_a_training_set_of_nothing_but_out_of_scope() -> None:
    with pytest.raises(ValueError, match="one topic"):
        evaluate.evaluate([Example(text="x y", label="oos")], [Example(text="x", label="a")], [])
