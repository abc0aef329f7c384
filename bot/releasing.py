"""The release of results: asked every second what is due, it lets campaigns go, feeds the outbox, ends them.

It keeps nothing: whoever asks twice, or in two processes, gets the same done once. Transactions are
short, and everything is rendered and proven once more before the first mail of a campaign leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import campaigning, embargo, members, notice
from bot import understanding as understandings
from bot.campaigning import LATE_AFTER, Looked
from bot.desk import Desk
from bot.refusal import Refused
from bot.storage import Storage
from faq.contest import Stage
from faq.library import Library
from mailer import campaign as campaigns
from mailer import feed, gate, reconcile
from mailer.campaign_tables import Campaign, CampaignState, Recipient
from mailer.feed import Altered
from mailer.tables import MailState

log = structlog.get_logger(__name__)

#: Results that are queued in one transaction, and in one tick.
BATCH = 100
MOST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What one tick did with one campaign."""

    campaign_id: int
    #: The state that it has now.
    state: CampaignState
    #: Results that were queued.
    queued: int


def tick(storage: Storage, files: Library, desk: Desk, *, now: datetime, real_now: datetime) -> list[Ticked]:
    """Do what is due at ``now``: release, queue what the pace allows, end what is finished.

    ``files`` is the edition as its files have it; approved changes are laid over it here.
    """
    with storage.read() as session:
        due = _due(session, now=now)
        if not due:
            return []
        library = understandings.overlaid(files, session)
    done = []
    for campaign_id, found in due:
        state, queued = found, 0
        if found is CampaignState.SCHEDULED:
            state = _release(storage, campaign_id, library, desk, now=now)
        if state is CampaignState.SENDING:
            state, queued = _send(storage, campaign_id, library, desk, now=now, real_now=real_now)
        done.append(Ticked(campaign_id=campaign_id, state=state, queued=queued))
    return done


def _due(session: Session, *, now: datetime) -> Sequence[tuple[int, CampaignState]]:
    found = session.execute(
        select(Campaign.id, Campaign.state, Campaign.release_at)
        .where(Campaign.state.in_([CampaignState.SCHEDULED, CampaignState.SENDING]))
        .order_by(Campaign.id)
    )
    return [
        (row.id, row.state) for row in found if row.state is CampaignState.SENDING or row.release_at <= now
    ]


def _release(
    storage: Storage, campaign_id: int, library: Library, desk: Desk, *, now: datetime
) -> CampaignState:
    """Look everything over once more; only when it is what two people approved does the campaign begin."""
    with storage.read() as session:
        looked = campaigning.look_over(session, campaign_id, library=library, identity=desk.identity, now=now)
    with storage.write.begin() as session:
        campaign = campaigns.find(session, campaign_id)
        if campaign.state is not CampaignState.SCHEDULED or campaign.release_at > now:
            return campaign.state  # somebody was faster, or stopped it
        why = _why_not(session, campaign, looked, now=now)
        if why is not None:
            campaigns.void(session, campaign_id, why[:2000], now=now)
            return _halt(session, campaign, why, desk, now=now)
        campaigns.move(campaign, CampaignState.SENDING)
        campaign.released_at = now
        session.flush()
        absent = select(Recipient.person).where(
            Recipient.campaign_id == campaign.id, Recipient.decision == Stage.ABSENT
        )
        members.enter(session, campaign, dict.fromkeys(session.scalars(absent)), now=now)
        embargo.lift(session, campaign, until=campaign.release_at)
    log.info("campaign.released", campaign=campaign_id, mails=looked.count)
    return CampaignState.SENDING


def _why_not(session: Session, campaign: Campaign, looked: Looked, *, now: datetime) -> str | None:
    if now - campaign.release_at > LATE_AFTER:
        return f"its release instant had gone by {now - campaign.release_at} before the desk could look"
    if campaign.version != looked.version:
        return "it was changed at the moment of its release"
    try:
        campaigning.require_approved(session, campaign, looked)
    except Refused as error:
        return str(error)
    return None


def _send(
    storage: Storage,
    campaign_id: int,
    library: Library,
    desk: Desk,
    *,
    now: datetime,
    real_now: datetime,
) -> tuple[CampaignState, int]:
    queued = 0
    while queued < MOST:
        try:
            with storage.write.begin() as session:
                campaign = campaigns.find(session, campaign_id)
                fed = feed.batch(
                    session,
                    campaign,
                    library.contest,
                    desk.identity,
                    most=min(BATCH, MOST - queued),
                    now=now,
                    real_now=real_now,
                )
                _enter(session, campaign, fed.mails, now=now)
                if not fed.mails:
                    return _end(session, campaign, desk, finished=fed.finished, now=now), queued
        except Altered as error:
            with storage.write.begin() as session:
                campaign = campaigns.find(session, campaign_id)
                campaigns.void(session, campaign_id, str(error), now=now)
                return _halt(session, campaign, str(error), desk, now=now), queued
        queued += len(fed.mails)
    return CampaignState.SENDING, queued


def _enter(session: Session, campaign: Campaign, mails: Mapping[int, int], *, now: datetime) -> None:
    if mails:
        members.enter(session, campaign, dict(mails), now=now)


def _end(session: Session, campaign: Campaign, desk: Desk, *, finished: bool, now: datetime) -> CampaignState:
    """A campaign is done when nothing of it is on its way; what is unknown or failed is told to staff."""
    if campaign.state is not CampaignState.SENDING or not finished:
        return campaign.state
    if campaigns.unsettled(session, campaign.id):
        return campaign.state
    campaigns.move(campaign, CampaignState.DONE)
    session.flush()
    counts = reconcile.counts(session, campaign.id)
    told = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
    said = f"결과 발송 {campaign.id}번이 끝났습니다: {told}."
    if set(counts) - {MailState.SENT}:
        said += f" 보내지 못했거나 알 수 없는 메일이 있습니다: contestdesk campaign verify {campaign.id}"
    notice.of_campaign(session, desk, said, key=f"done:{campaign.id}", now=now)
    log.info("campaign.done", campaign=campaign.id, **counts)
    return CampaignState.DONE


def _halt(session: Session, campaign: Campaign, why: str, desk: Desk, *, now: datetime) -> CampaignState:
    gate.halt(session, campaign.id, why)
    # The names of teams stay out of the notice: who may see them looks at the campaign.
    said = (
        f"결과 발송 {campaign.id}번을 멈췄습니다. 승인된 내용과 다르거나 시각이 지났습니다."
        f" 확인: contestdesk campaign status {campaign.id}"
    )
    notice.of_campaign(session, desk, said, key=f"halted:{campaign.id}:{campaign.version}", now=now)
    return CampaignState.HALTED
