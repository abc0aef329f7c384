"""What earlier mails of a thread said and were asked, as far as a later one leans on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faq.applicants import ApplicantKind
from intents import feasibility
from intents.decide import Feasibility

#: The one thing that an eligibility answer asks back.
APPLICANT_KIND = "applicant_kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One question of the same thread, and what the desk made of it."""

    text: str
    #: Slots that the reply asked for.
    asks_back: tuple[str, ...] = ()
    #: Kinds of applicant that its mail said the writer is, the deciding one first.
    applicant: tuple[str, ...] = ()
    #: The topic that answered it; None when nothing did.
    answered: str | None = None
    feasibility: Feasibility | None = None


def texts(earlier: Sequence[str | Earlier]) -> list[str]:
    """The bare texts, newest last."""
    return [one if isinstance(one, str) else one.text for one in earlier]


def records(earlier: Sequence[str | Earlier]) -> list[Earlier]:
    """Those of which more than the text is known, newest first."""
    return [one for one in reversed(earlier) if isinstance(one, Earlier)]


def kinds(earlier: Sequence[str | Earlier]) -> frozenset[ApplicantKind]:
    """The kinds of applicant that the writer last said he is."""
    for one in records(earlier):
        if one.applicant:
            return frozenset(ApplicantKind(name) for name in one.applicant if name in tuple(ApplicantKind))
    return frozenset()


def awaits_kind(earlier: Sequence[str | Earlier]) -> bool:
    """Whether the writer was asked who applies, and has not said it since."""
    for one in records(earlier):
        if APPLICANT_KIND in one.asks_back:
            return True
        if one.applicant:
            return False
    return False


def dataset(earlier: Sequence[str | Earlier]) -> Feasibility | None:
    """The newest dataset about which something was asked back."""
    return next(
        (
            one.feasibility
            for one in records(earlier)
            if one.feasibility is not None and set(one.asks_back) & set(feasibility.ASKED)
        ),
        None,
    )
