"""What staff wrote once becomes what the desk answers, approved by a second person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot import approving, draft_file, drafting, drafts, duplicates, letters, triage
from bot.approving import Looked
from bot.drafts import Kind, Proposal
from bot.refusal import Refused
from bot.slack import case, labels, modals, posting, projection, richtext, teaching_forms
from bot.slack.acts import Act
from bot.slack.deps import Deps
from bot.slack.modals import Carried
from bot.slack.outcomes import Done, Show
from bot.slack.posting import Post
from bot.slack.teaching_forms import EntryForm
from bot.tables import Draft, Inquiry, InquiryPart
from faq.contest import Language
from faq.entry import Asks
from faq.library import Library
from intents.decide import Verdict
from mailer.tables import MailKind

DRAFT = "draft:"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachingVerbs:
    """Save as FAQ, approve, reject; each but ``look_over`` is called within one transaction."""

    deps: Deps
    #: The files alone, without approved changes.
    files: Callable[[], Library]

    # -- entries ------------------------------------------------------------------------------------

    def form(self, act: Act) -> Show:
        """The fields of an entry, prefilled from the newest letter and the question that it answered.

        Raises:
            Refused: no letter went out in this inquiry.
        """
        inquiry, library = act.inquiry(), self.deps.library()
        number = _taught(inquiry)
        proposal = drafting.from_inquiry(act.session, library, inquiry, number=number)
        found = letters.newest(act.session, inquiry)
        also = found[0].data.get("also", {}) if found else {}
        form = _form(proposal, also, library)
        part = inquiry.parts[number - 1].text if inquiry.parts else ""
        return Show(view=teaching_forms.faq(form, act.carried, asks=tuple(Asks), part=part))

    def blank_form(self, act: Act) -> Show:
        """The fields of an entry, with a message of the channel as its first question."""
        words = str((act.stored.body.get("message") or {}).get("text") or "")
        question = drafts.PRIVATE.sub("…", richtext.unescape(words)).strip()
        language = "ko" if any("가" <= one <= "힣" for one in question) else "en"
        form = EntryForm(
            topic="", title={}, phrasings={language: (question[:500],)}, answer={}, source="", asks=""
        )
        return Show(view=teaching_forms.faq(form, act.carried, asks=tuple(Asks), part=question))

    def save(self, act: Act) -> Done | Show:
        """Write the draft down and ask another person; what is wrong with it is shown at once."""
        proposal = _proposal(act, _part_of(act), self.deps.library())
        draft = drafts.add(act.session, proposal, staff=act.staff, now=act.now)
        found = drafts.faults(draft, self.deps.library(), self.files())
        if found:
            act.session.delete(draft)
            form = _as_form(act.typed)
            return Show(view=teaching_forms.faq(form, act.carried, asks=tuple(Asks), faults=found))
        self._ask_for_approval(act, draft)
        if act.carried.number:
            triage.record(
                act.session, act.inquiry(), "draft", actor=act.staff.address, now=act.now, draft=draft.id
            )
        said = f"초안 {draft.id}번을 저장했습니다. 다른 담당자의 승인을 기다립니다."
        return Show(view=modals.notice("초안 저장 Saved", said, "Another person has to approve it."))

    def _ask_for_approval(self, act: Act, draft: Draft) -> None:
        where = projection.where(act.session, act.carried.number) if act.carried.number else None
        said = f"FAQ 초안 Draft {draft.id} · {draft.subject} · {act.staff.name}: 승인을 기다립니다."
        blocks = [
            modals.line(f"{said} Another person has to approve it."),
            richtext.actions(
                richtext.button("보고 승인하기 Review", "faq.review", str(draft.id), style="primary"),
                richtext.button(labels.REJECT, "faq.reject", str(draft.id), style="danger"),
            ),
        ]
        thread = {"thread_ts": where.ts} if where else {}
        channel = where.channel if where else self.deps.settings.slack_triage_channel
        posting.enqueue(
            act.session,
            Post(arguments={"channel": channel, "text": richtext.fallback(said), "blocks": blocks, **thread}),
            key=f"{DRAFT}{draft.id}",
            kind=MailKind.STAFF_NOTICE,
            recipient=channel,
            now=act.now,
        )

    def may_review(self, act: Act) -> Done:
        """Make sure that this person may approve this draft, before anything long is done.

        Raises:
            Refused: it is decided, or it is their own.
        """
        drafts.check_approver(drafts.find(act.session, _number(act)), act.staff)
        return Done()

    def look_over(self, draft_id: int, carried: Carried) -> Show:
        """Check a draft and run the regression; long, and outside of any transaction.

        Raises:
            Refused: it is decided, or cannot be approved as it stands.
        """
        looked = approving.look_over(
            self.deps.storage,
            self.deps.settings.contest_dir,
            draft_id,
            understand=self.deps.understanding,
        )
        if looked.faults:
            raise Refused("\n".join(looked.faults))
        with self.deps.storage.read() as session:
            draft = drafts.find(session, draft_id)
            view = teaching_forms.approval(
                replace(
                    carried, number=0, draft=draft_id, version=looked.version, digest=looked.content[:16]
                ),
                author=case.staff_name(session, draft.author),
                told=draft_file.written(draft.kind, draft.subject, draft.content),
                regression=_regression(looked),
                worse=looked.worse,
            )
        return Show(view=view)

    def approve(self, act: Act) -> Show:
        """Turn a draft into what the desk answers; the duplicates of its inquiry are offered on the card.

        Raises:
            Refused: it was changed or decided meanwhile, or it is their own.
        """
        draft = drafts.find(act.session, act.carried.draft)
        if drafts.content_hash(draft)[:16] != act.carried.digest:
            raise Refused(f"초안 {draft.id}번이 바뀌었습니다. It was changed meanwhile; look at it again.")
        version = drafts.approve(
            act.session, draft, staff=act.staff, version=act.carried.version, now=act.now,
            reason=act.typed.get("faq.despite") or None,
        )  # fmt: skip
        said = f"FAQ 초안 {draft.id}번이 승인되었습니다 ({draft.subject}). Approved by {act.staff.name}."
        self._say_decided(act, draft, said)
        inquiry = _source(act, draft)
        waiting = duplicates.waiting(act.session, inquiry) if inquiry else ()
        more = (
            f"중복 문의 {len(waiting)}건이 답을 기다립니다. 카드에서 한 번에 답할 수 있습니다."
            if waiting
            else ""
        )
        told = [
            f"승인했습니다. 지금부터 답변에 쓰입니다 (버전 {version}). Approved.",
            *([more] if more else []),
        ]
        return Show(view=modals.notice("승인됨 Approved", *told))

    def reject(self, act: Act) -> Done:
        """Lay a draft aside."""
        draft = drafts.find(act.session, _number(act))
        drafts.reject(act.session, draft, staff=act.staff, reason="rejected in Slack", now=act.now)
        self._say_decided(
            act, draft, f"FAQ 초안 {draft.id}번이 거절되었습니다. Rejected by {act.staff.name}."
        )
        return Done()

    def _say_decided(self, act: Act, draft: Draft, said: str) -> None:
        stands = posting.where(act.session, f"{DRAFT}{draft.id}")
        if stands is None:
            return
        # The buttons go: what is decided is not decided again.
        arguments = {"channel": stands.channel, "ts": stands.ts, "text": richtext.fallback(said)}
        posting.enqueue(
            act.session,
            Post(method="chat.update", arguments={**arguments, "blocks": [modals.line(said)]}),
            key=f"{DRAFT}{draft.id}:decided",
            kind=MailKind.STAFF_NOTICE,
            recipient=f"{stands.channel}:draft:{draft.id}",
            now=act.now,
        )


def _number(act: Act) -> int:
    return int(act.value[0]) if act.value and act.value[0].isdecimal() else 0


def _taught(inquiry: Inquiry) -> int:
    """Which question a letter taught the answer to: the first that the desk left to staff."""
    left = [at for at, part in enumerate(inquiry.parts, 1) if part.decision != Verdict.ANSWER]
    return left[0] if left else 1


def _part_of(act: Act) -> InquiryPart | None:
    if not act.carried.number:
        return None
    inquiry = act.inquiry()
    return inquiry.parts[_taught(inquiry) - 1] if inquiry.parts else None


def _source(act: Act, draft: Draft) -> Inquiry | None:
    part = act.session.get(InquiryPart, draft.part_id) if draft.part_id else None
    return act.session.get(Inquiry, part.inquiry_id) if part else None


def _form(proposal: Proposal, also: Mapping[str, str], library: Library) -> EntryForm:
    content = proposal.content
    told = {str(one): content[str(one)]["answer"] or also.get(str(one), "") for one in Language}
    near = library.entries.get(proposal.subject)
    asks = content["asks"][0] if content["asks"] else (str(near.asks[0]) if near and near.asks else "")
    return EntryForm(
        topic=proposal.subject,
        title=dict(content["title"]),
        phrasings={str(one): tuple(content[str(one)]["phrasings"]) for one in Language},
        answer=told,
        source=", ".join(content["source"]),
        asks=asks,
    )


def _as_form(typed: Mapping[str, str]) -> EntryForm:
    return EntryForm(
        topic=typed.get("faq.topic", ""),
        title={str(one): typed.get(f"faq.title.{one}", "") for one in Language},
        phrasings={str(one): _lines(typed.get(f"faq.phrasings.{one}", "")) for one in Language},
        answer={str(one): typed.get(f"faq.answer.{one}", "") for one in Language},
        source=typed.get("faq.source", ""),
        asks=typed.get("faq.asks", ""),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _proposal(act: Act, part: InquiryPart | None, library: Library) -> Proposal:
    form = _as_form(act.typed)
    if not drafting.is_id(form.topic):
        raise Refused(f"{form.topic!r}: 항목 ID는 application.team_size 같은 모양입니다. No such id.")
    content: dict[str, Any] = {
        "title": dict(form.title),
        "source": [one.strip() for one in form.source.split(",") if one.strip()],
        "asks": [form.asks] if form.asks else [],
    }
    for language in Language:
        name = str(language)
        content[name] = {
            "phrasings": list(form.phrasings[name]),
            "answer": form.answer[name].strip(),
            "condition": "",
            "next": "",
        }
    if part is not None and part.unknown in library.unknowns:
        content["settles"] = part.unknown
    part_id = part.id if part is not None else None
    return Proposal(kind=Kind.ENTRY, subject=form.topic, content=content, part_id=part_id)


def _regression(looked: Looked) -> str:
    ran = looked.regression
    if ran is None:
        return "회귀 검사 없음 No regression was run."
    before, after = ran["before"], ran["after"]
    return (
        f"회귀 검사 Regression: {ran['lines']} 질문, 맞음 right {before['right']} → {after['right']},"
        f" 틀림 wrong {before['wrong']} → {after['wrong']}"
    )
