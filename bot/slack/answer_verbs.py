"""From the question to the sent answer: write, look at it, send, take back; nobody's words are lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot import codes, doors, duplicates, duty, letters, strangers, triage, writing
from bot.refusal import Refused
from bot.slack import answers, case, labels, modals
from bot.slack.acts import Act
from bot.slack.case import Case
from bot.slack.deps import Deps
from bot.slack.modals import Carried
from bot.slack.outcomes import Done, Show
from bot.slack.richtext import Block
from bot.tables import Inquiry, InquiryState
from bot.writing import Presence
from faq import render
from faq.contest import SEOUL, Language
from faq.library import Library
from mailer.tables import Channel

#: Action ids of the fields for other languages.
ALSO = "inq.also."
DOORS = {Channel.MAIL: "📧 e-mail", Channel.SLACK: "💬 Slack"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerVerbs:
    """What staff do to answer; each is called within one transaction."""

    deps: Deps

    def begin(self, act: Act) -> Show:
        """Sit down to write, unless somebody else does; who begins takes on what nobody has."""
        inquiry = act.inquiry()
        _open(inquiry)
        other = writing.begin(act.session, inquiry, staff=act.staff, now=act.now)
        if other is not None:
            return self._collision(act, inquiry, other)
        mine = inquiry.owner in (None, act.staff.address)
        if mine and inquiry.state in (InquiryState.NEW, InquiryState.SNOOZED):
            duty.claim(act.session, inquiry, staff=act.staff, now=act.now)
        return self._form(act, inquiry)

    def view_draft(self, act: Act) -> Show:
        """Read what somebody else has written so far."""
        inquiry = act.inquiry()
        other = writing.present(act.session, inquiry.id, now=act.now)
        if other is None or other.staff == act.staff.address:
            return self.begin(act)
        return self._collision(act, inquiry, other, shows=True)

    def take_over(self, act: Act) -> Show:
        """Write in the place of whoever does; the inquiry is theirs who write."""
        inquiry = act.inquiry()
        _open(inquiry)
        writing.take_over(act.session, inquiry, staff=act.staff, now=act.now)
        duty.assign(act.session, inquiry, act.staff, staff=act.staff, now=act.now)
        return self._form(act, inquiry)

    def keep(self, act: Act) -> Done:
        """Keep what was typed so far."""
        self._keep(act, act.inquiry())
        return Done()

    def leave(self, act: Act) -> Done:
        """The dialogue was closed; what it tells is kept."""
        inquiry = act.inquiry()
        if "inq.text" in act.typed:
            self._keep(act, inquiry)
        writing.end(act.session, inquiry, staff=act.staff, now=act.now, sent=False)
        return Done()

    def edit(self, act: Act) -> Show:
        """Back from the preview to the words."""
        return self._form(act, act.inquiry())

    def preview(self, act: Act) -> Show:
        """Show exactly what the applicant would get.

        Raises:
            Refused: there is nothing to send, or the inquiry cannot be answered any more.
        """
        inquiry = act.inquiry()
        if not act.typed.get("inq.text", "").strip():
            raise Refused("답변이 비어 있습니다. The answer is empty.")
        self._keep(act, inquiry)
        other = writing.present(act.session, inquiry.id, now=act.now)
        if other is not None and other.staff != act.staff.address:
            return self._collision(act, inquiry, other)
        _open(inquiry)
        return self._preview(act, inquiry)

    def send(self, act: Act) -> Show:
        """Let the letter go, after the time in which it may be taken back.

        Raises:
            Refused: the inquiry cannot be answered any more.
        """
        inquiry = act.inquiry()
        text, also = writing.draft(act.session, inquiry.id, staff=act.staff.address)
        other = writing.present(act.session, inquiry.id, now=act.now)
        if other is not None and other.staff != act.staff.address:
            return self._collision(act, inquiry, other)
        if digest(text, also) != act.carried.digest:
            return self._preview(act, inquiry)  # it was changed elsewhere: look again
        _open(inquiry)
        if inquiry.owner is None:
            duty.claim(act.session, inquiry, staff=act.staff, now=act.now)
        triage.answer(
            act.session,
            inquiry,
            text,
            staff=act.staff,
            identity=self.deps.desk.identity,
            now=act.now,
            undo=letters.UNDO,
            asks_detail=act.carried.kind == "detail",
            also=also,
        )
        writing.end(act.session, inquiry, staff=act.staff, now=act.now, sent=True)
        until = f"{(act.now + letters.UNDO).astimezone(SEOUL):%H:%M:%S} KST"
        return Show(view=modals.sent(inquiry.id, act.carried, until=until))

    def undo(self, act: Act) -> Done | Show:
        """Take the letter back; the words are a draft again.

        Raises:
            Refused: it is too late, or it is somebody else's letter.
        """
        inquiry = act.inquiry()
        kind = found[0].kind if (found := letters.newest(act.session, inquiry)) else triage.LETTER
        try:
            letters.undo(act.session, inquiry, staff=act.staff, now=act.now)
        except Refused as error:
            raise Refused(f"되돌릴 수 없습니다. {error}") from error
        if not act.stored.body.get("view"):
            return Done(said="되돌렸습니다. 초안은 그대로 있습니다. Taken back; your draft is kept.")
        writing.begin(act.session, inquiry, staff=act.staff, now=act.now)
        return self._form(act, inquiry, carried=replace(act.carried, kind=kind))

    def duplicates(self, act: Act) -> Done | Show:
        """Tell each duplicate what the inquiry was told; asks for languages that are missing.

        Raises:
            Refused: none waits.
        """
        inquiry = act.inquiry()
        words = duplicates.texts(act.session, inquiry) | _also(act.typed)
        waiting = duplicates.waiting(act.session, inquiry)
        lacking = sorted({one.language for one in waiting} - {one for one in words if words[one].strip()})
        if lacking:
            seen = self._case(act, inquiry)
            given = words.get(inquiry.language, "")
            form = modals.missing_languages(seen, act.carried, languages=lacking, given=given)
            return Show(view=form)
        sent = duplicates.answer_all(
            act.session,
            inquiry,
            words=words,
            staff=act.staff,
            identity=self.deps.desk.identity,
            now=act.now,
            undo=letters.UNDO,
        )
        numbers = ", ".join(f"#{one.inquiry_id}" for one in sent)
        return Done(said=f"중복 문의에 답했습니다. Answered in their own channel and language: {numbers}")

    # -- the views ------------------------------------------------------------------------------------

    def _case(self, act: Act, inquiry: Inquiry) -> Case:
        return case.read(act.session, inquiry, self.deps.library(), now=act.now)

    def _form(self, act: Act, inquiry: Inquiry, *, carried: Carried | None = None) -> Show:
        text, _ = writing.draft(act.session, inquiry.id, staff=act.staff.address)
        carries = replace(carried or act.carried, digest="")
        if act.stored.kind == "action:inq.ask":
            carries = replace(carries, kind=triage.DETAIL)
        if act.stored.kind == "action:inq.send_faq" and len(act.value) > 1 and not text:
            text = entry_text(self.deps.library(), act.value[1], inquiry.language, act)
        also = {one.language for one in duplicates.waiting(act.session, inquiry)} - {inquiry.language}
        wanted = () if carries.kind == triage.DETAIL else sorted(also)
        return Show(view=modals.answer(self._case(act, inquiry), carries, text=text, also=wanted))

    def _preview(self, act: Act, inquiry: Inquiry) -> Show:
        text, also = writing.draft(act.session, inquiry.id, staff=act.staff.address)
        letter = triage.letter_of(act.session, inquiry, text, staff=act.staff)
        identity = self.deps.desk.identity
        shown = doors.shown(letter, identity=identity)
        message: list[Block] = []
        if shown.channel is Channel.SLACK:
            message = answers.post(letter, key="preview", identity=identity).arguments["blocks"]
        seen = self._case(act, inquiry)
        view = modals.preview(
            seen,
            replace(act.carried, digest=digest(text, also)),
            door=DOORS[shown.channel],
            recipient=seen.applicant,
            place=shown.place or "",
            text=shown.text,
            also=also,
            message=message,
        )
        return Show(view=view)

    def _collision(self, act: Act, inquiry: Inquiry, other: Presence, *, shows: bool = False) -> Show:
        view = modals.collision(
            self._case(act, inquiry),
            act.carried,
            writer=case.staff_name(act.session, other.staff),
            minutes=labels.ago(other.since, now=act.now),
            draft=(other.text or "(아직 저장된 초안이 없습니다 nothing saved yet)") if shows else "",
        )
        return Show(view=view)

    def _keep(self, act: Act, inquiry: Inquiry) -> None:
        writing.keep(
            act.session,
            inquiry,
            act.typed.get("inq.text", ""),
            address=act.staff.address,
            also=_also(act.typed),
            now=act.now,
        )


def digest(text: str, also: Mapping[str, str]) -> str:
    """Names exactly what was shown in a preview."""
    return codes.content_hash([text.strip(), dict(also)])[:16]


def entry_text(library: Library, topic: str, language: str, act: Act) -> str:
    """What an approved entry says now, as the words of a letter; '' when there is no such entry."""
    entry = library.entries.get(topic)
    if entry is None:
        return ""
    said = render.answer(library, entry, Language(language), now=act.now)
    return "\n\n".join(part for part in (said.answer, said.condition, said.next) if part)


def _also(typed: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(ALSO): text.strip()
        for name, text in typed.items()
        if name.startswith(ALSO) and text.strip()
    }


def _open(inquiry: Inquiry) -> None:
    if inquiry.state is InquiryState.SENDING:
        raise Refused("답변이 발송 중입니다. A letter is on its way; take it back first.")
    if inquiry.state not in strangers.OPEN:
        raise Refused(f"{labels.state(inquiry.state)}: 먼저 다시 여세요. Reopen it first.")
