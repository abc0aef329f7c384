"""An approval, step by step: look the draft over, mail a code, take the code, write the change.

Nothing long happens inside a transaction: a draft is looked over first, and what was seen (its content
and the library's version) must still be so when the change is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot import codes, drafts, regression, staff
from bot import understanding as understandings
from bot.codes import Redeemed
from bot.refusal import Refused
from bot.storage import Storage
from bot.tables import Draft, DraftState
from bot.understanding import Understanding
from faq import library
from mailer.letter import Identity

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A draft as it was looked over."""

    draft_id: int
    content: str
    #: The library's version that it was laid over.
    version: int
    #: Why it cannot be approved; empty when it can.
    faults: tuple[str, ...]
    #: What it does to the labelled questions (Difference.as_document); None for kinds that cannot.
    regression: Mapping[str, Any] | None

    @property
    def worse(self) -> bool:
        """True when the desk would understand worse with it."""
        return self.regression is not None and bool(self.regression["worse"])


def look_over(
    storage: Storage,
    folder: Path,
    draft_id: int,
    *,
    understand: Callable[[], Understanding],
    progress: Progress | None = None,
) -> Looked:
    """Check an open draft, and run the regression unless it was run on exactly this before.

    ``understand`` is called only when the regression has to run.

    Raises:
        Refused: there is no such draft, or it is decided.
    """
    with storage.read() as session:
        draft = drafts.find(session, draft_id)
        if draft.state is not DraftState.OPEN:
            raise Refused(f"draft {draft.id} is {draft.state} already, by {draft.decided_by}")
        files = library.load(folder)
        current = understandings.overlaid(files, session)
        lines = regression.questions(session, folder)
        answers = regression.settled(session, [draft])
    content = drafts.content_hash(draft)
    faults = tuple(drafts.faults(draft, current, files))
    ran = draft.regression
    seen = {"content": content, "version": current.version, "questions": len(lines)}
    if not faults and draft.kind in drafts.TRAINS and (ran is None or ran["seen"] != seen):
        found = regression.of_drafts(understand(), [draft], lines, answers, progress=progress)
        ran = {"seen": seen, **found.as_document()}
        _keep(storage, draft_id, content, ran)
    return Looked(draft_id=draft_id, content=content, version=current.version, faults=faults, regression=ran)


def _keep(storage: Storage, draft_id: int, content: str, ran: dict[str, Any]) -> None:
    with storage.write.begin() as session:
        draft = drafts.find(session, draft_id)
        if drafts.content_hash(draft) == content:
            draft.regression = ran


def check(looked: Looked, *, despite: str | None = None) -> None:
    """Make sure that what was looked over may be approved; ``despite`` is why a worse one may.

    Raises:
        Refused: it has faults, or the regression got worse and nobody says why that is accepted.
    """
    if looked.faults:
        raise Refused("\n".join(f"draft {looked.draft_id}: {fault}" for fault in looked.faults))
    if looked.worse and not (despite and despite.strip()):
        ran = looked.regression or {}
        before, after = ran["before"], ran["after"]
        raise Refused(
            f"draft {looked.draft_id} makes the desk understand worse: of {ran['lines']} questions"
            f" {before['right']} were right and {after['right']} would be, {before['wrong']} were wrong and"
            f" {after['wrong']} would be; correct it, or approve with --despite-regress --reason TEXT"
        )


def send_code(
    session: Session, looked: Looked, address: str, *, identity: Identity, now: datetime, real_now: datetime
) -> int:
    """Mail the code that approves what was looked over; returns the outbox id.

    Raises:
        Refused: this person may not approve it, or it was changed meanwhile.
    """
    member = staff.member(session, address, role=drafts.ROLE)
    draft = _unchanged(session, looked)
    drafts.check_approver(draft, member)
    return codes.send(
        session,
        member,
        purpose=f"draft:{draft.id}",
        said=f"FAQ 초안 {draft.id}번 승인 ({draft.kind} {draft.subject})",
        content=looked.content,
        identity=identity,
        now=now,
        real_now=real_now,
    )


def approve(
    session: Session,
    looked: Looked,
    address: str,
    code: str,
    *,
    despite: str | None,
    identity: Identity,
    now: datetime,
    real_now: datetime,
) -> int | Redeemed:
    """Take the code and write the change: the library's new version, or why the code is not good.

    The caller commits in both cases: a wrong try counts.

    Raises:
        Refused: this person may not approve it, or something changed meanwhile.
    """
    member = staff.member(session, address, role=drafts.ROLE)
    draft = drafts.find(session, looked.draft_id)
    drafts.check_approver(draft, member)
    redeemed = codes.redeem(
        session,
        member,
        code,
        purpose=f"draft:{draft.id}",
        content=drafts.content_hash(draft),
        identity=identity,
        real_now=real_now,
    )
    if redeemed is not Redeemed.YES:
        return redeemed
    if drafts.content_hash(draft) != looked.content:
        return Redeemed.CHANGED
    reason = despite.strip() if despite and looked.worse else None
    return drafts.approve(session, draft, staff=member, version=looked.version, now=now, reason=reason)


def _unchanged(session: Session, looked: Looked) -> Draft:
    draft = drafts.find(session, looked.draft_id)
    if drafts.content_hash(draft) != looked.content:
        raise Refused(f"draft {draft.id} was changed at the same moment; look at it again")
    return draft
