import pytest

from intents import risk


@pytest.mark.parametrize(("reviewed", "bound"), [(29, 0.10), (59, 0.05), (299, 0.01)])
def test_upper_bound_without_a_wrong_answer_is_the_rule_of_three(reviewed: int, bound: float) -> None:
    assert risk.upper_bound(0, reviewed) == pytest.approx(bound, abs=0.002)


def test_upper_bound_knows_nothing_without_reviews() -> None:
    assert risk.upper_bound(0, 0) == 1.0


def test_standing_counts_the_reviews_that_are_still_needed() -> None:
    found = risk.standing([True] * 100, target=0.02)

    assert (found.proven, found.reviewed, found.needed) == (False, 100, 49)


def test_standing_is_borne_out_by_enough_reviews() -> None:
    found = risk.standing([True] * 149, target=0.02)

    assert (found.proven, found.needed) == (True, 0)
    assert risk.told(found).startswith("target 2.0% wrong: borne out")


def test_standing_needs_more_reviews_after_a_wrong_answer() -> None:
    found = risk.standing([True] * 148 + [False], target=0.02)

    assert found.needed == 236 - 149
    assert "estimated only, 87 more right reviews" in risk.told(found)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1])
def test_standing_refuses_a_target_that_is_no_share(target: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        risk.standing([], target=target)
