import numpy as np
from numpy.typing import NDArray

from intents import calibrate
from intents.head import Fit

TOPICS = 2


def held_out(covered_lead: float, unforeseen: list[float]) -> tuple[Fit, NDArray[np.int64]]:
    """As many topic rows with one lead, and near misses with the given leads once their class is gone."""
    covered, near = calibrate.ENOUGH
    rows = np.zeros((covered + near, TOPICS + 1))
    rows[:covered, 0] = covered_lead
    without_class = rows.copy()
    without_class[covered:, 0] = np.resize(unforeseen, near)
    empty = np.zeros((0, 0))
    fit = Fit(
        dual=empty.astype(np.float32),
        landmarks=np.zeros(0, dtype=np.int64),
        held_out=np.arange(covered + near),
        without_row=rows,
        without_class=without_class,
        inverse=empty,
        cells=np.zeros(0, dtype=np.int32),
    )
    return fit, np.array([0] * covered + [TOPICS] * near, dtype=np.int64)


def test_lead_within_the_target_lies_above_most_unforeseen_near_misses() -> None:
    fit, labels = held_out(0.5, [0.1] * 9 + [0.2])

    risks = calibrate.risks(fit, labels, topics=TOPICS)

    assert calibrate.lead_within(risks, 0.02) == 0.105


def test_lead_counts_that_applicants_are_sent_more_than_phrasings_held_out() -> None:
    fit, labels = held_out(0.5, [0.1] * 9 + [0.2])
    fit.without_row[: calibrate.ENOUGH[0] // 2, 0] = 0.0

    risks = calibrate.risks(fit, labels, topics=TOPICS)
    sent = (fit.without_row[labels < TOPICS, 0] > 0).mean()
    above = calibrate.UNFORESEEN_SHARE * (1 - calibrate.COVERED)
    held = above / (above + calibrate.COVERED * sent)

    assert 0 < sent < 1
    assert risks[0] < held


def test_lead_within_a_target_out_of_reach_is_the_largest() -> None:
    fit, labels = held_out(0.5, [0.45])

    risks = calibrate.risks(fit, labels, topics=TOPICS)

    assert calibrate.lead_within(risks, 0.02) == calibrate.LEADS[-1]


def test_lead_within_is_unknown_for_a_small_library() -> None:
    fit, labels = held_out(0.5, [0.1])

    risks = calibrate.risks(fit, labels[:50], topics=TOPICS)

    assert calibrate.lead_within(risks, 0.02) is None
