import numpy as np
import pytest
from numpy.typing import NDArray

from intents import calibrate, head
from intents.calibrate import Curve

Blobs = tuple[NDArray[np.float64], NDArray[np.int64]]


@pytest.fixture
def blobs() -> Blobs:
    """Forty rows around four directions, with their classes."""
    random = np.random.default_rng(7)
    centres = random.normal(size=(4, 6))
    labels = np.repeat(np.arange(4), 10)
    rows = centres[labels] + 0.6 * random.normal(size=(40, 6))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows, labels


def refit(
    rows: NDArray[np.float64], labels: NDArray[np.int64], kept: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Fit on some rows only, and score all of them."""
    gram = head.kernel([rows[kept] @ rows[kept].T], [1.0])
    fitted = head.fit(gram, labels[kept], np.arange(len(kept)), classes=4)
    return head.kernel([rows @ rows[kept].T], [1.0]) @ fitted.dual


def test_scores_without_a_row_equal_a_fit_without_it(blobs: Blobs) -> None:
    rows, labels = blobs
    fitted = head.fit(head.kernel([rows @ rows.T], [1.0]), labels, np.arange(40), classes=4)
    kept = np.delete(np.arange(40), 13)

    assert np.allclose(fitted.without_row[13], refit(rows, labels, kept)[13], atol=1e-4)


def test_scores_without_a_class_equal_a_fit_without_it(blobs: Blobs) -> None:
    rows, labels = blobs
    fitted = head.fit(head.kernel([rows @ rows.T], [1.0]), labels, np.arange(40), classes=4)
    kept = np.flatnonzero(labels != 2)
    block = np.flatnonzero(labels == 2)

    assert np.allclose(fitted.without_class[block], refit(rows, labels, kept)[block], atol=1e-4)


def test_landmarks_approach_the_exact_head(blobs: Blobs) -> None:
    rows, labels = blobs
    gram = head.kernel([rows @ rows.T], [1.0])
    exact = head.fit(gram.copy(), labels, np.arange(40), classes=4)
    chosen = np.arange(0, 40, 2)
    sparse = head.fit(gram[:, chosen], labels, chosen, classes=4)

    assert np.abs(sparse.without_row - exact.without_row).mean() < 0.1
    assert (sparse.without_row.argmax(axis=1) == exact.without_row.argmax(axis=1)).mean() > 0.9


def test_kernel_of_equal_sentences_is_one() -> None:
    assert head.kernel([np.array([1.0]), np.array([1.0])], [0.3, 0.9]) == pytest.approx(1.0)


def test_curve_rises_with_the_lead(blobs: Blobs) -> None:
    rows, labels = blobs
    fitted = head.fit(head.kernel([rows @ rows.T], [1.0]), labels, np.arange(40), classes=4)
    curve = calibrate.curve(fitted, labels, topics=3)

    assert curve.confidence(0.0) < curve.confidence(0.3) < curve.confidence(0.9)


def test_confidence_of_an_extreme_lead_stays_in_bounds() -> None:
    assert 0.0 <= Curve(slope=100.0, offset=0.0).confidence(-1e9) < 1e-9


def test_leads_compare_a_topic_with_every_other_class() -> None:
    best, lead = calibrate.leads(np.array([[0.5, 0.1, 0.4], [0.2, 0.3, 0.6]]), 2)

    assert best.tolist() == [0, 1]
    assert lead.tolist() == pytest.approx([0.1, -0.3])
