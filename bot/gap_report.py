"""What applicants asked in vain: questions of one kind together, with the draft that would answer them.

The draft states nothing: it holds the questions, and empty places for what only staff can know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

import structlog
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from bot import draft_file, drafting
from bot import understanding as understandings
from bot.desk import Desk
from bot.drafts import PRIVATE, Kind
from bot.storage import Storage
from bot.tables import Cursor, HandledMail, Inquiry, InquiryPart, Opinion, Review
from faq import library as libraries
from faq.contest import SEOUL, Language, Person
from faq.library import Library, LibraryError
from intents import utterance, views
from intents.decide import Verdict
from mailer import outbox
from mailer.letter import Letter
from mailer.tables import MailKind

log = structlog.get_logger(__name__)

#: Likeness in letters from which two questions are one kind.
ALIKE = 0.22
#: What it adds that both resemble the same entry.
SAME_ENTRY = 0.2
#: Newest questions that are compared with one another.
COMPARED = 2000
EXAMPLES = 3
#: When the past week is reported, on Monday, Korean time.
DUE_AT = time(9, 0)
#: Longest list that a mail shows; the command shows all.
MAILED = 15
_CURSOR = "gap_report"
_BAD = (Opinion.WRONG, Opinion.INCOMPLETE, Opinion.NEED_PERSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Questions of one kind that no approved answer settled."""

    #: The known unknown that they matched, if any.
    unknown: str | None
    #: The entry that most of them resemble, if any.
    nearest: str | None
    count: int
    #: How many of these still wait.
    waiting: int
    #: The newest ones, at most three, without addresses and telephone numbers.
    examples: tuple[str, ...]
    #: YAML for `faq draft`, with empty places.
    draft: str


def clusters(
    session: Session,
    library: Library,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Cluster]:
    """Group what was asked in vain from ``since`` to ``until`` (exclusive), most frequent first.

    In vain is what the desk did not answer, and what it answered badly by somebody's opinion. What a
    letter has taught since, or an approved entry settles, is left out.
    """
    parts = _unanswered(session, since=since, until=until)
    by_unknown: defaultdict[str, list[InquiryPart]] = defaultdict(list)
    others: list[InquiryPart] = []
    for part in parts:
        if part.unknown is None:
            others.append(part)
        elif part.unknown in library.unknowns:
            by_unknown[part.unknown].append(part)
    groups = [*by_unknown.values(), *_alike(others[:COMPARED])]
    found = [_cluster(group, library) for group in groups]
    return sorted(found, key=lambda cluster: (-cluster.count, -cluster.waiting))


def _unanswered(session: Session, *, since: datetime | None, until: datetime | None) -> Sequence[InquiryPart]:
    """Questions without a good answer, newest first."""
    asked_at = func.coalesce(HandledMail.handled_at, Inquiry.opened_at)
    bad = exists().where(Review.part_id == InquiryPart.id, Review.opinion.in_(_BAD))
    taught = exists().where(Review.part_id == InquiryPart.id, Review.opinion == Opinion.TAUGHT)
    query = (
        select(InquiryPart)
        .join(Inquiry, Inquiry.id == InquiryPart.inquiry_id)
        .outerjoin(HandledMail, HandledMail.inbound_id == InquiryPart.inbound_id)
        .where(or_(InquiryPart.decision != Verdict.ANSWER, bad), ~taught)
        .order_by(InquiryPart.id.desc())
    )
    if since is not None:
        query = query.where(asked_at >= since)
    if until is not None:
        query = query.where(asked_at < until)
    return session.scalars(query).all()


def _alike(parts: Sequence[InquiryPart]) -> Iterable[list[InquiryPart]]:
    """Put questions together whose likeness, on average, makes them one kind.

    The letters tell likeness; what a question means has gone into its nearest entry. On phrasings of
    60 known unknowns the encoders' vectors added nothing to these two.
    """
    if len(parts) < 2:
        return [[part] for part in parts]
    import numpy as np  # noqa: PLC0415  slow to load
    from scipy.cluster import hierarchy  # noqa: PLC0415  slow to load
    from scipy.spatial import distance  # noqa: PLC0415  slow to load

    texts = [utterance.normalise(part.text) or part.text for part in parts]
    likeness = views.Grams.build(texts).gram_matrix().astype(np.float64)
    nearest = np.array([part.nearest or "" for part in parts])
    likeness += SAME_ENTRY * ((nearest[:, None] == nearest[None, :]) & (nearest[:, None] != ""))
    away = np.clip(1 - (likeness + likeness.T) / 2, 0, None)
    np.fill_diagonal(away, 0)
    tree = hierarchy.linkage(distance.squareform(away, checks=False), method="average")
    numbers = hierarchy.fcluster(tree, 1 - ALIKE, criterion="distance")
    groups: defaultdict[int, list[InquiryPart]] = defaultdict(list)
    for number, part in zip(numbers.tolist(), parts, strict=True):
        groups[number].append(part)
    return groups.values()


def _cluster(parts: Sequence[InquiryPart], library: Library) -> Cluster:
    unknown = parts[0].unknown
    resembled = [part.nearest for part in parts if part.nearest]
    nearest = max(resembled, key=resembled.count) if resembled else None
    asked: defaultdict[Language, list[str]] = defaultdict(list)
    for part in parts:
        asked[Language(part.language)].append(_masked(part.text))
    questions = {language: list(dict.fromkeys(texts))[:EXAMPLES] for language, texts in asked.items()}
    content = drafting.skeleton(library, unknown=unknown, questions=questions)
    topic = drafting.new_topic(unknown=unknown, nearest=nearest, number=parts[-1].inquiry_id)
    waiting = sum(part.waits for part in parts)
    return Cluster(
        unknown=unknown,
        nearest=nearest,
        count=len(parts),
        waiting=waiting,
        examples=tuple(dict.fromkeys(_masked(part.text) for part in parts))[:EXAMPLES],
        draft=draft_file.written(Kind.ENTRY, topic, content),
    )


def _masked(text: str) -> str:
    return " ".join(PRIVATE.sub("…", text).split())


# -- once a week ------------------------------------------------------------------------------


def mail_weekly(storage: Storage, desk: Desk, folder: Path, *, now: datetime) -> int | None:
    """Mail staff the gaps of the past week (Monday to Sunday, KST), once; returns the outbox id.

    Before Monday 9:00 KST the week is not due yet. A week without a gap has no mail.
    """
    until = _monday(now)
    if now < until + timedelta(hours=DUE_AT.hour, minutes=DUE_AT.minute):
        return None
    since = until - timedelta(days=7)
    year, week, _ = since.isocalendar()
    number = year * 100 + week
    with storage.read() as session:
        cursor = session.get(Cursor, _CURSOR)
        if cursor is not None and cursor.low_water >= number:
            return None
        current = _library(session, folder)
        found = clusters(session, current, since=since, until=until)
    with storage.write.begin() as session:
        session.merge(Cursor(name=_CURSOR, low_water=number))
        if not found or not desk.staff_address:
            return None
        letter = _letter(desk, found, current, since=since, until=until)
        return outbox.enqueue(session, letter, key=f"gaps:{year}-W{week:02}", identity=desk.identity, now=now)


def _library(session: Session, folder: Path) -> Library:
    """What is in force; the files alone when a change cannot be read, for the report must not fail by it."""
    files = libraries.load(folder)
    try:
        return understandings.overlaid(files, session)
    except LibraryError as error:
        log.error("gaps.unusable_change", error=str(error))
        return files


def _monday(now: datetime) -> datetime:
    today = now.astimezone(SEOUL).date()
    return datetime.combine(today - timedelta(days=today.weekday()), time.min, tzinfo=SEOUL)


def _letter(
    desk: Desk, found: Sequence[Cluster], library: Library, *, since: datetime, until: datetime
) -> Letter:
    last = until - timedelta(days=1)
    total = sum(cluster.count for cluster in found)
    lines = [
        f"지난주({since:%Y-%m-%d} ~ {last:%Y-%m-%d})에 승인된 답변이 없던 질문: {total}건, {len(found)}종류",
        *(_line(cluster, library) for cluster in found[:MAILED]),
        f"전체 목록과 채워 넣을 답변 초안: contestdesk faq gaps --since {since:%Y-%m-%d}",
    ]
    resembled = [library.entries.get(cluster.nearest or "") for cluster in found[:MAILED]]
    nearest = dict.fromkeys(entry.title[Language.KO] for entry in resembled if entry)
    return Letter(
        kind=MailKind.STAFF_NOTICE,
        recipient=Person(address=desk.staff_address, name=None, language=Language.KO),
        subject=f"[Contest Desk] 답하지 못한 질문 {since:%Y-%m-%d} ~ {last:%Y-%m-%d}",
        template="staff_notice",
        data={"inquiry": None, "waits": tuple(lines), "nearest": tuple(nearest)[:5], "remarks": ()},
        automatic=True,
        provenance={"gaps": len(found)},
    )


def _line(cluster: Cluster, library: Library) -> str:
    title = library.unknowns[cluster.unknown].title[Language.KO] if cluster.unknown else "새로운 질문"
    waiting = f", 대기 {cluster.waiting}건" if cluster.waiting else ""
    return f"{title} ({cluster.count}건{waiting}): {' / '.join(cluster.examples)}"
