"""A campaign is stopped, goes on, or is called off: what staff do once it is on its way.

Verbs take a session and never commit. ``now`` is contest time.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import campaigning, embargo, members
from bot import staff as people
from bot.refusal import Refused
from mailer import campaign as campaigns
from mailer.campaign_tables import Campaign, CampaignState


def pause(session: Session, campaign_id: int, address: str, *, now: datetime) -> Campaign:
    """Stop a campaign at once; one person is enough. Nothing that no sender has begun leaves any more.

    Raises:
        Refused: it is not on its way.
    """
    people.member(session, address)
    campaign = campaigns.find(session, campaign_id)
    if campaign.state not in (CampaignState.SCHEDULED, CampaignState.SENDING):
        raise Refused(f"campaign {campaign.id} is {campaign.state}; there is nothing to stop")
    campaigns.move(campaign, CampaignState.PAUSED)
    campaign.halted = f"stopped by {address.strip().lower()} at {campaigning.told(now)}"
    session.flush()
    return campaign


def resume(session: Session, campaign_id: int, address: str, *, now: datetime) -> Campaign:
    """Let a campaign that a person stopped go on, from where it stood.

    Raises:
        Refused: it was not stopped by a person, or its release instant is long past.
    """
    people.member(session, address, role=campaigning.ROLE)
    campaign = campaigns.find(session, campaign_id)
    if campaign.state is not CampaignState.PAUSED:
        hint = "; approve it anew" if campaign.state is CampaignState.HALTED else ""
        raise Refused(f"campaign {campaign.id} is {campaign.state}, not paused{hint}")
    if campaign.released_at is None and now - campaign.release_at > campaigning.LATE_AFTER:
        instant = campaigning.told(campaign.release_at)
        raise Refused(f"the release instant {instant} is long past; import the list with another one")
    begun = campaign.released_at is not None
    campaigns.move(campaign, CampaignState.SENDING if begun else CampaignState.SCHEDULED)
    session.flush()
    return campaign


def cancel(session: Session, campaign_id: int, address: str, *, now: datetime) -> int:
    """Tell nobody anything more; returns how many mails that waited are cancelled.

    Raises:
        Refused: it is over already.
    """
    member = people.member(session, address, role=campaigning.ROLE)
    campaign = campaigns.find(session, campaign_id)
    if campaign.state in (CampaignState.DONE, CampaignState.CANCELLED):
        raise Refused(f"campaign {campaign.id} is {campaign.state} already")
    stopped = campaigns.cancel(session, campaign, reason=f"campaign cancelled by {member.address}")
    campaign.halted = f"cancelled by {member.address} at {campaigning.told(now)}"
    session.flush()
    members.forget_untold(session, campaign)
    embargo.lift(session, campaign, until=None)
    return stopped
