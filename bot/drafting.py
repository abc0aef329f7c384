"""What staff wrote to one applicant becomes the draft of what the desk may tell all of them."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.drafts import PRIVATE, Kind, Proposal
from bot.refusal import Refused
from bot.tables import Event, Inquiry, InquiryPart
from faq.contest import Language
from faq.library import Library
from intents.decide import Verdict

_ID = re.compile(r"[a-z0-9_]+([.][a-z0-9_-]+)*")
#: What would be read as a template; a letter is data.
_TEMPLATE = re.compile(r"([{}])(?=[{}%#])|(?<=%|#)(?=\})")


def from_inquiry(
    session: Session,
    library: Library,
    inquiry: Inquiry,
    *,
    number: int | None = None,
    topic: str | None = None,
) -> Proposal:
    """Propose what an inquiry taught: the newest letter of staff and the question that it answered.

    With the ``topic`` of an entry or a known unknown the question becomes a phrasing of it; with a new
    one, or none, the letter becomes a new entry, which settles the known unknown that was matched.
    What the letter cannot tell (the other language, the source) stays empty until somebody fills it in.

    Raises:
        Refused: no letter went out, or it is not clear which question is meant.
    """
    letter = _letter(session, inquiry)
    part = _part(inquiry, number)
    question = PRIVATE.sub("…", part.text).strip()
    if topic is not None and not is_id(topic):
        raise Refused(f"{topic!r} is no id such as application.team_size")
    if topic in library.entries or topic in library.unknowns:
        content: dict[str, Any] = {"language": part.language, "phrasings": [question]}
        return Proposal(kind=Kind.PHRASINGS, subject=topic or "", content=content, part_id=part.id)
    settled = part.unknown if part.unknown in library.unknowns else None
    content = skeleton(library, unknown=settled, questions={Language(part.language): [question]})
    content[part.language]["answer"] = inert(letter)
    subject = topic or new_topic(unknown=settled, nearest=part.nearest, number=inquiry.id)
    return Proposal(kind=Kind.ENTRY, subject=subject, content=content, part_id=part.id)


def is_id(topic: str) -> bool:
    """True for what can name a topic, such as application.team_size."""
    return _ID.fullmatch(topic) is not None


def inert(words: str) -> str:
    """What a person wrote, as the text of an answer: no template in it, no address or telephone number."""
    return _TEMPLATE.sub(r"\1 ", PRIVATE.sub("…", words))


def skeleton(
    library: Library, *, unknown: str | None, questions: dict[Language, list[str]]
) -> dict[str, Any]:
    """Lay out an entry that states nothing yet: a known unknown's words, questions, no answer."""
    known = library.unknowns.get(unknown or "")
    content: dict[str, Any] = {
        "title": {str(language): known.title[language] if known else "" for language in Language},
        "source": [],
        "asks": [str(known.asks)] if known else [],
    }
    for language in Language:
        asked = [*(known.phrasings[language] if known else ()), *questions.get(language, ())]
        content[str(language)] = {
            "phrasings": list(dict.fromkeys(asked)),
            "answer": "",
            "condition": "",
            "next": "",
        }
    if known:
        content["settles"] = known.id
    return content


def new_topic(*, unknown: str | None, nearest: str | None, number: int) -> str:
    """Propose an id: the nearest topic's group, and the name of the known unknown or a number."""
    group = (nearest or "other").partition(".")[0]
    name = unknown.partition(".")[2].replace("-", "_") if unknown else f"inquiry_{number}"
    return f"{group}.{name}"


def _letter(session: Session, inquiry: Inquiry) -> str:
    event = session.scalar(
        select(Event)
        .where(Event.inquiry_id == inquiry.id, Event.kind == "letter")
        .order_by(Event.id.desc())
        .limit(1)
    )
    if event is None:
        raise Refused(
            f"inquiry {inquiry.id} has no letter of staff yet; contestdesk inquiries answer sends one"
        )
    return str(event.data["text"]).strip()


def _part(inquiry: Inquiry, number: int | None) -> InquiryPart:
    if number is not None:
        if not 1 <= number <= len(inquiry.parts):
            raise Refused(
                f"inquiry {inquiry.id} has {len(inquiry.parts)} questions; there is no number {number}"
            )
        return inquiry.parts[number - 1]
    open_parts = [part for part in inquiry.parts if part.decision != Verdict.ANSWER]
    if len(open_parts) == 1:
        return open_parts[0]
    told = "has no question that the desk left to staff" if not open_parts else "has several questions"
    raise Refused(f"inquiry {inquiry.id} {told}; name one with --part")
