"""The HTTP door: /health for those who watch the desk, /metrics for Prometheus."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import anyio.to_thread
import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import backlog
from bot.clock import real_now
from bot.inbox import place
from bot.settings import Listen
from bot.slack.tables import SlackCount
from bot.storage import Storage
from bot.tables import HandledMail, InboundMail, Inquiry
from mailer import outbox, trouble
from mailer.tables import OutboxMail

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]


class DoorError(Exception):
    """A door cannot be opened; the message names the address and the setting."""


class Figures:
    """Counts read from the database at the moment they are asked for."""

    def __init__(self, storage: Storage, *, now: Clock, real_now: Clock) -> None:
        self._storage = storage
        self._now = now
        self._real_now = real_now

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not read the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Stored, handled, inquiries and outbox rows by state, and the ages of what waits (seconds)."""
        now = self._now()
        with self._storage.read() as session:
            stored = session.scalar(select(func.count(InboundMail.id))) or 0
            handled = session.execute(
                select(HandledMail.verdict, func.count()).group_by(HandledMail.verdict)
            ).all()
            inquiries = session.execute(select(Inquiry.state, func.count()).group_by(Inquiry.state)).all()
            by_channel = session.execute(
                select(OutboxMail.channel, OutboxMail.state, func.count()).group_by(
                    OutboxMail.channel, OutboxMail.state
                )
            ).all()
            waits_since = backlog.oldest(session)
            due_since = outbox.oldest_due(session, now=now)
            away_since = trouble.relay_away_since(session)
            watched = place.looks(session)
            slack = session.execute(select(SlackCount.name, SlackCount.count)).all()
        yield GaugeMetricFamily("contestdesk_inbound_stored", "Mails stored at the door", value=stored)
        by_verdict = GaugeMetricFamily("contestdesk_inbound_handled", "Mails handled", labels=["verdict"])
        for verdict, count in handled:
            by_verdict.add_metric([verdict], count)
        yield by_verdict
        by_state = GaugeMetricFamily("contestdesk_inquiries", "Inquiries", labels=["state"])
        for state, count in inquiries:
            by_state.add_metric([state], count)
        yield by_state
        rows = GaugeMetricFamily("contestdesk_outbox", "Outbox rows", labels=["channel", "state"])
        for channel, mail_state, count in by_channel:
            rows.add_metric([channel, mail_state], count)
        yield rows
        yield _age("contestdesk_inbound_oldest_seconds", "Age of the oldest unhandled mail", waits_since, now)
        yield _age("contestdesk_outbox_oldest_seconds", "Age of the oldest mail that is due", due_since, now)
        yield _age(
            "contestdesk_relay_away_seconds", "How long the relay has been away", away_since, self._real_now()
        )
        told = GaugeMetricFamily("contestdesk_slack_events", "Odd Slack events", labels=["what"])
        for name, count in slack:
            told.add_metric([name], count)
        yield told
        look_age = GaugeMetricFamily(
            "contestdesk_mailbox_look_age_seconds", "Since the last good look", labels=["folder"]
        )
        for row in watched:
            look_age.add_metric(
                [row.folder], _seconds_since(row.looked_at or row.failing_since, self._real_now())
            )
        yield look_age


def _age(name: str, meaning: str, since: datetime | None, now: datetime) -> Metric:
    return GaugeMetricFamily(name, meaning, value=_seconds_since(since, now))


def _seconds_since(instant: datetime | None, now: datetime) -> float:
    return max(0.0, (now - instant).total_seconds()) if instant else 0.0


def build(
    storage: Storage,
    *,
    now: Clock = real_now,
    real_now: Clock = real_now,
    pages: Sequence[Route] = (),
) -> Starlette:
    """The pages, over one database, with more of them by their owners; ``now`` is contest time."""
    registry = CollectorRegistry()
    registry.register(Figures(storage, now=now, real_now=real_now))

    async def health(_request: Request) -> Response:
        try:
            backlog = await anyio.to_thread.run_sync(_backlog, storage)
        except SQLAlchemyError:
            log.warning("health.database_unreachable")
            return JSONResponse({"status": "down", "database": "unreachable"}, status_code=503)
        return JSONResponse({"status": "up", "database": "up", "inbound_waiting": backlog})

    async def metrics(_request: Request) -> Response:
        try:
            page = await anyio.to_thread.run_sync(generate_latest, registry)
        except SQLAlchemyError:
            log.warning("metrics.database_unreachable")
            return Response(status_code=503)
        return Response(page, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/health", health), Route("/metrics", metrics), *pages])


def _backlog(storage: Storage) -> int:
    with storage.read() as session:
        return backlog.count(session)


class HttpDoor:
    """A uvicorn server in a thread with a loop of its own."""

    def __init__(self, app: Starlette, listen: Listen) -> None:
        self._listen = listen
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="http")
        self._socket: socket.socket | None = None

    def start(self) -> int:
        """Listen, and return the port.

        Raises:
            DoorError: the port is taken or the address is not ours.
        """
        listen = self._listen
        try:
            self._socket = socket.create_server((listen.host, listen.port), backlog=128)
        except OSError as error:
            raise DoorError(
                f"cannot listen on {listen}: {error.strerror}; choose another CONTESTDESK_HTTP_LISTEN"
            ) from error
        self._thread.start()
        return int(self._socket.getsockname()[1])

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket] if self._socket else None))

    def stop(self, timeout: timedelta) -> None:
        """Answer what is being asked, then leave."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout.total_seconds())
        if self._socket is not None:
            self._socket.close()
