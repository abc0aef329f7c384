"""The app was removed, or its token taken back: nothing can be said in Slack until somebody acts."""

from __future__ import annotations

import structlog
from sqlalchemy.orm import Session

from bot.slack import inbox
from bot.slack.deps import Deps
from bot.slack.inbox import Stored

log = structlog.get_logger(__name__)


def subscribe(deps: Deps) -> None:
    """Tell the operator, by the log and by a count that alarms can look at."""
    for name in ("app_uninstalled", "tokens_revoked"):
        deps.inbox.on(f"event:{name}", _tell)


def _tell(session: Session, stored: Stored) -> None:
    name = stored.kind.removeprefix("event:")
    inbox.count(session, name)
    log.error("slack.access_lost", what=name, payload=stored.id)
