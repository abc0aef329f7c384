"""What concerns one applicant alone: which questions ask for it, and the log of who asked.

Whether it may be told is one question, put to ``bot.inbox.identity.may_hear_personal``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import triage
from bot.inbox import identity
from bot.tables import Inquiry
from faq.library import Library
from intents.decide import Decision

#: Kind of the event that a personal question leaves in its inquiry.
ASKED = "asks_personal"


def asked_for(decision: Decision, library: Library) -> tuple[str, ...]:
    """Name the topics and known unknowns of a message that are marked ``personal``, in their order.

    A suggestion counts by its first candidate: what the asker most likely wants to know.
    """
    meant = dict.fromkeys(
        part.unknown or part.topic or (part.candidates[0].topic if part.candidates else "")
        for part in decision.parts
    )
    return tuple(name for name in meant if _is_personal(library, name))


def _is_personal(library: Library, name: str) -> bool:
    record = library.unknowns.get(name) or library.entries.get(name)
    return record is not None and record.personal


def log(
    session: Session, inquiry: Inquiry, wanted: tuple[str, ...], proof: identity.Proof, *, now: datetime
) -> None:
    """Write down that personal data are asked for, by whom as far as it is known; nothing for none."""
    if wanted:
        triage.record(
            session,
            inquiry,
            ASKED,
            actor="desk",
            now=now,
            topics=list(wanted),
            identity=proof.level,
            may_hear=identity.may_hear_personal(proof.level),
            reason=proof.reason,
        )
