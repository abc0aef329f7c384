"""The triage desk in Slack: who listens to what. Listeners acknowledge and show; verbs do the work.

A payload is stored before any listener runs, and its verb runs in the transaction that marks it as done
(inbox.py), so that a click counts once, whoever is killed when.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
from typing import Any

import anyio.to_thread
from slack_bolt.app.async_app import AsyncApp

from bot.loop import Loop
from bot.slack import commands, home, projection, rhythm
from bot.slack.acts import Acts
from bot.slack.answer_verbs import AnswerVerbs
from bot.slack.deps import Deps
from bot.slack.desk_verbs import DeskVerbs
from bot.slack.dialogue import Dialogue
from bot.slack.filing import FilingVerbs
from bot.slack.permissions import Permissions
from bot.slack.projection import Projection
from bot.slack.teaching_verbs import TeachingVerbs
from bot.slack.verdict_verbs import VerdictVerbs
from bot.tables import StaffRole
from faq import library as libraries

#: How often the cards are looked at unasked, and how often nudges are.
CARDS_EVERY = timedelta(seconds=1)
RHYTHM_EVERY = timedelta(seconds=30)

#: Clicks that open a dialogue, with its title.
OPENS = {
    "inq.answer": "답변 Answer",
    "inq.ask": "더 물어보기 Ask",
    "inq.send_faq": "FAQ 보내기 Send FAQ",
    "inq.verdict": "판정 Verdict",
    "inq.faq": "FAQ로 저장 Save as FAQ",
}
#: Choices of the menu that open one.
MENU_OPENS = {"assign": "담당자 지정 Assign", "duplicate": "중복 Duplicate"}
#: Clicks that are done at once.
AT_ONCE = (
    *("inq.claim", "inq.release", "inq.reopen", "inq.snooze", "inq.dupes", "inq.approve_verdict"),
    "faq.reject",
    *("home.next", "home.previous"),
)
#: Clicks within a dialogue, and inputs that tell what is typed.
WITHIN = ("inq.take_over", "inq.view_draft", "inq.edit", "inq.save_draft", "inq.text")
SUBMITS = (
    *("inq.answer", "inq.send", "inq.assign", "inq.duplicate", "inq.dupes", "inq.verdict"),
    *("faq.save", "faq.approve"),
)
CLOSES = ("inq.answer", "inq.send")


def permissions_of(deps: Deps) -> Permissions:
    """What Slack says of staff, one for each workspace."""
    if deps.permissions is not None:
        return deps.permissions
    deps.permissions = Permissions(
        client=deps.client,
        team_id=deps.workspace.team_id,
        groups={StaffRole(role): group for role, group in deps.settings.slack_staff_groups.items()},
        triage_channel=deps.settings.slack_triage_channel,
    )
    return deps.permissions


def subscribe(deps: Deps) -> None:
    """Say which verb acts on what, what is drawn when, and what runs by the clock."""
    permissions = permissions_of(deps)
    acts = Acts(deps=deps, permissions=permissions)
    _subscribe_verbs(deps, acts)
    cards = Projection(
        storage=deps.storage,
        channel=deps.settings.slack_triage_channel,
        library=deps.library,
        now=deps.clock.now,
    )
    for prefix in (projection.CARD, projection.UPDATE):
        deps.outgoing.on_leaving(prefix, cards.leaving)
        deps.outgoing.on_posted(prefix, cards.posted)
        deps.outgoing.on_refused(prefix, cards.refused)
    deps.outgoing.on_leaving(home.PREFIX, home.drawer(permissions, deps.clock.now))
    deps.outgoing.on_leaving(rhythm.NUDGE, rhythm.still_due)
    if deps.settings.slack_triage_channel:
        deps.loops.append(Loop("cards", _waking(deps, cards.work_off), poll=CARDS_EVERY))
        steps = rhythm.Rhythm(deps=deps)
        deps.loops.append(Loop("rhythm", _now_and_then(steps.work_off), poll=RHYTHM_EVERY))


def _subscribe_verbs(deps: Deps, acts: Acts) -> None:
    answers, desk, verdicts = AnswerVerbs(deps=deps), DeskVerbs(deps=deps), VerdictVerbs(deps=deps)
    teaching = TeachingVerbs(deps=deps, files=cache(lambda: libraries.load(deps.settings.contest_dir)))
    for action in ("inq.answer", "inq.ask", "inq.send_faq"):
        acts.on(f"action:{action}", answers.begin)
    for action, verb in (
        ("inq.take_over", answers.take_over),
        ("inq.view_draft", answers.view_draft),
        ("inq.edit", answers.edit),
        ("inq.save_draft", answers.keep),
        ("inq.text", answers.keep),
        ("inq.undo", answers.undo),
        ("inq.dupes", answers.duplicates),
        ("inq.claim", desk.claim),
        ("inq.release", desk.release),
        ("inq.reopen", desk.reopen),
        ("inq.more", desk.more),
        ("inq.snooze", desk.snooze),
        ("inq.faq", teaching.form),
        ("inq.verdict", verdicts.form),
        ("home.next", desk.turn_page),
        ("home.previous", desk.turn_page),
    ):
        acts.on(f"action:{action}", verb)
    for callback, verb in (
        ("inq.answer", answers.preview),
        ("inq.send", answers.send),
        ("inq.dupes", answers.duplicates),
        ("inq.assign", desk.assign),
        ("inq.duplicate", desk.mark_duplicate),
        ("inq.verdict", verdicts.give),
        ("faq.save", teaching.save),
    ):
        acts.on(f"view:{callback}", verb)
    for callback in CLOSES:
        acts.on(f"closed:{callback}", answers.leave)
    acts.on("action:faq.review", teaching.may_review, need=StaffRole.APPROVER)
    acts.on("action:faq.reject", teaching.reject, need=StaffRole.APPROVER)
    acts.on("action:inq.approve_verdict", verdicts.approve, need=StaffRole.APPROVER)
    acts.on("view:faq.approve", teaching.approve, need=StaffRole.APPROVER)
    acts.on("shortcut:faq.create", teaching.blank_form)
    acts.on("shortcut:inq.create", FilingVerbs(deps=deps).file)
    deps.inbox.on("event:message", desk.heard)
    deps.inbox.on("event:subteam_members_changed", lambda _session, _stored: acts.permissions.forget())


def register(app: AsyncApp, deps: Deps) -> None:
    """Add the listeners of staff to the app."""
    permissions = permissions_of(deps)
    talk = Dialogue(deps=deps, permissions=permissions)
    for action, title in OPENS.items():
        app.action(action)(talk.opening(title))
    for action in AT_ONCE:
        app.action(action)(talk.at_once())
    for action in WITHIN:
        app.action(action)(talk.within())
    app.action("inq.undo")(talk.undoing())
    app.action("inq.more")(talk.menu(MENU_OPENS))
    teaching = TeachingVerbs(deps=deps, files=cache(lambda: libraries.load(deps.settings.contest_dir)))
    app.action("faq.review")(talk.reviewing(teaching.look_over))
    for callback in SUBMITS:
        app.view(callback)(talk.submitted(fresh=callback == "faq.approve"))
    for callback in CLOSES:
        app.view_closed(callback)(talk.closed())
    app.shortcut("inq.create")(talk.at_once())
    app.shortcut("faq.create")(talk.opening("FAQ로 저장 Save as FAQ"))
    app.event("app_home_opened", matchers=[_is_home_tab])(_home_opened(deps, permissions))
    commands.register(app, deps, permissions)


async def _is_home_tab(event: dict[str, Any]) -> bool:
    return event.get("tab") == "home"


def _home_opened(deps: Deps, permissions: Permissions) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Who opens Home is looked up before it is drawn; nothing is lost when this never runs."""

    async def opened(event: dict[str, Any]) -> None:
        user = str(event.get("user"))
        await permissions.look_up(user)

        def draw() -> None:
            with deps.storage.write.begin() as session:
                home.opened(session, user, page=0, now=deps.clock.now())

        await anyio.to_thread.run_sync(draw)
        deps.wake()

    return opened


def _waking(deps: Deps, work_off: Callable[[], bool]) -> Callable[[], object]:
    """Let the senders know when something was put into the outbox; not the loop itself, again."""

    def run() -> None:
        if work_off():
            for call in deps.wakes:
                call()

    return run


def _now_and_then(work_off: Callable[[], object]) -> Callable[[], object]:
    """Every wake-up of the process wakes all loops; what looks at the clock need not look each time."""
    due_at = 0.0

    def run() -> None:
        nonlocal due_at
        if time.monotonic() >= due_at:
            due_at = time.monotonic() + RHYTHM_EVERY.total_seconds()
            work_off()

    return run
