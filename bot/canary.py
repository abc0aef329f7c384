"""The test mails before a campaign: every letter of it, about a team that does not exist, to three of us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import staff as people
from bot.refusal import Refused
from faq.contest import Contest, Language, Person, Stage
from mailer import outbox, result_words
from mailer.campaign_tables import Campaign, Recipient
from mailer.letter import Identity, Letter
from mailer.result_words import TOLD
from mailer.tables import MailKind, MailState, OutboxMail

#: So many people on the staff have to have got them.
NEEDED = 3
#: Made up; a test mail must not tell anybody a result.
_TEAM = {Language.KO: "시험 팀(실제 결과 아님)", Language.EN: "Test team (no real result)"}
_MARK = {Language.KO: "[시험 발송]", Language.EN: "[Test]"}


def send(
    session: Session,
    campaign: Campaign,
    content: str,
    to: Sequence[str],
    *,
    contest: Contest,
    identity: Identity,
    now: datetime,
) -> list[int]:
    """Send every letter of a campaign, in both languages, to these people; returns the outbox ids.

    Who has got them for this very content gets nothing again.

    Raises:
        Refused: fewer than three different people, or somebody who is not on the staff.
    """
    testers = {people.member(session, address).address for address in to}
    if len(testers) < NEEDED:
        raise Refused(f"test mails go to {NEEDED} different people on the staff: --to A --to B --to C")
    letters = [
        (decision, language) for decision, language in product(_decisions(session, campaign), Language)
    ]
    sent = []
    for tester, (decision, language) in product(sorted(testers), letters):
        letter = _letter(decision, language, tester, campaign, contest)
        key = f"{_prefix(campaign, content)}{decision}.{language}:{people.member(session, tester).id}"
        mail_id = outbox.enqueue(session, letter, key=key, identity=identity, now=now)
        if mail_id is not None:
            sent.append(mail_id)
    return sent


def check(session: Session, campaign: Campaign, content: str) -> None:
    """Make sure that three people have got the test mails of exactly this content.

    Raises:
        Refused: they have not (yet).
    """
    rows = session.execute(
        select(OutboxMail.recipient, OutboxMail.state).where(
            OutboxMail.key.startswith(_prefix(campaign, content), autoescape=True)
        )
    ).all()
    waiting = {row.recipient for row in rows if row.state is not MailState.SENT}
    got = {row.recipient for row in rows} - waiting
    if len(got) < NEEDED:
        raise Refused(
            f"campaign {campaign.id}: {len(got)} of {NEEDED} people have got the test mails of this content;"
            f" contestdesk campaign test-send {campaign.id} --to A --to B --to C --staff YOU"
        )


def _prefix(campaign: Campaign, content: str) -> str:
    return f"canary:{campaign.id}:{content[:32]}:"


def _decisions(session: Session, campaign: Campaign) -> list[Stage]:
    found = session.scalars(select(Recipient.decision).where(Recipient.campaign_id == campaign.id).distinct())
    return sorted(set(found) & set(TOLD))


def _letter(decision: Stage, language: Language, to: str, campaign: Campaign, contest: Contest) -> Letter:
    subject = result_words.subject(decision.value, contest, language)
    return Letter(
        kind=MailKind.STAFF_NOTICE,
        recipient=Person(address=to, name=None, language=language),
        subject=f"{_MARK[language]} {subject}",
        template=decision.value,
        data=result_words.data(
            decision,
            contest,
            language,
            team=_TEAM[language],
            name=None,
            slot_at=campaign.release_at + timedelta(days=1),
            file=None,
        ),
        automatic=True,
        provenance={"campaign": campaign.id, "canary": True},
    )
