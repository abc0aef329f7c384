"""A first round to tell: a roster, a list of decisions, staff, and every step up to the release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot import campaigning, canary, releasing, staff
from bot.campaigning import Approved, Brought, Looked
from bot.desk import Desk
from bot.releasing import Ticked
from bot.roster_tables import Contestant
from bot.storage import Storage
from bot.tables import StaffRole
from faq.contest import SEOUL, Round, Stage
from faq.library import Library
from mailer import campaign as campaigns
from mailer import deliver
from mailer.campaign_tables import Approval, Campaign, CampaignState, Recipient
from mailer.deliver import Tally
from mailer.ledger import Ledger
from mailer.relay import Relay
from mailer.tables import Channel, MailKind, MailState, OutboxMail
from tests.bot.office import DESK

AUTHOR, SECOND, THIRD = "staff-a@example.org", "staff-b@example.org", "staff-c@example.org"
#: The first-round result is announced on 4 December 2020, the presentations are on 9 December.
IMPORTED = datetime(2020, 12, 3, 18, 0, tzinfo=SEOUL)
RELEASE = datetime(2020, 12, 4, 14, 0, tzinfo=SEOUL)
#: Real time; on purpose years away from contest time.
REAL = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FIRST_SLOT = datetime(2020, 12, 9, 9, 0, tzinfo=SEOUL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list of decisions."""

    team: str
    address: str
    decision: str
    slot_at: str = ""
    attachment: str = ""


def rows(count: int, *, chosen: int = 15) -> list[Row]:
    """So many teams of which the first are shortlisted, ten minutes apart."""
    return [
        Row(
            team=f"팀 {number:04d}호",
            address=f"team-{number}@example.org",
            decision="shortlisted" if number <= chosen else "not_shortlisted",
            slot_at=slot(number) if number <= chosen else "",
        )
        for number in range(1, count + 1)
    ]


def slot(number: int) -> str:
    """The slot of one of those who present."""
    return (FIRST_SLOT + timedelta(minutes=10 * (number - 1))).isoformat()


def written(path: Path, listed: Sequence[Row]) -> Path:
    """Write a list as staff keep it."""
    lines = ["team,address,decision,slot_at,attachment"]
    lines += [f"{r.team},{r.address},{r.decision},{r.slot_at},{r.attachment}" for r in listed]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@dataclass(slots=True, kw_only=True)
class Season:
    """One database with a roster, and what staff do on it."""

    storage: Storage
    library: Library
    folder: Path
    real_now: datetime = field(default=REAL)
    desk: Desk = DESK

    def add_people(self, listed: Sequence[Row], *, status: Stage = Stage.SUBMITTED) -> None:
        """Put these teams on the roster; every fifth reads English."""
        with self.storage.write.begin() as session:
            session.execute(
                insert(Contestant),
                [
                    {
                        "team": row.team,
                        "contact": None,
                        "address": row.address,
                        "kind": "lab",
                        "language": "en" if number % 5 == 0 else "ko",
                        "status": status,
                        "consents": True,
                        "added_at": IMPORTED,
                        "updated_at": IMPORTED,
                    }
                    for number, row in enumerate(listed, 1)
                ],
            )
            for address in (AUTHOR, SECOND, THIRD):
                staff.add(
                    session, address, name=address[:7], role=StaffRole.APPROVER, slack_id=None, now=IMPORTED
                )

    def bring(
        self,
        listed: Sequence[Row],
        *,
        round: Round = Round.FIRST,
        release_at: datetime = RELEASE,
        by: str = AUTHOR,
        now: datetime = IMPORTED,
        pace: int | None = None,
    ) -> Brought:
        """Import a list."""
        path = written(self.folder / f"{round}.csv", listed)
        with self.storage.write.begin() as session:
            return campaigning.bring(
                session,
                path,
                round=round,
                release_at=release_at,
                staff=staff.member(session, by),
                library=self.library,
                identity=self.desk.identity,
                now=now,
                pace_per_minute=pace,
            )

    def look(self, campaign_id: int = 1, *, now: datetime = IMPORTED) -> Looked:
        """Prove it and render every mail."""
        with self.storage.read() as session:
            return campaigning.look_over(
                session, campaign_id, library=self.library, identity=self.desk.identity, now=now
            )

    def code(self, looked: Looked, by: str) -> str:
        """Have a code sent, and read it as its receiver does."""
        with self.storage.write.begin() as session:
            mail_id = campaigning.send_code(
                session, looked, by, identity=self.desk.identity, now=IMPORTED, real_now=self.real_now
            )
            body = session.get_one(OutboxMail, mail_id).body or b""
            session.execute(
                update(OutboxMail)
                .where(OutboxMail.id == mail_id)
                .values(state=MailState.SENT, embargo_until=None)
            )
        text = message_from_bytes(body, policy=policy.default).get_body(("plain",))
        assert text is not None
        found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", text.get_content())
        assert found is not None
        return found[0]

    def approve(self, by: str, *, campaign_id: int = 1, count: int | None = None) -> Approved:
        """Approve it as it stands."""
        looked = self.look(campaign_id)
        code = self.code(looked, by)
        with self.storage.write.begin() as session:
            done = campaigning.approve(
                session,
                looked,
                by,
                code,
                count=looked.count if count is None else count,
                identity=self.desk.identity,
                now=IMPORTED,
                real_now=self.real_now,
            )
        assert isinstance(done, Approved)
        return done

    def test_send(self, *, campaign_id: int = 1) -> list[int]:
        """Send the test mails to three, and let them arrive."""
        looked = self.look(campaign_id)
        with self.storage.write.begin() as session:
            sent = canary.send(
                session,
                campaigns.find(session, campaign_id),
                looked.content,
                (AUTHOR, SECOND, THIRD),
                contest=self.library.contest,
                identity=self.desk.identity,
                now=IMPORTED,
            )
            session.execute(update(OutboxMail).where(OutboxMail.id.in_(sent)).values(state=MailState.SENT))
        return sent

    def schedule(self, *, campaign_id: int = 1, now: datetime = IMPORTED) -> None:
        """Let it go at its instant."""
        looked = self.look(campaign_id, now=now)
        with self.storage.write.begin() as session:
            campaigning.schedule(session, looked, AUTHOR, now=now)

    def ready(self, *, campaign_id: int = 1) -> None:
        """Everything between the list and the release."""
        self.approve(SECOND, campaign_id=campaign_id)
        self.approve(THIRD, campaign_id=campaign_id)
        self.test_send(campaign_id=campaign_id)
        self.schedule(campaign_id=campaign_id)

    def arm(self, *, campaign_id: int = 1) -> None:
        """Leave behind what two approvals and a schedule do, where the mails are too many for each step."""
        looked = self.look(campaign_id)
        assert looked.faults == ()
        with self.storage.write.begin() as session:
            for by in (SECOND, THIRD):
                session.add(
                    Approval(
                        campaign_id=campaign_id,
                        staff=by,
                        content=looked.content,
                        manifest=dict(looked.manifest),
                        at=IMPORTED,
                    )
                )
            session.execute(
                update(Recipient),
                [{"id": number, "digest": digest} for number, digest in looked.digests.items()],
            )
            campaign = campaigns.find(session, campaign_id)
            campaign.content, campaign.state = looked.content, CampaignState.SCHEDULED

    def tick(self, *, now: datetime = RELEASE) -> list[Ticked]:
        """Do what is due."""
        return releasing.tick(self.storage, self.library, self.desk, now=now, real_now=self.real_now)

    def deliver(self, relay: Relay, *, now: datetime = RELEASE, limit: int = 10_000) -> Tally:
        """Send what may leave."""
        return deliver.deliver_due(
            Ledger(self.storage.write),
            relay,
            Channel.MAIL,
            limit=limit,
            now=now,
            real_now=lambda: self.real_now,
        )

    def state(self, campaign_id: int = 1) -> CampaignState:
        """Where it stands."""
        with self.storage.read() as session:
            return session.get_one(Campaign, campaign_id).state

    def results(self) -> list[OutboxMail]:
        """The result mails in the outbox, oldest first."""
        wanted = select(OutboxMail).where(OutboxMail.kind == MailKind.RESULT).order_by(OutboxMail.id)
        with self.storage.read() as session:
            return list(session.scalars(wanted))

    def recipients(self) -> list[Recipient]:
        """Every line of every list, oldest first."""
        with self.storage.read() as session:
            return list(session.scalars(select(Recipient).order_by(Recipient.id)))

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction, for what somebody changes past the verbs."""
        with self.storage.write.begin() as session:
            yield session


def but(listed: Sequence[Row], number: int, **changes: str) -> list[Row]:
    """The list with one line changed; lines count from 1."""
    changed = list(listed)
    changed[number - 1] = replace(changed[number - 1], **changes)
    return changed
