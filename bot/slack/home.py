"""The Home tab: my claims, what nobody has, what comes back soon; published on opening and on change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.slack import labels, posting, richtext
from bot.slack.permissions import Denied, Permissions
from bot.slack.posting import Post
from bot.slack.richtext import Block
from bot.slack.triage_tables import SlackHome
from bot.tables import Inquiry, InquiryState, Staff, StaffRole
from mailer.tables import MailKind

PREFIX = "home:"
#: Rows of a page.
ROWS = 20
#: Changes within so long are drawn together.
DEBOUNCE = timedelta(seconds=2)
#: Who has not opened the tab for so long sees it drawn when he does.
LOOKED_WITHIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One inquiry in a list."""

    number: int
    state: InquiryState
    opened_at: datetime
    text: str
    snoozed_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What one staff member has before him."""

    mine: tuple[Row, ...]
    unclaimed: tuple[Row, ...]
    snoozed: tuple[Row, ...]


def queue(session: Session, staff: Staff) -> Queue:
    """Read the queue of a staff member: his claims, the unclaimed by age, the snoozed by when they return."""
    rows = session.scalars(
        select(Inquiry)
        .where(
            Inquiry.state.in_(
                (
                    *(InquiryState.NEW, InquiryState.CLAIMED, InquiryState.NEEDS_INFO),
                    *(InquiryState.SENDING, InquiryState.SNOOZED),
                )
            )
        )
        .order_by(Inquiry.id)
    ).all()
    awake = [one for one in rows if one.state is not InquiryState.SNOOZED]
    asleep = [one for one in rows if one.state is InquiryState.SNOOZED]
    return Queue(
        mine=_rows([one for one in awake if one.owner == staff.address]),
        unclaimed=_rows([one for one in awake if one.owner is None]),
        snoozed=_rows(sorted(asleep, key=lambda one: one.snooze_until or one.opened_at)),
    )


def _rows(found: Sequence[Inquiry]) -> tuple[Row, ...]:
    return tuple(
        Row(
            number=one.id,
            state=one.state,
            opened_at=one.opened_at,
            # What waits for a person; a part before it may be answered already.
            text=next((part.text for part in one.parts if part.waits), one.subject),
            snoozed_until=one.snooze_until if one.state is InquiryState.SNOOZED else None,
        )
        for one in found
    )


def view(shown: Queue, *, page: int, now: datetime) -> dict[str, Any]:
    """The Home tab of a staff member; at most 20 rows, the rest behind "next"."""
    listed = [
        *(("내 담당 Mine", row) for row in shown.mine),
        *(("미배정 Unclaimed", row) for row in shown.unclaimed),
        *(("보류 Snoozed", row) for row in shown.snoozed),
    ]
    pages = max(1, -(-len(listed) // ROWS))
    page = min(max(page, 0), pages - 1)
    counted = (
        f"내 담당 Mine {len(shown.mine)} · 미배정 Unclaimed {len(shown.unclaimed)}"
        f" · 보류 Snoozed {len(shown.snoozed)}"
    )
    blocks = [richtext.header("문의 데스크 Contest Desk"), richtext.context(counted)]
    heading = ""
    for title, row in listed[page * ROWS : (page + 1) * ROWS]:
        if title != heading:
            heading = title
            blocks.append(richtext.header(title))
        blocks.append(_row(row, now=now))
    if not listed:
        blocks.append({"type": "section", "text": richtext.plain("기다리는 문의가 없습니다. Nothing waits.")})
    if pages > 1:
        blocks.append(_pager(page, pages))
    return {"type": "home", "blocks": blocks}


def stranger_view(reason: str) -> dict[str, Any]:
    """The Home tab of somebody who is not staff."""
    said = "궁금한 점은 메시지 탭에서 물어보세요. Ask your question in the Messages tab."
    return {
        "type": "home",
        "blocks": [
            richtext.header("문의 데스크 Contest Desk"),
            {"type": "section", "text": richtext.plain(said)},
            richtext.context(reason),
        ],
    }


def _row(row: Row, *, now: datetime) -> Block:
    due = f" · 😴 {labels.instant(row.snoozed_until)}까지" if row.snoozed_until else ""
    line = f"#{row.number} {labels.state(row.state)} · {labels.ago(row.opened_at, now=now)}{due}"
    text = richtext.cut(" ".join(richtext.clean(row.text).split()), 150)
    return {
        "type": "section",
        "text": richtext.plain(f"{line}\n{text}"),
        "accessory": _button(row),
    }


def _button(row: Row) -> Block:
    if row.state is InquiryState.NEW:
        return richtext.button(labels.CLAIM, "inq.claim", str(row.number), style="primary")
    if row.state is InquiryState.SENDING:
        return richtext.button(labels.UNDO, "inq.undo", str(row.number), style="danger")
    return richtext.button(labels.ANSWER, "inq.answer", str(row.number))


def _pager(page: int, pages: int) -> Block:
    buttons = []
    if page > 0:
        buttons.append(richtext.button("이전 Previous", "home.previous", str(page - 1)))
    if page < pages - 1:
        buttons.append(richtext.button(f"다음 Next ({page + 1}/{pages})", "home.next", str(page + 1)))
    return richtext.actions(*buttons)


def drawer(
    permissions: Permissions, now: Callable[[], datetime]
) -> Callable[[Session, str, Post], Post | None]:
    """Give the call that draws the tab just before it leaves."""

    def draw(session: Session, key: str, post: Post) -> Post | None:
        row = session.get(SlackHome, viewer(key))
        if row is None:
            return None
        member = permissions.permitted(session, row.user_id, StaffRole.TRIAGE)
        if isinstance(member, Denied):
            drawn = stranger_view(member.reason)
        else:
            drawn = view(queue(session, member), page=row.page, now=now())
        return Post(method=post.method, arguments={**post.arguments, "view": drawn})

    return draw


# -- publishing -------------------------------------------------------------------------------------


def opened(session: Session, user: str, *, page: int | None, now: datetime) -> None:
    """Somebody looks at the tab: draw it at once."""
    row = session.get(SlackHome, user)
    if row is None:
        row = SlackHome(user_id=user, opened_at=now, page=0, published=0)
        session.add(row)
    row.opened_at, row.page = now, row.page if page is None else page
    _publish(session, row, now=now, after=timedelta())


def note_changes(session: Session, *, now: datetime) -> None:
    """Something changed: draw the tab anew for those who have it open, all changes of two seconds at once."""
    looking = select(SlackHome).where(SlackHome.opened_at > now - LOOKED_WITHIN)
    for row in session.scalars(looking).all():
        if not posting.is_on_its_way(session, _key(row)):
            _publish(session, row, now=now, after=DEBOUNCE)


def viewer(key: str) -> str:
    """The user of a row's key."""
    return key.split(":")[1]


def _key(row: SlackHome) -> str:
    return f"{PREFIX}{row.user_id}:{row.published}"


def _publish(session: Session, row: SlackHome, *, now: datetime, after: timedelta) -> None:
    row.published += 1
    session.flush()
    # What it shows is drawn when it leaves.
    empty = {"type": "home", "blocks": [richtext.header("문의 데스크 Contest Desk")]}
    posting.enqueue(
        session,
        Post(method="views.publish", arguments={"user_id": row.user_id, "view": empty}),
        key=_key(row),
        kind=MailKind.STAFF_NOTICE,
        recipient=f"home:{row.user_id}",
        now=now,
        not_before=now + after if after else None,
    )
