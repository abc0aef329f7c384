"""What staff do with an inquiry beside answering it: claim, give back, assign, put aside, note."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot import duty, finding, merge, office_hours, staff, triage
from bot.refusal import Refused
from bot.slack import case, home, labels, modals, projection, story
from bot.slack.acts import Act
from bot.slack.deps import Deps
from bot.slack.heard import plain
from bot.slack.inbox import Stored
from bot.slack.outcomes import Done, Show
from bot.tables import Inquiry

#: Similar inquiries that are offered when one is marked as a duplicate.
OFFERED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskVerbs:
    """Verbs behind the buttons and the menu of a card; each is called within one transaction."""

    deps: Deps

    def claim(self, act: Act) -> Done:
        """Take an inquiry on.

        Raises:
            Refused: somebody was faster; the message names them.
        """
        inquiry = act.inquiry()
        owner = inquiry.owner
        if owner not in (None, act.staff.address) and inquiry.state in triage.WAITING:
            seen = case.read(act.session, inquiry, self.deps.library(), now=act.now)
            name = case.staff_name(act.session, owner or "")
            since = labels.ago(seen.owner.since, now=act.now) if seen.owner else ""
            raise Refused(
                f"{name} 님이 이미 담당하고 있습니다({since} 전). Already taken by {name}, {since} ago."
            )
        if not duty.claim(act.session, inquiry, staff=act.staff, now=act.now):
            return Done(said="이미 담당하고 있습니다. It is yours already.")
        return Done()

    def release(self, act: Act) -> Done:
        """Give an inquiry back."""
        duty.release(act.session, act.inquiry(), staff=act.staff, now=act.now)
        return Done()

    def reopen(self, act: Act) -> Done:
        """Put an inquiry that was done back among those that wait."""
        triage.reopen(act.session, act.inquiry(), staff=act.staff, now=act.now)
        return Done()

    def snooze(self, act: Act) -> Done:
        """Let an inquiry rest until the next morning in the office."""
        until = office_hours.next_morning(act.now)
        duty.snooze(act.session, act.inquiry(), until, staff=act.staff, now=act.now)
        return Done(said=f"{labels.instant(until)}까지 보류합니다. Snoozed until then.")

    def more(self, act: Act) -> Done | Show:
        """What was chosen in the menu of a card.

        Raises:
            Refused: it cannot be done in the inquiry's state.
        """
        inquiry = act.inquiry()
        match act.value[-1]:
            case "assign":
                people = [(one.address, one.name) for one in staff.active(act.session)]
                return Show(view=modals.assign(self._seen(act), act.carried, staff=people))
            case "duplicate":
                return Show(view=modals.duplicate(self._seen(act), act.carried, like=self._like(act)))
            case "snooze":
                return self.snooze(act)
            case "spam":
                triage.spam(act.session, inquiry, staff=act.staff, now=act.now)
                return Done()
            case "close":
                triage.close(act.session, inquiry, staff=act.staff, now=act.now)
                return Done()
            case other:
                raise Refused(f"알 수 없는 작업입니다. There is no such act: {other}")

    def assign(self, act: Act) -> Done:
        """Give an inquiry to somebody."""
        to = staff.member(act.session, act.typed.get("inq.assignee", ""))
        duty.assign(act.session, act.inquiry(), to, staff=act.staff, now=act.now)
        return Done()

    def mark_duplicate(self, act: Act) -> Done:
        """Make an inquiry a duplicate of another one.

        Raises:
            Refused: no number was given, or the two cannot be merged.
        """
        given = act.typed.get("inq.number", "").strip().lstrip("#") or act.typed.get("inq.like", "")
        if not given.isdecimal():
            raise Refused("문의 번호를 골라 주세요. Choose an inquiry or give its number.")
        target = triage.find(act.session, int(given))
        merge.merge(act.session, act.inquiry(), target, staff=act.staff, other_sender=True, now=act.now)
        return Done(said=f"#{act.carried.number} → #{target.id}")

    def _seen(self, act: Act) -> case.Case:
        return case.read(act.session, act.inquiry(), self.deps.library(), now=act.now)

    def _like(self, act: Act) -> list[tuple[int, str]]:
        inquiry = act.inquiry()
        asked = inquiry.parts[0].text if inquiry.parts else inquiry.subject
        found = finding.find(act.session, asked, limit=OFFERED + 1)
        return [(one.inquiry_id, one.text) for one in found if one.inquiry_id != inquiry.id][:OFFERED]

    # -- what is said in the triage channel, and who opens Home ------------------------------------------

    def heard(self, session: Session, stored: Stored) -> None:
        """A reply of staff in the thread of a card is an internal note, always: nobody is written to."""
        event = stored.body.get("event") or {}
        channel, thread = str(event.get("channel")), event.get("thread_ts")
        if channel != self.deps.settings.slack_triage_channel or not thread or thread == event.get("ts"):
            return
        number = projection.of_message(session, channel, str(thread))
        member = staff.by_slack_id(session, str(event.get("user") or ""))
        words = plain(str(event.get("text") or ""), bot_user=self.deps.workspace.bot_user_id)
        if number is None or member is None or event.get("bot_id") or event.get("subtype") or not words:
            return
        inquiry = session.get_one(Inquiry, number)
        now = self.deps.clock.now()
        triage.record(
            session, inquiry, "note", actor=member.address, now=now,
            text=words, **{story.FROM_THREAD: str(event.get("ts"))},
        )  # fmt: skip

    def turn_page(self, act: Act) -> Done:
        """Another page of the queue on Home."""
        page = int(act.value[0]) if act.value and act.value[0].isdecimal() else 0
        home.opened(act.session, act.stored.user_id, page=page, now=act.now)
        return Done()
