"""A running mail door and a second way into its database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, undefer

from bot.inbox.commit import Committer
from bot.inbox.smtp import Listener
from bot.tables import InboundMail

NOON = datetime(2020, 11, 23, 3, 0, tzinfo=UTC)
OURS = "contest@contest.test"


@dataclass
class Door:
    """A running door and a second way into its database."""

    port: int
    listener: Listener
    committer: Committer
    path: Path

    def rows(self) -> list[InboundMail]:
        """What is committed, as another connection sees it."""
        engine = create_engine(f"sqlite:///{self.path}")
        with Session(engine) as session:
            found = list(session.scalars(select(InboundMail).options(undefer(InboundMail.raw))))
        engine.dispose()
        return found
