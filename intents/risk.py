"""How wrong the automatic answers may be: a bound from what people judged, an estimate until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: How sure the bound is.
CERTAINTY = 0.95
#: Answers beyond which nobody is asked to review.
MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the desk stands against the risk that staff allow; shares are 0.0 to 1.0."""

    target: float
    reviewed: int
    wrong: int
    #: Share of wrong that the true one exceeds in one case of twenty; 1.0 without a review.
    bound: float
    #: Right reviews in a row that would bring the bound within the target; None where none would.
    needed: int | None

    @property
    def proven(self) -> bool:
        """Whether the reviewed answers bear the target out."""
        return self.bound <= self.target


def standing(judged: Sequence[bool], *, target: float) -> Standing:
    """Take what people judged of automatic answers (right or not) against the target.

    Raises ValueError for a target outside 0.0 to 1.0, both excluded.
    """
    if not 0 < target < 1:
        raise ValueError(f"a risk target lies between 0 and 1, not {target}")
    wrong = sum(not right for right in judged)
    return Standing(
        target=target,
        reviewed=len(judged),
        wrong=wrong,
        bound=upper_bound(wrong, len(judged)),
        needed=_needed(wrong, len(judged), target),
    )


def upper_bound(wrong: int, reviewed: int, *, certainty: float = CERTAINTY) -> float:
    """Return the one-sided Clopper-Pearson bound on the share of wrong; 1.0 without a review."""
    if wrong >= reviewed:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(wrong + 1, reviewed - wrong, certainty))


def told(found: Standing) -> str:
    """Say in one line where the desk stands, for ``contestdesk doctor``."""
    share = f"target {found.target:.1%} wrong"
    seen = f"{found.reviewed} answers reviewed, {found.wrong} wrong"
    if found.proven:
        return f"{share}: borne out, at most {found.bound:.1%} ({seen})"
    more = "no number of reviews" if found.needed is None else f"{found.needed} more right reviews"
    return f"{share}: estimated only, {more} would bear it out ({seen}, at most {found.bound:.1%})"


def _needed(wrong: int, reviewed: int, target: float) -> int | None:
    low, high = reviewed, MOST
    if upper_bound(wrong, low) <= target:
        return 0
    if upper_bound(wrong, high) > target:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if upper_bound(wrong, middle) <= target:
            high = middle
        else:
            low = middle
    return high - reviewed
