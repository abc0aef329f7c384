"""Who works at the desk, and what each may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.refusal import Refused
from bot.tables import Staff, StaffRole
from mailer import address as mail_address
from mailer.errors import AddressError


def add(
    session: Session, address: str, *, name: str, role: StaffRole, slack_id: str | None, now: datetime
) -> Staff:
    """Add a person, or bring one back with this name and role.

    Raises:
        Refused: not one usable address.
    """
    try:
        key = mail_address.one_address(address).lower()
    except AddressError as error:
        raise Refused(f"{address!r} is not one address such as staff-a@example.org") from error
    member = session.scalar(select(Staff).where(Staff.address == key))
    if member is None:
        member = Staff(address=key, added_at=now, name=name or key.partition("@")[0], role=role)
        session.add(member)
    member.name = name or member.name
    member.role = role
    member.slack_id = slack_id or member.slack_id
    member.removed_at = None
    session.flush()
    return member


def active(session: Session) -> Sequence[Staff]:
    """Everybody who may act now, by address."""
    return session.scalars(select(Staff).where(Staff.removed_at.is_(None)).order_by(Staff.address)).all()


def remove(session: Session, address: str, *, now: datetime) -> None:
    """Take a person off the desk; the row stays, for the record.

    Raises:
        Refused: no such staff.
    """
    member(session, address).removed_at = now


def by_slack_id(session: Session, slack_id: str) -> Staff | None:
    """The active staff row of a Slack user; None for everybody else."""
    return session.scalar(select(Staff).where(Staff.slack_id == slack_id, Staff.removed_at.is_(None)))


def member(session: Session, address: str, *, role: StaffRole = StaffRole.TRIAGE) -> Staff:
    """The active staff row of this address.

    Raises:
        Refused: there is none, or its role is lower than ``role``.
    """
    found = session.scalar(
        select(Staff).where(Staff.address == address.strip().lower(), Staff.removed_at.is_(None))
    )
    if found is None:
        raise Refused(f"{address} is not staff; add the person with: contestdesk staff add {address}")
    ranks = list(StaffRole)
    if ranks.index(found.role) < ranks.index(role):
        raise Refused(f"{address} is {found.role}; this needs {role}")
    return found
