"""A Slack user shows, by a code that is mailed there, that an address is his.

Until then he is nobody in particular: he gets general answers. The proof counts in a direct message
only, never in a channel, and never for guests or people of other workspaces.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import codes
from bot.clock import real_now
from bot.slack import buttons, inbox, opening, permissions, place, richtext, wording
from bot.slack.deps import Deps
from bot.slack.inbox import Stored
from bot.slack.tables import SlackLink
from bot.tables import Applicant, Inquiry
from faq.contest import Language, Person
from mailer import address as mail_address
from mailer import outbox
from mailer.errors import AddressError
from mailer.letter import Letter
from mailer.tables import MailKind

ADDRESS, CODE = "link.address", "link.code"

#: Codes within an hour, for one Slack user and for one address: nobody's mailbox is filled by others.
PER_HOUR = 5


class Answer(StrEnum):
    """What became of a step; everything but SENT and DONE is told at the field."""

    SENT = "link_sent"
    DONE = "link_done"
    BAD_ADDRESS = "bad_address"
    TOO_MANY = "too_many"
    WRONG = "wrong_code"
    VOID = "void_code"


def subscribe(deps: Deps) -> None:
    """Act on what is submitted."""

    def step(session: Session, stored: Stored, act: Callable[[Deps, Session, Stored], Answer]) -> Answer:
        answer = act(deps, session, stored)
        if answer not in (Answer.SENT, Answer.DONE):
            inbox.refuse(session, stored, answer)  # a wrong try is kept, and may be followed by another
        return answer

    deps.inbox.on(f"view:{ADDRESS}", lambda session, stored: step(session, stored, ask))
    deps.inbox.on(f"view:{CODE}", lambda session, stored: step(session, stored, check))


def register(app: AsyncApp, deps: Deps) -> None:
    """The button and its two windows."""

    async def open_window(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        language = Language((body.get("actions") or [{}])[0].get("value") or "ko")
        view = _window(ADDRESS, language, "link_send", _field("link_address", language))
        await opening.open_view(deps, body, view, action_id=buttons.LINK, language=language)

    async def submit_address(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        language = _language(body)
        refusal = await _why_not(deps, str(context.user_id))
        if refusal is not None:
            await ack(response_action="errors", errors={"typed": wording.say(refusal, language)})
            return
        answer = await deps.inbox.settle(context["stored"])
        if answer is Answer.SENT:
            deps.wake()
            said = richtext.block(richtext.section(richtext.text(wording.say("link_sent", language))))
            view = _window(CODE, language, "link_check", _field("link_code", language), said)
            await ack(response_action="update", view=view)
            return
        await _told(ack, answer, language)

    async def submit_code(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        language = _language(body)
        answer = await deps.inbox.settle(context["stored"])
        if answer is Answer.DONE:
            said = richtext.block(richtext.section(richtext.text(wording.say("link_done", language))))
            await ack(response_action="update", view=_window(None, language, None, said))
            return
        await _told(ack, answer, language)

    app.action(buttons.LINK)(open_window)
    app.view(ADDRESS)(submit_address)
    app.view(CODE)(submit_code)


def ask(deps: Deps, session: Session, stored: Stored) -> Answer:
    """Mail a code to the address that was typed; earlier codes of this user are void.

    The answer is the same whether or not anybody knows the address.
    """
    try:
        typed = mail_address.one_address(_typed(stored.body))
    except AddressError:
        return Answer.BAD_ADDRESS
    if place.is_stand_in(typed):
        return Answer.BAD_ADDRESS
    now = real_now()
    if _too_many(session, stored, typed, now=now):
        return Answer.TOO_MANY
    session.execute(
        update(SlackLink)
        .where(
            SlackLink.team_id == stored.team_id,
            SlackLink.user_id == stored.user_id,
            SlackLink.proven_at.is_(None),
            SlackLink.dropped_at.is_(None),
        )
        .values(dropped_at=now)
    )
    code = codes.fresh()
    row = SlackLink(
        team_id=stored.team_id,
        user_id=stored.user_id,
        address=typed,
        digest=_digest(deps, code, stored.team_id, stored.user_id, typed),
        asked_at=now,
        expires_at=now + codes.GOOD_FOR,
    )
    session.add(row)
    session.flush()
    _mail(deps, session, row, code, _language(stored.body))
    return Answer.SENT


def check(deps: Deps, session: Session, stored: Stored) -> Answer:
    """Take the code that was typed; right, the user is linked and his inquiries become the address's."""
    now = real_now()
    row = session.scalar(
        select(SlackLink)
        .where(
            SlackLink.team_id == stored.team_id,
            SlackLink.user_id == stored.user_id,
            SlackLink.proven_at.is_(None),
            SlackLink.dropped_at.is_(None),
        )
        .order_by(SlackLink.id.desc())
        .limit(1)
        .with_for_update()
    )
    if row is None or now >= row.expires_at:
        return Answer.VOID
    row.tries += 1
    expected = _digest(deps, codes.bare(_typed(stored.body)), row.team_id, row.user_id, row.address)
    if not hmac.compare_digest(expected, row.digest):
        if row.tries >= codes.TRIES:
            row.dropped_at = now
            return Answer.VOID
        return Answer.WRONG
    _drop_earlier(session, row, now=now)
    row.proven_at = now
    _join(session, row, now=deps.clock.now())
    return Answer.DONE


def _too_many(session: Session, stored: Stored, typed: str, *, now: datetime) -> bool:
    since = SlackLink.asked_at > now - timedelta(hours=1)
    mine = (SlackLink.team_id == stored.team_id) & (SlackLink.user_id == stored.user_id)
    for whose in (mine, SlackLink.address == typed):
        if (session.scalar(select(func.count()).select_from(SlackLink).where(since, whose)) or 0) >= PER_HOUR:
            return True
    return False


def _drop_earlier(session: Session, row: SlackLink, *, now: datetime) -> None:
    session.execute(
        update(SlackLink)
        .where(
            SlackLink.team_id == row.team_id,
            SlackLink.user_id == row.user_id,
            SlackLink.id != row.id,
            SlackLink.dropped_at.is_(None),
        )
        .values(dropped_at=now)
    )


def _join(session: Session, row: SlackLink, *, now: datetime) -> None:
    """What the stand-in asked becomes the applicant's own, so that follow-ups find their thread."""
    stand_in = session.scalar(
        select(Applicant).where(Applicant.address == place.stand_in(row.user_id, row.team_id))
    )
    if stand_in is None:
        return
    own = session.scalar(select(Applicant).where(Applicant.address == row.address))
    if own is None:
        own = Applicant(address=row.address, name=None, language=stand_in.language, first_seen_at=now)
        session.add(own)
        session.flush()
    session.execute(
        update(Inquiry)
        .where(Inquiry.applicant_id == stand_in.id)
        .values(applicant_id=own.id, version=Inquiry.version + 1)
    )


def _mail(deps: Deps, session: Session, row: SlackLink, code: str, language: Language) -> None:
    letter = Letter(
        kind=MailKind.CODE,
        recipient=Person(address=row.address, name=None, language=language),
        subject=f"[{deps.desk.identity.name[language]}] {wording.say('link_subject', language)}",
        template="code",
        data={
            "code": codes.shown(code),
            "purpose": wording.say("link_purpose", language),
            "minutes": int(codes.GOOD_FOR.total_seconds() // 60),
        },
        automatic=True,
        provenance={"purpose": "slack_link", "link": row.id},
    )
    outbox.enqueue(
        session, letter, key=f"slack-link:{row.id}", identity=deps.desk.identity, now=deps.clock.now()
    )


def _digest(deps: Deps, code: str, *bound_to: str) -> str:
    told = "\x00".join(("slack-link", code, *bound_to))
    return hmac.new(deps.desk.identity.secret, told.encode(), hashlib.sha256).hexdigest()


async def _why_not(deps: Deps, user: str) -> str | None:
    """Why this user cannot be linked; nobody is let in whom Slack does not vouch for."""
    try:
        found = (await deps.client.users_info(user=user)).get("user") or {}
    except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError):
        return "unverified"
    return "guest" if permissions.is_outsider(found, deps.workspace.team_id) else None


async def _told(ack: AsyncAck, answer: object, language: Language) -> None:
    name = answer.value if isinstance(answer, Answer) else Answer.VOID.value
    await ack(response_action="errors", errors={"typed": wording.say(name, language)})


def _typed(body: Mapping[str, Any]) -> str:
    values = ((body.get("view") or {}).get("state") or {}).get("values") or {}
    return str(((values.get("typed") or {}).get("typed") or {}).get("value") or "").strip()


def _language(body: Mapping[str, Any]) -> Language:
    told = (body.get("view") or {}).get("private_metadata")
    return Language(told) if told in tuple(Language) else Language.KO


def _field(label: str, language: Language) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": "typed",
        "label": richtext.plain(wording.say(label, language)),
        "element": {"type": "plain_text_input", "action_id": "typed", "max_length": 254},
    }


def _window(
    callback_id: str | None, language: Language, submit: str | None, *blocks: Mapping[str, Any]
) -> dict[str, Any]:
    view: dict[str, Any] = {
        "type": "modal",
        "title": richtext.plain(wording.say("link_title", language), 24),
        "close": richtext.plain(wording.say("close", language), 24),
        "private_metadata": language.value,
        # What is said comes before what is typed.
        "blocks": sorted(blocks, key=lambda one: one["type"] == "input"),
    }
    if callback_id:
        view["callback_id"] = callback_id
    if submit:
        view["submit"] = richtext.plain(wording.say(submit, language), 24)
    return view
