"""What a rehearsed season sent, and what another schedule would have sent otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.rehearsal_sink import plain
from bot.storage import Storage
from faq.contest import SEOUL, Round
from mailer.campaign_tables import Campaign, CampaignState, Recipient
from mailer.relay import Outgoing
from mailer.tables import MailKind, MailState, OutboxMail


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mail that went out, or that did not."""

    at: datetime
    kind: MailKind
    milestone: str | None
    offset: str | None
    round: Round | None
    recipient: str
    subject: str
    language: str
    state: MailState
    #: Its plain words.
    text: str = field(repr=False)

    def as_document(self) -> dict[str, Any]:
        """For a machine, as the contract has it."""
        return {
            "at": self.at.astimezone(SEOUL).isoformat(timespec="minutes"),
            "kind": self.kind,
            "milestone": self.milestone,
            "offset": self.offset,
            "round": self.round,
            "recipient": self.recipient,
            "subject": self.subject,
            "language": self.language,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a season sent, by time."""

    entries: tuple[Entry, ...]
    #: Rows that have not left when the season was over.
    left: tuple[Entry, ...]
    #: What staff could not do, and why.
    refused: tuple[str, ...]
    #: How often the sink was given the same Message-ID again; 0 unless something is wrong.
    twice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One mail that another schedule sends at another time, besides, or not at all."""

    was: Entry | None
    now: Entry | None

    @property
    def entry(self) -> Entry:
        """The mail as it would be, or as it was where it is no more."""
        found = self.now or self.was
        assert found is not None  # a change is of something
        return found

    @property
    def what(self) -> str:
        """add, move or cancel."""
        if self.was is None:
            return "add"
        return "cancel" if self.now is None else "move"

    def as_document(self) -> dict[str, Any]:
        """The mail as it would be, with what happened to it and when it would have left before."""
        was = self.was.as_document()["at"] if self.was else None
        return self.entry.as_document() | {"change": self.what, "was": was}


def read(storage: Storage, taken: Sequence[Outgoing], refused: Iterable[str]) -> Rehearsed:
    """Everything that is in the outbox of a season that is over."""
    with storage.read() as session:
        campaigns = session.execute(select(Campaign.round, Campaign.state, Campaign.halted)).all()
        of_round = select(Recipient.mail_id, Campaign.round).join(
            Campaign, Campaign.id == Recipient.campaign_id
        )
        rounds = {mail_id: round for mail_id, round in session.execute(of_round) if mail_id is not None}
        rows = session.execute(select(*_COLUMNS).order_by(OutboxMail.id)).all()
    entries = [_entry(row, rounds.get(row.id)) for row in rows]
    ids = [mail.message_id for mail in taken]
    undone = [
        f"the results of the {row.round} round are {row.state}: {row.halted or 'not all of them are out'}"
        for row in campaigns
        if row.state is not CampaignState.DONE
    ]
    return Rehearsed(
        entries=tuple(sorted((one for one in entries if one.state is MailState.SENT), key=_order)),
        left=tuple(sorted((one for one in entries if one.state is not MailState.SENT), key=_order)),
        refused=(*refused, *undone),
        twice=len(ids) - len(set(ids)),
    )


def compared(was: Sequence[Entry], now: Sequence[Entry]) -> list[Change]:
    """What one season has otherwise than the other, by time; subjects alone make no change."""
    olds, news = _named(was), _named(now)
    changes = []
    for name in dict.fromkeys([*olds, *news]):
        old, new = olds.get(name), news.get(name)
        if old is None or new is None or old.at != new.at:
            changes.append(Change(was=old, now=new))
    return sorted(changes, key=lambda one: _order(one.entry))


def _named(entries: Sequence[Entry]) -> dict[tuple[object, ...], Entry]:
    """Each mail by what it is; the same to the same person once more has a number."""
    seen: Counter[tuple[object, ...]] = Counter()
    found: dict[tuple[object, ...], Entry] = {}
    for one in entries:
        name = (one.kind, one.milestone, one.offset, one.round, one.recipient)
        seen[name] += 1
        found[*name, seen[name]] = one
    return found


_COLUMNS = (
    *(OutboxMail.id, OutboxMail.kind, OutboxMail.state, OutboxMail.recipient, OutboxMail.subject),
    *(OutboxMail.language, OutboxMail.provenance, OutboxMail.sent_at, OutboxMail.created_at, OutboxMail.body),
)
_ROUND_OF = {Round.FIRST: "first_result", Round.FINAL: "final_result"}


def _entry(row: Any, round: Round | None) -> Entry:
    return Entry(
        at=row.sent_at or row.created_at,
        kind=row.kind,
        milestone=row.provenance.get("milestone") or (_ROUND_OF[round] if round else None),
        offset=row.provenance.get("offset"),
        round=round,
        recipient=row.recipient,
        subject=row.subject,
        language=row.language,
        state=row.state,
        text=plain(row.body or b""),
    )


def _order(entry: Entry) -> tuple[datetime, str, str, str]:
    return entry.at, entry.kind, entry.recipient, entry.subject
