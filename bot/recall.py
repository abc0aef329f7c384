"""Answer recall: a fact has changed, so whoever was told the old one by us is to hear of it.

For each approved change the desk finds these people and drafts one correction a person; nothing goes out
before staff approve it (bot/corrections.py). ``now`` is contest time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import notice, roster, told
from bot import understanding as understandings
from bot.desk import Desk
from bot.invites import MILESTONE
from bot.roster_tables import Contestant, Decision
from bot.schedule_tables import Correction, CorrectionState, Invitation, Recall
from bot.storage import Storage
from bot.tables import Overlay
from bot.told import Found, Told
from faq import hours, library, wording
from faq.contest import SEOUL, Contest, Language
from faq.library import Library
from mailer import states
from mailer.campaign_tables import Campaign, CampaignState, Recipient
from mailer.tables import MailKind

#: What changes a fact or a milestone.
KINDS = ("fact", "milestone")


def tick(storage: Storage, files: Library, desk: Desk, *, now: datetime) -> int:
    """Follow up each approved change of a fact that was not yet; returns how many corrections that drafts."""
    with storage.read() as session:
        waiting = _waiting(session)
    return sum(_follow_up(storage, files, desk, number, now=now) for number in waiting)


def _waiting(session: Session) -> Sequence[int]:
    return session.scalars(
        select(Overlay.id)
        .outerjoin(Recall, Recall.overlay_id == Overlay.id)
        .where(Overlay.kind.in_(KINDS), Recall.overlay_id.is_(None))
        .order_by(Overlay.id)
    ).all()


def _follow_up(storage: Storage, files: Library, desk: Desk, number: int, *, now: datetime) -> int:
    with storage.write.begin() as session:
        states.one_at_a_time(session, "recall")
        if session.get(Recall, number) is not None:
            return 0
        row = session.get_one(Overlay, number)
        before, after = around(session, files, number)
        _move_slots(session, row, before.contest, after.contest)
        by_hand = 0
        known: set[str] = set()
        for id in changed(row.subject, before.contest, after.contest):
            found = concerned(session, id, before.contest, after.contest)
            # The hour's fact and its milestone are told by the same mails.
            new = [one for one in found.people if one.address not in known]
            session.add_all(_draft(session, number, id, one, before=before, after=after) for one in new)
            known |= {one.address for one in new}
            by_hand = max(by_hand, found.by_hand)
        drafted = len(known)
        session.add(Recall(overlay_id=number, at=now, found=drafted, by_hand=by_hand))
        if drafted or by_hand:
            notice.of_recall(session, desk, number, row.subject, drafted=drafted, by_hand=by_hand, now=now)
    return drafted


def concerned(session: Session, id: str, before: Contest, after: Contest) -> Found:
    """Who was told ``id`` as it was before and is to hear of it by a correction."""
    found = told.find(session, id, before, after)
    if id != MILESTONE:
        return found
    # Who is invited hears of it by the invitation, which is moved at once.
    invited = set(
        session.scalars(
            select(Contestant.address)
            .join(Invitation, Invitation.contestant_id == Contestant.id)
            .where(Invitation.milestone == MILESTONE, Invitation.cancelled_at.is_(None))
        )
    )
    people = tuple(one for one in found.people if one.address not in invited)
    return Found(people=people, by_hand=found.by_hand)


def around(session: Session, files: Library, number: int) -> tuple[Library, Library]:
    """The library before and with one approved change."""
    rows = session.scalars(select(Overlay).where(Overlay.id <= number).order_by(Overlay.id)).all()
    changes = [understandings.change(row, files) for row in rows]
    before = library.overlay(files, changes[:-1]) if changes[:-1] else files
    return before, library.overlay(before, changes[-1:])


def changed(subject: str, before: Contest, after: Contest) -> list[str]:
    """What a change of ``subject`` makes different: a milestone takes the fact of its hour along.

    The milestone alone, where both tell the same news: one correction is enough.
    """
    ids = [subject] if before.says(subject) != after.says(subject) else []
    milestone, _, last = subject.rpartition(".")
    if last == "hour" and before.says(milestone) != after.says(milestone):
        ids.append(milestone)
    hour = hours.fact_of(subject)
    if subject in before.milestones and before.says(hour) != after.says(hour):
        ids.append(hour)
    return ids


def _move_slots(session: Session, row: Overlay, before: Contest, after: Contest) -> None:
    """A presentation day that moves takes the hours of the teams along.

    Only of results that are out: a campaign that still waits has to be imported and approved anew.
    """
    if row.kind != "milestone" or row.subject != MILESTONE:
        return
    was, by = before.milestones[MILESTONE], after.milestones[MILESTONE].starts_on
    moved = by - was.starts_on
    if not moved:
        return
    done = select(Campaign.id).where(Campaign.state == CampaignState.DONE)
    rows: list[Decision | Recipient] = [*session.scalars(select(Decision))]
    rows += session.scalars(select(Recipient).where(Recipient.campaign_id.in_(done)))
    for one in rows:
        if one.slot_at and was.starts_on <= one.slot_at.astimezone(SEOUL).date() <= was.ends_on:
            one.slot_at += moved
    session.flush()


def _draft(
    session: Session, number: int, id: str, one: Told, *, before: Library, after: Library
) -> Correction:
    contestant = roster.by_address(session, one.address)
    return Correction(
        overlay_id=number,
        address=one.address,
        # From the roster alone: a name in a header is anybody's to write.
        name=contestant.contact if contestant else None,
        language=one.language.value,
        said=_said(id, one, before, after),
        mails=[mail.id for mail in one.mails],
        inquiry=next((mail.inquiry for mail in reversed(one.mails) if mail.inquiry), None),
        state=CorrectionState.DRAFTED,
    )


def _said(id: str, one: Told, before: Library, after: Library) -> dict[str, str | None]:
    title, was = words(id, before, one.language)
    _, now = words(id, after, one.language)
    newest = one.mails[-1]
    day = wording.date_words(newest.at.astimezone(SEOUL).date(), one.language)
    how = _HOW[one.language].get(newest.kind, _HOW[one.language][None])
    return {"id": id, "title": title, "was": was, "now": now, "asked": how.format(day=day)}


_HOW: Mapping[Language, Mapping[MailKind | None, str]] = {
    Language.KO: {None: "{day} 메일", MailKind.ANSWER: "{day} 답변", MailKind.REMINDER: "{day} 알림"},
    Language.EN: {
        None: "our mail of {day}",
        MailKind.ANSWER: "our answer of {day}",
        MailKind.REMINDER: "our reminder of {day}",
    },
}


def words(id: str, edition: Library, language: Language) -> tuple[str, str]:
    """What a fact or milestone is called, and how it stands, in words for applicants."""
    contest = edition.contest
    if (milestone := contest.milestones.get(id)) is not None:
        return milestone.title[language], wording.period(milestone, language)
    fact = contest.facts[id]
    title = next(
        (
            entry.title[language]
            for entry in edition.entries.values()
            if _tells(entry.texts[language].answer, id)
        ),
        contest.name[language],
    )
    if fact.value is not None:
        return title, wording.value_words(fact.value, fact.unit, language)
    return title, fact.remark[language]


def _tells(template: str, id: str) -> bool:
    return f"('{id}')" in template
