"""The HTTP door: /health for those who watch the desk, /metrics for Prometheus."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterable
from datetime import timedelta

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

from bot.settings import Listen
from bot.storage import Storage
from bot.tables import HandledMail, InboundMail, Inquiry
from mailer.tables import OutboxMail

log = structlog.get_logger(__name__)


class DoorError(Exception):
    """A door cannot be opened; the message names the address and the setting."""


class Figures:
    """Counts read from the database at the moment they are asked for."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not read the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Stored, handled, inquiries by state, outbox rows by channel and state."""
        with self._storage.read() as session:
            stored = session.scalar(select(func.count(InboundMail.id))) or 0
            handled = session.execute(
                select(HandledMail.verdict, func.count()).group_by(HandledMail.verdict)
            ).all()
            inquiries = session.execute(select(Inquiry.state, func.count()).group_by(Inquiry.state)).all()
            outbox = session.execute(
                select(OutboxMail.channel, OutboxMail.state, func.count()).group_by(
                    OutboxMail.channel, OutboxMail.state
                )
            ).all()
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
        for channel, mail_state, count in outbox:
            rows.add_metric([channel, mail_state], count)
        yield rows


def build(storage: Storage) -> Starlette:
    """The pages, over one database."""
    registry = CollectorRegistry()
    registry.register(Figures(storage))

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

    return Starlette(routes=[Route("/health", health), Route("/metrics", metrics)])


def _backlog(storage: Storage) -> int:
    with storage.read() as session:
        stored = session.scalar(select(func.count(InboundMail.id))) or 0
        return stored - (session.scalar(select(func.count(HandledMail.inbound_id))) or 0)


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
