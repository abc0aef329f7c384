"""The gate before results: which of them may leave at this moment, and only the bytes that were approved.

A row of kind ``result`` leaves only while its recipient's campaign is open. A result that belongs to no
campaign never leaves, whoever wrote the row. Verbs take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import ColumnElement, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from mailer import states
from mailer.base import Base
from mailer.campaign_tables import Campaign, CampaignState, Recipient
from mailer.compose import fingerprint
from mailer.errors import ComposeError
from mailer.states import DIRECT, FREE, ROWS
from mailer.tables import MailKind, MailState

if TYPE_CHECKING:  # claiming asks this module
    from mailer.claiming import Claimed

log = structlog.get_logger(__name__)

#: Campaigns whose rows may leave; a finished one for what a person sends again.
OPEN = (CampaignState.SENDING, CampaignState.DONE)
#: Why a campaign stands still when the bytes in the outbox are not the approved ones.
ALTERED = "mail {mail} is not the one that was approved; nothing more leaves"

_CAMPAIGNS = Base.metadata.tables[Campaign.__tablename__]
_RECIPIENTS = Base.metadata.tables[Recipient.__tablename__]


def _open_for(mail_id: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(
        _RECIPIENTS.c.mail_id == mail_id,
        _CAMPAIGNS.c.id == _RECIPIENTS.c.campaign_id,
        _CAMPAIGNS.c.state.in_(OPEN),
    )


#: What a claim adds to its conditions.
MAY_LEAVE: ColumnElement[bool] = or_(ROWS.c.kind != MailKind.RESULT, _open_for(ROWS.c.id))
_IS_OPEN = select(_open_for(bindparam("mail")))
_APPROVED = select(
    _RECIPIENTS.c.mail_id, _RECIPIENTS.c.digest, _RECIPIENTS.c.address, _RECIPIENTS.c.campaign_id
)


def is_open(session: Session, mail: Claimed) -> bool:
    """True when this mail may be begun now: asked for each, as its campaign may have been stopped since."""
    if mail.kind is not MailKind.RESULT:
        return True
    return bool(session.connection().execute(_IS_OPEN, {"mail": mail.id}).scalar())


def vet(session: Session, claimed: Sequence[Claimed]) -> set[int]:
    """Name the claimed results whose bytes or recipient are not the approved ones, after stopping all of it.

    They are back in the queue, behind a gate that is shut: their campaign is halted.
    """
    results = {mail.id: mail for mail in claimed if mail.kind is MailKind.RESULT}
    if not results:
        return set()
    rows = session.connection().execute(_APPROVED.where(_RECIPIENTS.c.mail_id.in_(results)))
    approved = {row.mail_id: row for row in rows}
    refused = set()
    for mail_id, mail in results.items():
        known = approved.get(mail_id)
        if known is not None and known.address == mail.recipient and known.digest == _digest(mail.body):
            continue
        refused.add(mail_id)
        states.move(session, mail_id, (MailState.CLAIMED,), MailState.QUEUED, token=mail.token, **FREE)
        if known is not None:
            halt(session, known.campaign_id, ALTERED.format(mail=mail_id))
    return refused


def halt(session: Session, campaign_id: int, why: str) -> None:
    """Stop a campaign from within: nothing of it leaves until two people have approved it anew."""
    session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state != CampaignState.CANCELLED)
        .values(state=CampaignState.HALTED, halted=why, version=Campaign.version + 1),
        **DIRECT,
    )
    log.error("campaign.halted", campaign=campaign_id, why=why)


def _digest(body: bytes) -> str:
    try:
        return fingerprint(body)
    except ComposeError:
        return ""
