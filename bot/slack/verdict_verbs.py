"""Whether a dataset can be built: staff judge, an approver agrees, and the desk answers likes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot import precedents
from bot.refusal import Refused
from bot.slack import case, labels, modals, posting, projection, richtext, teaching_forms
from bot.slack.acts import Act
from bot.slack.deps import Deps
from bot.slack.outcomes import Done, Show
from bot.slack.posting import Post
from bot.tables import JudgmentState
from faq.feasibility import Judged
from intents import precedents as likenesses
from mailer.tables import MailKind

#: Verdicts that are shown beside a new one.
SHOWN = 5
_WORDS = {"feasible": "가능", "conditional": "조건부", "not_feasible": "불가"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictVerbs:
    """Judge and approve; each is called within one transaction."""

    deps: Deps

    def form(self, act: Act) -> Show:
        """Judge the dataset of an inquiry, with like precedents in sight.

        Raises:
            Refused: it describes none.
        """
        return Show(view=self._form(act, fault=""))

    def _form(self, act: Act, *, fault: str) -> dict[str, Any]:
        inquiry, library = act.inquiry(), self.deps.library()
        _, dataset = precedents.dataset_of(act.session, inquiry)
        like = [known for known in library.precedents.values() if likenesses.alike(dataset, known)]
        told = [
            f"{known.id}: {_WORDS.get(known.verdict, known.verdict)} · {' / '.join(known.reason.values())}"
            for known in like[:SHOWN]
        ]
        described = ", ".join(
            str(one) for one in (*dataset.modality, *dataset.task, dataset.volume or "") if one
        )
        seen = case.read(act.session, inquiry, library, now=act.now)
        return teaching_forms.verdict(seen, act.carried, dataset=described, precedents=told, fault=fault)

    def give(self, act: Act) -> Done | Show:
        """Keep a verdict; an approver's answers at once, anybody else's waits for one."""
        given = precedents.give(
            act.session,
            act.inquiry(),
            Judged(act.typed.get("inq.verdict_said", "")),
            precedents.reasons(act.typed.get("inq.reason", ""), act.typed.get("inq.translated") or None),
            library=self.deps.library(),
            staff=act.staff,
            justification=act.typed.get("inq.justify") or None,
            now=act.now,
        )
        against = ", ".join(given.contradicts)
        if given.state is JudgmentState.HELD:
            fault = (
                f"{against}와 어긋납니다. 근거를 적어 주세요. It contradicts {against}: say why it stands."
            )
            return Show(view=self._form(act, fault=fault))
        if given.state is JudgmentState.PROPOSED:
            self._ask(act)
            return Done(said="승인자를 기다립니다. The verdict waits for an approver.")
        return Done(said=f"{given.precedent} 판정이 답변에 쓰입니다. The verdict answers from now on.")

    def _ask(self, act: Act) -> None:
        where = projection.where(act.session, act.carried.number)
        if where is None:
            return
        said = f"#{act.carried.number} 판정이 승인을 기다립니다 · {act.staff.name}. It waits for approval."
        approve = richtext.button(labels.APPROVE, "inq.approve_verdict", str(act.carried.number))
        blocks = [modals.line(said), richtext.actions(approve)]
        posting.enqueue(
            act.session,
            Post(
                arguments={
                    "channel": where.channel,
                    "thread_ts": where.ts,
                    "text": richtext.fallback(said),
                    "blocks": blocks,
                }
            ),
            key=f"verdict:{act.carried.number}:{act.stored.id}",
            kind=MailKind.STAFF_NOTICE,
            recipient=where.channel,
            now=act.now,
        )

    def approve(self, act: Act) -> Done:
        """Approve the verdict that waits; from now on it answers like questions."""
        given = precedents.approve(
            act.session, act.inquiry(), library=self.deps.library(), staff=act.staff, now=act.now
        )
        if given.state is JudgmentState.HELD:
            against = ", ".join(given.contradicts)
            raise Refused(f"{against}와 어긋나 보류되었습니다. It contradicts {against} and is held.")
        return Done(said=f"{given.precedent} 판정을 승인했습니다. Approved.")
