"""Verdicts of staff on datasets: proposed, held while they contradict, approved as precedents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import datasets, triage
from bot.refusal import Refused
from bot.tables import Inquiry, InquiryPart, Judgment, JudgmentState, Overlay, Staff, StaffRole
from faq.feasibility import Judged
from faq.library import Library
from intents import precedents, utterance
from intents.decide import Feasibility

#: Kind of the overlay row that makes a precedent.
KIND = "precedent"
_OPEN = (JudgmentState.PROPOSED, JudgmentState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What became of a verdict."""

    id: int
    state: JudgmentState
    #: Precedents that it contradicts, or has taken the place of.
    contradicts: tuple[str, ...]
    #: Inquiries that were answered from those.
    answered: tuple[int, ...] = ()

    @property
    def precedent(self) -> str:
        """Its id in answers, once it is approved."""
        return name(self.id)


def name(judgment_id: int) -> str:
    """The id of the precedent that a judgment makes."""
    return f"{KIND}.{judgment_id}"


def reasons(reason: str, translated: str | None = None) -> dict[str, str]:
    """The reason by language, as its script tells; the translation is in the other one.

    Raises:
        Refused: a text is empty, or both are in one language.
    """
    texts = [reason] if translated is None else [reason, translated]
    if not all(text.strip() for text in texts):
        raise Refused("the reason is empty; applicants read it, so say why: --reason")
    found = {utterance.language_of(text).value: text.strip() for text in texts}
    if len(found) < len(texts):
        raise Refused("the reason and its translation are in one language; one is Korean, one English")
    return found


def give(
    session: Session,
    inquiry: Inquiry,
    verdict: Judged,
    reason: Mapping[str, str],
    *,
    library: Library,
    staff: Staff,
    justification: str | None = None,
    now: datetime,
) -> Given:
    """Judge the dataset that an inquiry asks about; an approver's verdict is approved at once.

    A verdict that contradicts an approved precedent on a like dataset is held until it is justified.
    An open one of the same inquiry gives way to it.

    Raises:
        Refused: the inquiry asks about no dataset, or about one of which not even the kind is known.
    """
    part, dataset = dataset_of(session, inquiry)
    contradicted = _contradicted(dataset, verdict, library)
    held = bool(contradicted) and not (justification or "").strip()
    _give_way(session, inquiry)
    row = Judgment(
        inquiry_id=inquiry.id,
        part_id=part.id,
        verdict=verdict.value,
        reason=dict(reason),
        dataset=asdict(dataset),
        state=JudgmentState.HELD if held else JudgmentState.PROPOSED,
        author=staff.address,
        at=now,
        contradicts=list(contradicted),
        justification=(justification or "").strip() or None,
    )
    session.add(row)
    session.flush()
    triage.record(
        session, inquiry, "verdict", actor=staff.address, now=now,
        judgment=row.id, verdict=verdict.value, reason=" / ".join(reason.values()), held=held,
    )  # fmt: skip
    if held or staff.role is StaffRole.TRIAGE:
        return Given(id=row.id, state=row.state, contradicts=contradicted)
    return _approved(session, inquiry, row, contradicted, staff=staff, now=now)


def approve(
    session: Session,
    inquiry: Inquiry,
    *,
    library: Library,
    staff: Staff,
    justification: str | None = None,
    now: datetime,
) -> Given:
    """Approve the open verdict of an inquiry: from now on it answers like questions.

    Raises:
        Refused: there is none, the person is no approver, or it is held and not justified.
    """
    if staff.role is StaffRole.TRIAGE:
        raise Refused(f"{staff.address} is {staff.role}; approving needs {StaffRole.APPROVER}")
    row = session.scalar(
        select(Judgment)
        .where(Judgment.inquiry_id == inquiry.id, Judgment.state.in_(_OPEN))
        .order_by(Judgment.id.desc())
    )
    if row is None:
        raise Refused(f"inquiry {inquiry.id} has no verdict that waits for approval")
    dataset = datasets.read(row.dataset)
    # What was approved since it was given counts as well.
    contradicted = _contradicted(dataset, Judged(row.verdict), library) if dataset else ()
    row.contradicts = list(contradicted)
    row.justification = (justification or "").strip() or row.justification
    if contradicted and not row.justification:
        row.state = JudgmentState.HELD
        return Given(id=row.id, state=row.state, contradicts=contradicted)
    return _approved(session, inquiry, row, contradicted, staff=staff, now=now)


def listed(session: Session) -> Sequence[Judgment]:
    """Every verdict ever given, oldest first."""
    return session.scalars(select(Judgment).order_by(Judgment.id)).all()


def as_line(row: Judgment) -> dict[str, Any]:
    """One verdict as a document."""
    dataset = {key: value for key, value in row.dataset.items() if key in ("modality", "task", "volume")}
    return {
        "precedent": name(row.id),
        "inquiry": row.inquiry_id,
        "state": row.state,
        "verdict": row.verdict,
        "reason": row.reason,
        **dataset,
        "author": row.author,
        "approved_by": row.approved_by,
        "contradicts": row.contradicts,
        "justification": row.justification,
    }


def dataset_of(session: Session, inquiry: Inquiry) -> tuple[InquiryPart, Feasibility]:
    """The dataset that the inquiry described last, with the question that did.

    Raises:
        Refused: it describes none of which even the kind is known.
    """
    newest = session.scalars(
        select(InquiryPart).where(InquiryPart.inquiry_id == inquiry.id).order_by(InquiryPart.id.desc())
    )
    for part in newest:
        dataset = datasets.read(part.feasibility)
        if dataset is not None and dataset.modality:
            return part, dataset
    raise Refused(
        f"inquiry {inquiry.id} describes no dataset that a later question could be compared with;"
        f" answer it with: contestdesk inquiries answer {inquiry.id}"
    )


def _contradicted(dataset: Feasibility, verdict: Judged, library: Library) -> tuple[str, ...]:
    return tuple(
        known.id
        for known in library.precedents.values()
        if known.verdict is not verdict and precedents.alike(dataset, known)
    )


def _give_way(session: Session, inquiry: Inquiry) -> None:
    session.execute(
        update(Judgment)
        .where(Judgment.inquiry_id == inquiry.id, Judgment.state.in_(_OPEN))
        .values(state=JudgmentState.SUPERSEDED)
    )


def _approved(
    session: Session,
    inquiry: Inquiry,
    row: Judgment,
    contradicted: tuple[str, ...],
    *,
    staff: Staff,
    now: datetime,
) -> Given:
    overlay = Overlay(
        kind=KIND,
        subject=name(row.id),
        content={
            "verdict": row.verdict,
            "reason": row.reason,
            "dataset": row.dataset,
            "replaces": list(contradicted),
        },
        author=row.author,
        approved_by=staff.address,
        at=now,
    )
    session.add(overlay)
    session.flush()
    row.state, row.overlay_id = JudgmentState.APPROVED, overlay.id
    row.approved_by, row.approved_at = staff.address, now
    gone = [int(one.rpartition(".")[2]) for one in contradicted]
    session.execute(update(Judgment).where(Judgment.id.in_(gone)).values(state=JudgmentState.SUPERSEDED))
    triage.record(
        session, inquiry, "precedent", actor=staff.address, now=now,
        precedent=name(row.id), replaces=list(contradicted), reason=row.justification or "",
    )  # fmt: skip
    answered = _answered_from(session, contradicted)
    return Given(id=row.id, state=row.state, contradicts=contradicted, answered=answered)


def _answered_from(session: Session, gone: Sequence[str]) -> tuple[int, ...]:
    """Inquiries whose applicants were told what is no longer held."""
    if not gone:
        return ()
    rows = session.execute(
        select(InquiryPart.inquiry_id, InquiryPart.feasibility).where(InquiryPart.feasibility.is_not(None))
    )
    return tuple(
        sorted({row.inquiry_id for row in rows if row.feasibility and row.feasibility["precedent"] in gone})
    )
