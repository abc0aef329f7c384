"""Envelopes to the app, over sockets or HTTP: acks, deadlines, redelivery."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

import aiohttp

from tests.slack_standin import payloads
from tests.slack_standin.sockets import Socket, Sockets
from tests.slack_standin.state import REMEMBERED, Channel, Payload, Workspace

#: Slack's own: at once, after a minute, after five more.
RETRY_DELAYS = (0.0, 60.0, 300.0)
ACK_SECONDS = 3.0
RETRY_REASONS = {"timeout": "http_timeout", "closed": "connection_failed", "error": "http_error"}


class Kind(StrEnum):
    """What an envelope holds."""

    EVENT = "events_api"
    INTERACTIVE = "interactive"
    COMMAND = "slash_commands"


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One try at a delivery."""

    envelope_id: str
    retry: int
    #: Why the one before it failed; empty for the first.
    reason: str
    began: float
    #: The socket that it went over; 0 over HTTP.
    socket: int = 0
    acked_ms: float | None = None
    #: The app's HTTP status; 0 where there was none.
    status: int = 0


@dataclass(slots=True, kw_only=True)
class Delivery:
    """Something that the app is told, until it says that it heard."""

    kind: Kind
    payload: Payload
    done: asyncio.Future[Payload | None]
    attempts: list[Attempt] = field(default_factory=list)
    #: True once it was acked, or once nobody tries any more.
    over: bool = False
    #: What was wrong with a view that rode the ack.
    problem: str = ""

    @property
    def acked(self) -> bool:
        return any(one.acked_ms is not None for one in self.attempts)


@dataclass(slots=True, kw_only=True)
class Signed:
    """A request as it was sent over HTTP."""

    headers: dict[str, str]
    body: bytes


class Deliveries:
    """What one workspace tells its app."""

    def __init__(self, workspace: Workspace, *, ack_seconds: float, retry_delays: Sequence[float]) -> None:
        self._workspace = workspace
        self.ack_seconds = ack_seconds
        self.retry_delays = tuple(retry_delays)
        self.sockets = Sockets(workspace, on_ack=self.ack, on_closed=self._closed)
        #: Where HTTP requests go; empty: Socket Mode.
        self.request_url = ""
        self.skew_seconds = 0.0
        self.bad_signature = False
        self.lose_acks = 0
        self.held: list[Delivery] | None = None
        self.all: deque[Delivery] = deque(maxlen=REMEMBERED)
        self._open: dict[str, tuple[Delivery, Attempt]] = {}
        self._signed: dict[str, Signed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: aiohttp.ClientSession | None = None

    def send(self, kind: Kind, payload: Payload) -> Delivery:
        """Tell the app; an event is kept back while events are held."""
        delivery = Delivery(kind=kind, payload=payload, done=asyncio.get_running_loop().create_future())
        self.all.append(delivery)
        if self.held is not None and kind is Kind.EVENT:
            self.held.append(delivery)
        else:
            self._attempt(delivery, "")
        return delivery

    def release(self, *, backwards: bool) -> int:
        """Send what was held; return how many."""
        held, self.held = self.held or [], None
        for delivery in reversed(held) if backwards else held:
            self._attempt(delivery, "")
        return len(held)

    def ack(self, envelope_id: str, payload: Payload | None) -> None:
        """The app heard this envelope; what it answers rides along."""
        if self.lose_acks:
            self.lose_acks -= 1
            return
        known = self._open.pop(envelope_id, None)
        if known is None:
            return
        delivery, attempt = known
        attempt.acked_ms = (time.perf_counter() - attempt.began) * 1000
        self._finish(delivery, payload)

    def replay(self, envelope_id: str) -> asyncio.Task[int]:
        """Send the same bytes with the same signature once more; the result is the app's status."""
        signed = self._signed[envelope_id]

        async def post() -> int:
            async with self._http().post(self.request_url, data=signed.body, headers=signed.headers) as reply:
                return reply.status

        return asyncio.create_task(post())

    async def verify_url(self) -> None:
        """Ask the app for its challenge, as Slack does before it trusts a URL. Raises ValueError."""
        challenge = uuid.uuid4().hex
        payload = {"type": "url_verification", "token": "verification", "challenge": challenge}
        signed = self._sign(json.dumps(payload).encode(), "application/json")
        async with self._http().post(self.request_url, data=signed.body, headers=signed.headers) as reply:
            said = await reply.text()
        if reply.status != 200 or challenge not in said:
            raise ValueError(f"{self.request_url} did not return the challenge: {reply.status} {said[:200]}")

    async def stop(self) -> None:
        """End what is under way."""
        await self.sockets.stop()
        for task in self._tasks:
            task.cancel()
        for delivery in self.all:
            if not delivery.done.done():
                delivery.done.cancel()
        if self._client:
            await self._client.close()

    def _attempt(self, delivery: Delivery, reason: str) -> None:
        if delivery.over:
            return
        attempt = Attempt(
            envelope_id=str(uuid.uuid4()),
            retry=len(delivery.attempts),
            reason=reason,
            began=time.perf_counter(),
        )
        delivery.attempts.append(attempt)
        self._workspace.changes.touch()
        if self.request_url:
            self._spawn(self._post(delivery, attempt))
            return
        socket = self.sockets.next()
        if socket is None:
            self._failed(delivery, "closed")
            return
        self._open[attempt.envelope_id] = (delivery, attempt)
        attempt.socket = socket.id
        deadline = self._workspace.clock.now() + self.ack_seconds
        self._workspace.clock.call_at(deadline, lambda: self._overdue(attempt.envelope_id))
        envelope = {
            "envelope_id": attempt.envelope_id,
            "payload": delivery.payload,
            "type": delivery.kind.value,
            "accepts_response_payload": delivery.kind is not Kind.EVENT,
        }
        if delivery.kind is Kind.EVENT:
            envelope |= {"retry_attempt": attempt.retry, "retry_reason": reason}
        socket.send(envelope)

    def _overdue(self, envelope_id: str) -> None:
        known = self._open.pop(envelope_id, None)
        if known:
            self._failed(known[0], "timeout")

    def _closed(self, socket: Socket) -> None:
        """Whatever this socket did not ack is told again, over another."""
        for envelope_id, (delivery, attempt) in list(self._open.items()):
            if attempt.socket == socket.id:
                del self._open[envelope_id]
                self._failed(delivery, "closed")

    def _failed(self, delivery: Delivery, why: str) -> None:
        tried = len(delivery.attempts)
        if delivery.kind is not Kind.EVENT or tried > len(self.retry_delays):
            self._finish(delivery, None)
            return
        reason = RETRY_REASONS[why] if self.request_url else why
        when = self._workspace.clock.now() + self.retry_delays[tried - 1]
        self._workspace.clock.call_at(when, lambda: self._attempt(delivery, reason))
        self._workspace.changes.touch()

    def _finish(self, delivery: Delivery, payload: Payload | None) -> None:
        delivery.over = True
        if not delivery.done.done():
            delivery.done.set_result(payload)
        self._workspace.changes.touch()

    async def _post(self, delivery: Delivery, attempt: Attempt) -> None:
        if delivery.kind is Kind.EVENT:
            signed = self._sign(json.dumps(delivery.payload).encode(), "application/json")
            if attempt.retry:
                signed.headers |= {
                    "X-Slack-Retry-Num": str(attempt.retry),
                    "X-Slack-Retry-Reason": attempt.reason,
                }
        else:
            fields = (
                delivery.payload
                if delivery.kind is Kind.COMMAND
                else {"payload": json.dumps(delivery.payload)}
            )
            signed = self._sign(urlencode(fields).encode(), "application/x-www-form-urlencoded")
        self._signed[attempt.envelope_id] = signed
        within = aiohttp.ClientTimeout(total=self.ack_seconds)
        try:
            async with self._http().post(
                self.request_url, data=signed.body, headers=signed.headers, timeout=within
            ) as reply:
                said = await reply.text()
        except TimeoutError:
            self._failed(delivery, "timeout")
            return
        except aiohttp.ClientError:
            self._failed(delivery, "closed")
            return
        attempt.status = reply.status
        if reply.status != 200:
            self._failed(delivery, "error")
            return
        attempt.acked_ms = (time.perf_counter() - attempt.began) * 1000
        self._finish(delivery, _read_answer(said))

    def _sign(self, body: bytes, content_type: str) -> Signed:
        """Sign as Slack does: HMAC-SHA256 over version, time and body."""
        at = str(int(time.time() + self.skew_seconds))
        secret = "somebody else's" if self.bad_signature else self._workspace.signing_secret
        digest = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={digest}",
        }
        return Signed(headers=headers, body=body)

    def _http(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession()
        return self._client

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A workspace, and the way to its app."""

    workspace: Workspace
    deliveries: Deliveries

    def tell(
        self,
        event: Payload,
        *,
        as_kind: str = "",
        event_id: str | None = None,
        team_id: str | None = None,
        app_id: str | None = None,
    ) -> Delivery | None:
        """Tell the app of an event if it subscribed to it (``as_kind``: the subscription's name)."""
        if not self.workspace.hears(as_kind or event["type"]):
            return None
        payload = payloads.event_callback(
            self.workspace, event, event_id=event_id, team_id=team_id, app_id=app_id
        )
        return self.deliveries.send(Kind.EVENT, payload)

    def tell_of_message(
        self,
        channel: Channel,
        event: Payload,
        *,
        event_id: str | None = None,
        team_id: str | None = None,
        app_id: str | None = None,
    ) -> Delivery | None:
        """Tell of a message, a change or a deletion, where the app is a member."""
        if self.workspace.bot_user_id not in channel.members:
            return None
        kind = payloads.CHANNEL_TYPES[channel.kind][1]
        return self.tell(event, as_kind=kind, event_id=event_id, team_id=team_id, app_id=app_id)


def _read_answer(said: str) -> Payload | None:
    """An HTTP reply's body as the answer: JSON, plain text of a command, or nothing."""
    if not said:
        return None
    try:
        found = json.loads(said)
    except ValueError:
        return {"text": said}
    return found if isinstance(found, dict) else None
