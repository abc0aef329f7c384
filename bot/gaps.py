"""What applicants asked that no approved answer settled: how often, and which entry came nearest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.tables import InquiryPart
from intents.decide import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that was asked without an answer."""

    #: The known unknown it matched, if any.
    unknown: str | None
    #: The entry that came nearest, if any.
    nearest: str | None
    count: int
    #: How many of these still wait.
    waiting: int
    #: The newest questions, at most three.
    examples: tuple[str, ...]


def unanswered(session: Session) -> list[Gap]:
    """Group what was not answered by known unknown, else by nearest entry; most frequent first."""
    groups: defaultdict[tuple[str | None, str | None], list[InquiryPart]] = defaultdict(list)
    query = select(InquiryPart).where(InquiryPart.decision != Verdict.ANSWER).order_by(InquiryPart.id.desc())
    for part in session.scalars(query):
        groups[(part.unknown, None if part.unknown else part.nearest)].append(part)
    gaps = [
        Gap(
            unknown=unknown,
            nearest=nearest or parts[0].nearest,
            count=len(parts),
            waiting=sum(part.waits for part in parts),
            examples=tuple(part.text for part in parts[:3]),
        )
        for (unknown, nearest), parts in groups.items()
    ]
    return sorted(gaps, key=lambda gap: -gap.count)
