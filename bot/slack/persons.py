"""Who a Slack user is to the desk: a stand-in, or the applicant whose address he has shown to be his.

The proof counts in a direct message only, never in a channel, and never for people of other workspaces.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inbox.identity import Level, Proof
from bot.slack import place
from bot.slack.heard import Said
from bot.slack.tables import SlackLink


def address(session: Session, said: Said) -> str:
    """Under which address a message is worked on: the linked one, or the stand-in."""
    found = None if said.is_foreign else linked(session, said.place.team, said.user)
    return found or place.stand_in(said.user, said.place.team)


def proof(session: Session, said: Said) -> Proof:
    """How sure it is who wrote a message."""
    if said.is_foreign:
        return Proof(level=Level.UNPROVEN, reason="from another workspace, or others read along")
    if linked(session, said.place.team, said.user) is None:
        return Proof(level=Level.UNPROVEN, reason="no address of this Slack user is verified")
    if not said.place.is_direct:
        return Proof(level=Level.UNPROVEN, reason="verified, but this is a channel that others read")
    return Proof(level=Level.PROVEN, reason="a code mailed to the address was entered in Slack")


def linked(session: Session, team: str, user: str) -> str | None:
    """The address that this Slack user has shown to be his."""
    return session.scalar(
        select(SlackLink.address)
        .where(
            SlackLink.team_id == team,
            SlackLink.user_id == user,
            SlackLink.proven_at.is_not(None),
            SlackLink.dropped_at.is_(None),
        )
        .order_by(SlackLink.id.desc())
        .limit(1)
    )


def users_of(session: Session, address: str) -> set[str]:
    """The Slack users who may act for this applicant: behind a stand-in address, or linked to it."""
    stands_for = place.person(address)
    if stands_for is not None:
        return {stands_for[0]}
    return set(
        session.scalars(
            select(SlackLink.user_id).where(
                SlackLink.address == address.lower(),
                SlackLink.proven_at.is_not(None),
                SlackLink.dropped_at.is_(None),
            )
        )
    )
