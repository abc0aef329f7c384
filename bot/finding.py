"""Search among inquiries: word by word without Korean particles, and by letters where endings differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.tables import Event, Inquiry, InquiryPart, InquiryState
from intents import utterance, views

#: The newest inquiries that are looked through.
LOOKED_THROUGH = 5_000
#: Of the letters that are sought, so large a share must be found in an inquiry.
ENOUGH = 0.6
#: What a word counts of which only pairs of letters are found.
_PIECES = 0.8
#: Characters of one inquiry that are compared.
_READ = 20_000

#: Particles and endings that people vary; longest first.
_ENDING = re.compile(
    r"(?<=[가-힣]{2})(?:인가요|이에요|입니까|입니다|으로는|에서는|까지는|부터는|한테서|에게서|이라고|예요|에요|인가"
    r"|인지|으로|에서|에게|한테|까지|부터|처럼|보다|마다|조차|밖에|이나|이랑|하고|라고|이면|은|는|이|가|을|를|에|의|도"
    r"|로|와|과|만|나|랑|요)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An inquiry that holds what was sought."""

    inquiry_id: int
    state: InquiryState
    #: Share of the letters sought, 0.0 to 1.0.
    share: float
    #: Its first question, for people to read.
    text: str


def find(session: Session, sought: str, *, limit: int = 10) -> Sequence[Found]:
    """Find inquiries by their questions, subject and letters; the best first, the newer of equals."""
    wanted = words(sought)
    if not wanted:
        return ()
    texts = _texts(session)
    shares = {one: _share(wanted, views.bare(" ".join(told)[:_READ])) for one, told in texts.items()}
    best = sorted((one for one in shares if shares[one] >= ENOUGH), key=lambda one: (-shares[one], -one))
    states = _states(session, best[:limit])
    return [
        Found(inquiry_id=one, state=states[one], share=shares[one], text=texts[one][0])
        for one in best[:limit]
    ]


def words(sought: str) -> tuple[str, ...]:
    """The words that are sought, in letters and digits only, without the particles behind them."""
    stems = (views.bare(_ENDING.sub("", word.strip("?!.,"))) for word in utterance.clean(sought).split())
    return tuple(dict.fromkeys(stem for stem in stems if stem))


def _share(wanted: Sequence[str], held: str) -> float:
    """How much of the words an inquiry holds, by their letters."""
    return sum(len(word) * _held(word, held) for word in wanted) / sum(map(len, wanted))


def _held(word: str, held: str) -> float:
    if word in held:
        return 1.0
    pairs = [word[place : place + 2] for place in range(len(word) - 1)]
    if not pairs:
        return 0.0
    return _PIECES * sum(pair in held for pair in pairs) / len(pairs)


def _texts(session: Session) -> dict[int, list[str]]:
    """What was said in each inquiry, its first question first."""
    newest = select(Inquiry.id, Inquiry.subject).order_by(Inquiry.id.desc()).limit(LOOKED_THROUGH)
    subjects = {inquiry_id: subject for inquiry_id, subject in session.execute(newest)}
    texts: dict[int, list[str]] = {inquiry_id: [] for inquiry_id in subjects}
    oldest = min(subjects, default=0)
    parts = select(InquiryPart.inquiry_id, InquiryPart.text).where(InquiryPart.inquiry_id >= oldest)
    for inquiry_id, text in session.execute(parts.order_by(InquiryPart.id)):
        texts[inquiry_id].append(text)
    said = select(Event.inquiry_id, Event.data).where(
        Event.inquiry_id >= oldest, Event.kind.in_(("letter", "note"))
    )
    for inquiry_id, data in session.execute(said.order_by(Event.id)):
        texts[inquiry_id].append(str(data.get("text", "")))
    for inquiry_id, subject in subjects.items():
        texts[inquiry_id].append(subject)
    return texts


def _states(session: Session, numbers: Sequence[int]) -> dict[int, InquiryState]:
    found = session.execute(select(Inquiry.id, Inquiry.state).where(Inquiry.id.in_(numbers)))
    return {inquiry_id: state for inquiry_id, state in found}
