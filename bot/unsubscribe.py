"""Ending reminders: by the page that a mail links to, by its reader's program, or by a mail.

A look at the page changes nothing, as programs that check links look at it, too; a POST ends the
reminders, with no cookie and no question (RFC 8058 §3.2). The page names nobody: a mail may be passed on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import anyio.to_thread
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot import roster
from bot.storage import Storage
from bot.unsubscribe_page import Said, page
from mailer import unsubscribe
from mailer.letter import Identity

log = structlog.get_logger(__name__)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def pages(storage: Storage, identity: Identity, *, now: Callable[[], datetime]) -> list[Route]:
    """The page, to be served beside the others; ``now`` is contest time."""

    async def show(request: Request) -> Response:
        person = unsubscribe.person(request.path_params["name"], identity.secret)
        return _answer(identity, Said.UNKNOWN if person is None else Said.ASK)

    async def end(request: Request) -> Response:
        # The body is not looked at: the signed name says who, and whoever POSTs to it means it.
        person = unsubscribe.person(request.path_params["name"], identity.secret)
        if person is None:
            return _answer(identity, Said.UNKNOWN)
        try:
            known = await anyio.to_thread.run_sync(_end, storage, person, now())
        except SQLAlchemyError:
            log.warning("unsubscribe.database_unreachable")
            return _answer(identity, Said.LATER)
        return _answer(identity, Said.DONE if known else Said.UNKNOWN)

    path = f"/{unsubscribe.KIND}/{{name}}"
    return [Route(path, show, methods=["GET"]), Route(path, end, methods=["POST"])]


def _answer(identity: Identity, said: Said) -> Response:
    status = {Said.UNKNOWN: 404, Said.LATER: 503}.get(said, 200)
    return HTMLResponse(page(identity, said), status_code=status, headers=_HEADERS)


def _end(storage: Storage, person: int, now: datetime) -> bool:
    with storage.write.begin() as session:
        known = roster.unsubscribe(session, person, now=now)
    if known:
        log.info("unsubscribe.done", person=person, by="page")
    return known


def asked_by_mail(recipients: Sequence[str], subject: str | None, identity: Identity) -> int | None:
    """Whose reminders a mail is to end: by the signed address it went to, or its subject; None for others."""
    named = [address.partition("@")[0] for address in recipients]
    for local_part in (*named, (subject or "").strip()):
        person = unsubscribe.person(local_part, identity.secret)
        if person is not None:
            return person
    return None
