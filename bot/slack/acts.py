"""One act of a staff member: who, on which inquiry, allowed or refused, and always written down.

An act is checked when it is clicked (the look-up in Slack), when a dialogue is submitted (again), and
here, in the transaction that does it: with the staff row as it is then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from bot import triage
from bot.slack import modals
from bot.slack.deps import Deps
from bot.slack.inbox import Handler, Stored
from bot.slack.modals import Carried
from bot.slack.permissions import Denied, Permissions
from bot.tables import Event, Inquiry, Staff, StaffRole

log = structlog.get_logger(__name__)

#: Kind of the event that a refused attempt leaves.
REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a verb has at hand."""

    session: Session
    stored: Stored
    staff: Staff
    now: datetime
    #: The value of the button or of the chosen option, as parts: "12:close" is ("12", "close").
    value: tuple[str, ...]
    #: What the dialogue carries; of a button only number and place.
    carried: Carried
    #: What was typed and chosen in a dialogue.
    typed: dict[str, str]

    def inquiry(self) -> Inquiry:
        """The inquiry that it is about.

        Raises:
            Refused: there is none.
        """
        return triage.find(self.session, self.carried.number)


Verb = Callable[[Act], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """Makes handlers of verbs: the one gate through which staff act from Slack."""

    deps: Deps
    permissions: Permissions

    def on(self, kind: str, verb: Verb, *, need: StaffRole = StaffRole.TRIAGE) -> None:
        """Let ``verb`` act on payloads of a kind, for those who may."""
        self.deps.inbox.on(kind, self.handler(verb, need=need))

    def handler(self, verb: Verb, *, need: StaffRole) -> Handler:
        """The verb behind the gate; it returns Denied for those who may not, and writes that down."""

        def handle(session: Session, stored: Stored) -> object:
            now = self.deps.clock.now()
            carried, value, typed = read(stored.body)
            member = self.permissions.permitted(session, stored.user_id, need)
            if isinstance(member, Denied):
                _audit(session, stored, carried, member, now=now)
                return member
            act = Act(
                session=session, stored=stored, staff=member, now=now,
                value=value, carried=carried, typed=typed,
            )  # fmt: skip
            done = verb(act)
            # Another process may have changed the inquiry meanwhile: that must show here, not later.
            session.flush()
            return done

        return handle


def read(body: dict[str, Any]) -> tuple[Carried, tuple[str, ...], dict[str, str]]:
    """What an interaction is about: what it carries, the parts of its value, what was typed."""
    view = body.get("view") or {}
    typed = modals.values(view)
    action = (body.get("actions") or [{}])[0]
    value = str((action.get("selected_option") or {}).get("value") or action.get("value") or "")
    parts = tuple(value.split(":")) if value else ()
    if view.get("private_metadata"):
        return modals.carried(view), parts, typed
    number = int(parts[0]) if parts and parts[0].isdecimal() else 0
    held = body.get("container") or {}
    channel = str((body.get("channel") or {}).get("id") or held.get("channel_id") or "")
    message = body.get("message") or {}
    ts = str(message.get("thread_ts") or held.get("thread_ts") or held.get("message_ts") or "")
    return Carried(number=number, channel=channel, ts=ts), parts, typed


def _audit(session: Session, stored: Stored, carried: Carried, denied: Denied, *, now: datetime) -> None:
    log.warning("slack.staff_refused", kind=stored.kind, inquiry=carried.number)
    inquiry = session.get(Inquiry, carried.number) if carried.number else None
    if inquiry is None:
        return
    # Beside triage.record: nothing about the inquiry has changed, and its card stays as it is.
    event = Event(
        inquiry_id=inquiry.id,
        at=now,
        actor=f"slack:{stored.team_id}/{stored.user_id}",
        kind=REFUSED,
        data={"act": stored.kind, "reason": denied.reason},
    )
    session.add(event)
