"""A campaign in numbers, for all of the staff and for Slack; and what left against what was approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from faq.contest import SEOUL, Round, Stage
from mailer import campaign as campaigns
from mailer import reconcile
from mailer.campaign_tables import Attendance, CampaignState, Recipient
from mailer.result_words import TOLD
from mailer.tables import MailState


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A campaign in numbers: no names, no addresses, nobody's decision."""

    id: int
    round: Round
    state: CampaignState
    release_at: datetime
    version: int
    content: str | None
    recipients: int
    approvals: tuple[Mapping[str, Any], ...]
    #: Mails by what became of them.
    mails: Mapping[str, int]
    #: Answers of those who have a presentation slot.
    confirmed: int
    absent: int
    unconfirmed: int
    halted: str | None

    def as_document(self) -> dict[str, Any]:
        """For JSON and for Slack."""
        counted = {
            state.value: self.mails.get(state.value, 0)
            for state in (MailState.SENT, MailState.FAILED, MailState.UNKNOWN, MailState.CANCELLED)
        }
        gone = sum(counted.values()) + self.mails.get(reconcile.NOT_QUEUED, 0)
        return {
            "id": self.id,
            "round": self.round.value,
            "state": self.state.value,
            "release_at": self.release_at.astimezone(SEOUL).isoformat(),
            "version": self.version,
            "content": self.content,
            "recipients": self.recipients,
            "approvals": [dict(one) for one in self.approvals],
            **counted,
            "waiting": sum(self.mails.values()) - gone,
            "not_queued": self.mails.get(reconcile.NOT_QUEUED, 0),
            "confirmed": self.confirmed,
            "absent": self.absent,
            "unconfirmed": self.unconfirmed,
            "halted": self.halted,
        }


def status(session: Session, campaign_id: int) -> Status:
    """Say in numbers where a campaign stands."""
    campaign = campaigns.find(session, campaign_id)
    counted = select(func.count()).select_from(Recipient).where(Recipient.campaign_id == campaign.id)
    slots = counted.where(Recipient.decision == Stage.SHORTLISTED)
    answers = {answer: session.scalar(slots.where(Recipient.answer == answer)) or 0 for answer in Attendance}
    asked = session.scalar(slots) or 0
    return Status(
        id=campaign.id,
        round=campaign.round,
        state=campaign.state,
        release_at=campaign.release_at,
        version=campaign.version,
        content=campaign.content,
        recipients=session.scalar(counted.where(Recipient.decision.in_(TOLD))) or 0,
        approvals=tuple(
            {"staff": one.staff, "at": one.at.isoformat(), "valid": one.voided_at is None, "why": one.why}
            for one in campaigns.approvals(session, campaign.id)
        ),
        mails=reconcile.counts(session, campaign.id),
        confirmed=answers[Attendance.ATTENDS],
        absent=answers[Attendance.ABSENT],
        unconfirmed=asked - sum(answers.values()) if campaign.released_at else 0,
        halted=campaign.halted,
    )


def verify(session: Session, campaign_id: int) -> reconcile.Verified:
    """Hold what left against what two people approved, mail by mail."""
    return reconcile.verify(session, campaigns.find(session, campaign_id))
