"""After the release: results become outbox rows, a few at a time, each rendered anew and compared.

Verbs take a session and never commit. ``now`` is contest time, ``real_now`` is real UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from faq.contest import Contest
from mailer import campaign as campaigns
from mailer import freeze, outbox, states
from mailer.campaign_tables import Campaign, CampaignState, Recipient
from mailer.errors import ComposeError, MailerError
from mailer.letter import Identity

#: The pace is counted over this.
MINUTE = timedelta(minutes=1)


class Altered(MailerError):
    """A mail is not the one that was approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What one batch did."""

    #: Roster number to outbox row.
    mails: Mapping[int, int]
    #: True when nothing is left to be queued.
    finished: bool


def batch(
    session: Session,
    campaign: Campaign,
    contest: Contest,
    identity: Identity,
    *,
    most: int,
    now: datetime,
    real_now: datetime,
) -> Fed:
    """Queue up to ``most`` results, oldest line first, no more to one domain than its pace allows.

    Raises:
        Altered: one of them is not what was approved; the caller's transaction is to be rolled back, so
            that none of this batch leaves.
    """
    # Two clocks may tick at once; the second finds nothing left of what the first takes.
    states.one_at_a_time(session, f"campaign:{campaign.id}")
    session.refresh(campaign)
    if campaign.state is not CampaignState.SENDING:
        return Fed(mails={}, finished=False)
    chosen = _next(session, campaign, most=most, real_now=real_now)
    requests = [freeze.request(one, campaign, contest, campaigns.file_of(session, one)) for one in chosen]
    answers = outbox.enqueue_all(session, requests, identity=identity, now=now)
    mails = {}
    for one, answer in zip(chosen, answers, strict=True):
        if isinstance(answer, ComposeError) or answer is None:
            raise Altered(f"line {one.number}: {answer or 'it has a mail already'}")
        session.execute(
            update(Recipient)
            .where(Recipient.id == one.id, Recipient.mail_id.is_(None))
            .values(mail_id=answer.id, queued_at=real_now),
            **states.DIRECT,
        )
        mails[one.person] = answer.id
    return Fed(mails=mails, finished=not chosen and not _left(session, campaign))


def _next(session: Session, campaign: Campaign, *, most: int, real_now: datetime) -> Sequence[Recipient]:
    pace = campaign.pace_per_minute
    sent = _within_the_minute(session, campaign, real_now=real_now) if pace else Counter()
    wanted = (
        select(Recipient)
        .where(Recipient.campaign_id == campaign.id, Recipient.mail_id.is_(None), campaigns.is_told())
        .order_by(Recipient.id)
        .limit(most)
        .execution_options(populate_existing=True)
    )
    if pace is None:
        return session.scalars(wanted).all()
    if full := [domain for domain, count in sent.items() if count >= pace]:
        wanted = wanted.where(Recipient.domain.not_in(full))
    chosen = []
    for one in session.scalars(wanted):
        sent[one.domain] += 1
        if sent[one.domain] <= pace:
            chosen.append(one)
    return chosen


def _within_the_minute(session: Session, campaign: Campaign, *, real_now: datetime) -> Counter[str]:
    found = session.execute(
        select(Recipient.domain, func.count())
        .where(Recipient.campaign_id == campaign.id, Recipient.queued_at > real_now - MINUTE)
        .group_by(Recipient.domain)
    )
    return Counter({domain: count for domain, count in found})


def _left(session: Session, campaign: Campaign) -> bool:
    left = select(Recipient.id).where(
        Recipient.campaign_id == campaign.id, Recipient.mail_id.is_(None), campaigns.is_told()
    )
    return session.scalar(left.limit(1)) is not None
