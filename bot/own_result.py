"""An applicant asks for his own result: he hears what his result mail has told him, once it has.

Before the release nobody hears anything but the schedule; after it only the owner of a proven address
hears, and only his own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inbox import identity
from bot.inbox.identity import Level
from bot.reading import Asked
from bot.reply import Reply
from faq.contest import ROUND_OF, Language, Round, Stage
from mailer import result_words
from mailer.campaign_tables import Campaign, Recipient
from mailer.letter import Section, SectionKind
from mailer.tables import MailKind, MailState, OutboxMail

#: What somebody asks who wants to hear his own result.
ASKS_RESULT = frozenset({"unknown.result-in-advance", "unknown.presentation-slot", "unknown.rank-disclosure"})

_HEADING: Mapping[Language, str] = {Language.KO: "우리 팀의 결과", Language.EN: "Your team's result"}
_SAID: Mapping[Stage, Mapping[Language, str]] = {
    Stage.SHORTLISTED: {
        Language.KO: "{team} 팀은 1차 심사를 통과해 발표평가 대상으로 선정되었습니다.",
        Language.EN: "{team} was shortlisted for the presentation round.",
    },
    Stage.NOT_SHORTLISTED: {
        Language.KO: "{team} 팀은 아쉽게도 발표평가 대상에 선정되지 않았습니다.",
        Language.EN: "{team} was not shortlisted for the presentation round.",
    },
    Stage.SELECTED: {
        Language.KO: "{team} 팀은 최종 지원 대상으로 선정되었습니다.",
        Language.EN: "{team} was selected in the final round.",
    },
    Stage.NOT_SELECTED: {
        Language.KO: "{team} 팀은 아쉽게도 최종 지원 대상에 선정되지 않았습니다.",
        Language.EN: "{team} was not selected in the final round.",
    },
}
_SLOT: Mapping[Language, str] = {
    Language.KO: "발표 시각: {slot}",
    Language.EN: "Your presentation slot: {slot}",
}
_MAILED: Mapping[Language, str] = {
    Language.KO: "자세한 내용은 이 주소로 보내 드린 결과 메일에 있습니다.",
    Language.EN: "The details are in the result mail that we sent to this address.",
}


def with_own_result(session: Session, asked: Asked) -> Reply:
    """The reply to a question, with the asker's own result where he asks for it and may hear it."""
    assert asked.reply is not None  # the caller has one
    section = None
    if ASKS_RESULT & set(asked.personal):
        address, language = asked.mail.from_address or "", asked.decision.language
        section = own_result(session, address, asked.proof.level, language)
    if section is None:
        return asked.reply
    return replace(
        asked.reply,
        kind=MailKind.ANSWER,
        sections=(section, *asked.reply.sections),
        says_something=True,
    )


def own_result(session: Session, address: str, level: Level | None, language: Language) -> Section | None:
    """A person's newest result in words, for him alone and only after his own mail has told it.

    None for anybody whose address is not proven, before the release, and while his mail has not left.
    """
    if not identity.may_hear_personal(level):
        return None
    told = session.scalars(
        select(Recipient)
        .join(Campaign, Campaign.id == Recipient.campaign_id)
        .join(OutboxMail, OutboxMail.id == Recipient.mail_id)
        .where(
            Recipient.address == address.strip().lower(),
            Campaign.released_at.is_not(None),
            OutboxMail.state == MailState.SENT,
        )
    ).all()
    if not told:
        return None
    newest = max(told, key=lambda row: (ROUND_OF[row.decision] is Round.FINAL, row.id))
    said = [_SAID[newest.decision][language].format(team=newest.team)]
    if newest.slot_at is not None:
        said.append(_SLOT[language].format(slot=result_words.slot(newest.slot_at, language)))
    said.append(_MAILED[language])
    return Section(kind=SectionKind.ANSWER, heading=_HEADING[language], paragraphs=tuple(said), source=None)
