"""From the head's lead to a confidence: one monotone curve, fitted on held-out scores of the library.

A curve over several features was tried and wrecked the ranking; a single rising curve over the
lead cannot. The library's phrasings differ from each other on purpose, so that each one held out
is harder than an applicant's question: the confidence is a low estimate until staff verdicts come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from intents.head import Fit

#: Weight of a question whose whole class was taken away, beside one that lost only itself:
#: applicants ask foreseen questions more often than unforeseen ones.
UNFORESEEN = 0.3
#: Share of applicants' questions that some topic answers, by assumption until staff verdicts tell.
#: The library's own share is another: it foresees far more unanswered questions than are asked.
COVERED = 0.7
#: Share of the unanswered questions that no known unknown foresees: 0.13 on three sets of questions by
#: other writers (those answered, over the chance that a near miss of an unforeseen kind is), 0.25 on a
#: fourth, half of which were near misses; the mean of the four.
UNFORESEEN_SHARE = 0.16
#: Share of the held-out phrasings not sent rightly that applicants' own questions would be: phrasings
#: differ on purpose. On two sets by other writers and our own labelled questions .93 are sent rightly at
#: the lead at which .82 of the phrasings held out are, which makes .6; rounded down.
HARDER = 0.5
#: Leads that may be asked of an answer, smallest first.
LEADS = tuple(round(0.03 + 0.005 * step, 3) for step in range(75))
#: Held-out phrasings of topics and of what no topic answers below which no risk is estimated.
ENOUGH = (300, 1000)
#: Share of the library's own topic phrasings that may score below the floor when held out.
BELOW_FLOOR = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Confidence = 1 / (1 + exp(-(slope · lead + offset))); the slope is never negative."""

    slope: float
    offset: float

    def confidence(self, lead: float) -> float:
        """Map a lead (about -1.0 to 1.0) to a confidence, 0.0 to 1.0."""
        from math import exp

        return 1 / (1 + exp(-max(-50.0, min(50.0, self.slope * lead + self.offset))))


def leads(scores: NDArray[np.floating], topics: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each row's best topic and its lead over the best of all other classes.

    ``scores`` is (n, c), topics first; the lead of a row with a single class is its score.
    """
    import numpy as np

    rows = np.arange(len(scores))
    best = scores[:, :topics].argmax(axis=1)
    others = np.array(scores, dtype=np.float64)
    others[rows, best] = -np.inf
    rival = others.max(axis=1)
    rival[~np.isfinite(rival)] = 0.0
    return best, scores[rows, best].astype(np.float64) - rival


def floor(fit: Fit, labels: NDArray[np.int64], *, topics: int) -> float:
    """Score of the best class below which a sentence resembles nothing in the library."""
    import numpy as np

    held_out = fit.without_row[labels < topics]
    return max(0.0, float(np.quantile(held_out.max(axis=1), BELOW_FLOOR)))


def curve(fit: Fit, labels: NDArray[np.int64], *, topics: int) -> Curve:
    """Fit the curve on leave-one-out scores and, for what no topic answers, leave-one-class-out scores."""
    import numpy as np

    covered = labels < topics
    best, lead = leads(fit.without_row, topics)
    _, unforeseen = leads(fit.without_class[~covered], topics)
    x = np.concatenate([lead, unforeseen])
    right = np.concatenate([covered & (best == labels), np.zeros(len(unforeseen), dtype=bool)])
    weight = np.concatenate([np.ones(len(lead)), np.full(len(unforeseen), UNFORESEEN)])
    asked = np.concatenate([covered, np.zeros(len(unforeseen), dtype=bool)])
    if asked.any() and not asked.all():
        weight[asked] *= COVERED / weight[asked].sum()
        weight[~asked] *= (1 - COVERED) / weight[~asked].sum()
        weight *= len(weight)
    return _platt(x, right.astype(np.float64), weight)


def risks(fit: Fit, labels: NDArray[np.int64], *, topics: int) -> NDArray[np.float64]:
    """Estimate, for each of LEADS, the share of wrong among what would be sent; NaN for want of data.

    A near miss of a foreseen kind meets its known unknown; one of an unforeseen kind meets a library
    without it, which is what its score without its whole class tells. Topic phrasings held out are
    sent less often than applicants' questions, by ``HARDER``.
    """
    import numpy as np

    covered = labels < topics
    if covered.sum() < ENOUGH[0] or (~covered).sum() < ENOUGH[1]:
        return np.full(len(LEADS), np.nan)
    best, lead = leads(fit.without_row[covered], topics)
    right = np.sort(lead[best == labels[covered]])
    _, unforeseen = leads(fit.without_class[~covered], topics)
    at = np.array(LEADS)
    held = (len(right) - np.searchsorted(right, at)) / covered.sum()
    sent = COVERED * (held + HARDER * (1 - held) * (held > 0))
    above = 1 - np.searchsorted(np.sort(unforeseen), at) / len(unforeseen)
    wrong = (1 - COVERED) * UNFORESEEN_SHARE * above
    return np.asarray(wrong / np.maximum(wrong + sent, 1e-9), dtype=np.float64)


def lead_within(risks: NDArray[np.float64], target: float) -> float | None:
    """Return the smallest lead whose estimated risk is within the target, else the largest of all.

    None when nothing could be estimated.
    """
    import numpy as np

    if np.isnan(risks).any():
        return None
    within = np.flatnonzero(risks <= target)
    return LEADS[int(within[0])] if len(within) else LEADS[-1]


def _platt(x: NDArray[np.float64], right: NDArray[np.float64], weight: NDArray[np.float64]) -> Curve:
    """Newton steps on the weighted logistic loss, with Platt's smoothed targets and a small ridge."""
    import numpy as np

    if not len(x):
        return Curve(slope=1.0, offset=0.0)
    good, bad = float(weight @ right), float(weight @ (1 - right))
    target = np.where(right > 0, (good + 1) / (good + 2), 1 / (bad + 2))
    slope, offset = 1.0, 0.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(slope * x + offset, -50, 50)))
        pull = weight * (chance - target)
        bend = weight * np.maximum(chance * (1 - chance), 1e-6)
        gradient = np.array([pull @ x + 1e-3 * slope, pull.sum()])
        hessian = np.array([[bend @ (x * x) + 1e-3, bend @ x], [bend @ x, bend.sum() + 1e-9]])
        step = np.linalg.solve(hessian, gradient)
        slope, offset = slope - float(step[0]), offset - float(step[1])
        if float(np.abs(step).max()) < 1e-9:
            break
    return Curve(slope=max(0.0, slope), offset=offset)
