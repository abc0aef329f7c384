"""Who may do staff work from Slack: a staff row with this Slack id, and a place among staff in Slack.

What Slack says is looked up before a transaction and kept for five minutes; the verb asks once more,
inside its transaction, with the row as it is then. What cannot be looked up is refused: a button that
everybody in a channel sees is no permission.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.orm import Session

from bot import staff
from bot.slack.client import code_of
from bot.tables import Staff, StaffRole

log = structlog.get_logger(__name__)

#: How long an answer of Slack is believed.
KEPT = timedelta(minutes=5)
#: An ack is due within three seconds; who cannot be looked up in this time is refused.
PATIENCE = timedelta(seconds=2)
#: Of users.info: each of these keeps a person out.
_OUTSIDERS = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
#: Members are read by so many at a time.
_PAGE = 200

CANNOT_VERIFY = "지금은 권한을 확인할 수 없습니다. Your role cannot be verified now; try again in a minute."
NOT_STAFF = "담당자로 등록되어 있지 않습니다. You are not on the list of staff."
NOT_MEMBER = "담당자 그룹의 구성원이 아닙니다. You are not in the group of staff."
OUTSIDER = "이 워크스페이스의 구성원만 할 수 있습니다. Only full members of this workspace may do this."
ROLE = "이 작업에는 {role} 권한이 필요합니다. This needs the role {role}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Somebody may not do this; the reason is for their eyes."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What Slack said of one person: the roles whose group holds him, or why none does."""

    roles: frozenset[StaffRole]
    why_none: str


@dataclass(slots=True, kw_only=True)
class Permissions:
    """What Slack says of people, kept for a while. Look-ups belong to one event loop."""

    client: AsyncWebClient
    team_id: str
    #: Role to user group; empty where the workspace has none.
    groups: Mapping[StaffRole, str]
    triage_channel: str
    #: Seconds that only run forward.
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, Any]] = field(default_factory=dict)

    async def look_up(self, user: str, *, fresh: bool = False) -> None:
        """Ask Slack about a person, unless that was done within five minutes; ``fresh`` asks anew."""
        if fresh:
            self.forget()
        if self._recall(f"seen:{user}") is not None:
            return
        try:
            seen = await asyncio.wait_for(self._seen(user), PATIENCE.total_seconds())
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.warning("slack.staff_unverified", error=type(error).__name__)
            return
        self._keep(f"seen:{user}", seen)

    def permitted(self, session: Session, user: str, need: StaffRole) -> Staff | Denied:
        """The staff row of a Slack user who may act now in this role, or why he may not; asks no network."""
        member = staff.by_slack_id(session, user)
        if member is None:
            return Denied(reason=NOT_STAFF)
        seen = self._recall(f"seen:{user}")
        if seen is None:
            return Denied(reason=CANNOT_VERIFY)
        if not seen.roles:
            return Denied(reason=seen.why_none)
        if _rank(member.role) < _rank(need) or max(map(_rank, seen.roles)) < _rank(need):
            return Denied(reason=ROLE.format(role=need))
        return member

    def forget(self) -> None:
        """Somebody entered or left a group: believe nothing any more."""
        self._kept.clear()

    async def _seen(self, user: str) -> _Seen:
        info = (await self.client.users_info(user=user))["user"]
        if is_outsider(info, self.team_id):
            return _Seen(roles=frozenset(), why_none=OUTSIDER)
        try:
            roles = await self._by_groups(user)
        except SlackApiError as error:
            if code_of(error) != "plan_upgrade_required":
                raise
            roles = None
        if roles is None:
            inside = user in await self._members_of_triage()
            roles = frozenset(StaffRole) if inside else frozenset()
        return _Seen(roles=roles, why_none=NOT_MEMBER)

    async def _by_groups(self, user: str) -> frozenset[StaffRole] | None:
        """Roles whose group holds the person; None where no groups are configured."""
        if not self.groups:
            return None
        found = set()
        for role, group in self.groups.items():
            members = self._recall(f"group:{group}")
            if members is None:
                reply = await self.client.usergroups_users_list(usergroup=group)
                members = frozenset(reply["users"])
                self._keep(f"group:{group}", members)
            if user in members:
                found.add(role)
        return frozenset(found)

    async def _members_of_triage(self) -> frozenset[str]:
        """Members of the triage channel; of nobody when it is not private: anybody could join that."""
        kept = self._recall("triage")
        if kept is not None:
            return frozenset(kept)
        info = (await self.client.conversations_info(channel=self.triage_channel))["channel"]
        members: set[str] = set()
        cursor = ""
        while info.get("is_private"):
            page = await self.client.conversations_members(
                channel=self.triage_channel, cursor=cursor, limit=_PAGE
            )
            members |= set(page["members"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        self._keep("triage", frozenset(members))
        return frozenset(members)

    def _keep(self, name: str, value: object) -> None:
        self._kept[name] = (self.clock() + KEPT.total_seconds(), value)

    def _recall(self, name: str) -> Any:
        until, value = self._kept.get(name, (0.0, None))
        return value if self.clock() < until else None


def is_outsider(info: Mapping[str, Any], team_id: str) -> bool:
    """True for who is no full member of this workspace, by the ``user`` of users.info."""
    return any(info.get(name) for name in _OUTSIDERS) or info.get("team_id") != team_id


def _rank(role: StaffRole) -> int:
    return list(StaffRole).index(role)
