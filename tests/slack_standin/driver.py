"""The tests' end: `Standin` is the program, `Workspace` one workspace in it, `AsyncWorkspace` the same awaited.

Only the standard library is used, so that nothing of what is tested helps the test.
"""

import asyncio
import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.slack_standin import reading

ROOT = Path(__file__).resolve().parent.parent.parent
#: Generous, as two cores may carry other work; nothing waits this long when all is well.
PATIENCE_SECONDS = 30.0

T = TypeVar("T")
Payload = dict[str, Any]
plain = reading.plain
pings = reading.pings


class StandinError(Exception):
    """The stand-in refused an order, ended, or what was waited for did not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person sees after an interaction."""

    #: False when the app did not ack in time, or when Slack's own client held the form back.
    acked: bool
    #: What rode the ack.
    payload: Payload | None
    #: block id → what is wrong with it; of the app, or of Slack's client for a required field.
    errors: dict[str, str]
    ack_ms: float | None
    envelope_id: str | None
    #: What Slack would not take of the payload that rode the ack; empty when all is well.
    problem: str
    #: The app's HTTP status; 0 over a socket.
    status: int
    #: The person's open modals afterwards, the one on top last.
    views: list[Payload]


class Workspace:
    """One workspace, as its people and its administrators see it."""

    def __init__(self, url: str, identity: Mapping[str, str]) -> None:
        self.url = url
        self.api_url = f"{url}/api/"
        self.name = identity["name"]
        self.team_id = identity["team_id"]
        self.app_id = identity["app_id"]
        self.bot_id = identity["bot_id"]
        self.bot_user_id = identity["bot_user_id"]
        self.bot_token = identity["bot_token"]
        self.app_token = identity["app_token"]
        self.signing_secret = identity["signing_secret"]

    def settings(self) -> dict[str, str]:
        """The desk's settings for this workspace, without their prefix."""
        return {
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_APP_TOKEN": self.app_token,
            "SLACK_SIGNING_SECRET": self.signing_secret,
            "SLACK_API_URL": self.api_url,
        }

    # People and places

    def add_user(
        self, name: str, *, role: str = "home", locale: str = "ko-KR", email: str | None = None
    ) -> str:
        """Let somebody join: home, guest, single_guest, stranger or bot; return the id."""
        return str(self._order("add_user", name=name, role=role, locale=locale, email=email))

    def change_user(self, user: str, **flags: Any) -> None:
        """Change what Slack says of somebody: deleted, is_restricted, locale, email."""
        self._order("change_user", user=user, **flags)

    def add_channel(
        self, name: str, *, kind: str = "public", members: Sequence[str] = (), with_bot: bool = True
    ) -> str:
        """Make a public, private or shared channel; return its id."""
        return str(self._order("add_channel", name=name, kind=kind, members=list(members), with_bot=with_bot))

    def join(self, channel: str, user: str) -> None:
        """Let somebody, or the app, into a channel."""
        self._order("join", channel=channel, user=user)

    def leave(self, channel: str, user: str) -> None:
        """Let somebody, or the app, leave a channel."""
        self._order("leave", channel=channel, user=user)

    def im(self, user: str) -> str:
        """The conversation of somebody with the app."""
        return str(self._order("im", user=user))

    def add_group(self, handle: str, users: Sequence[str] = ()) -> str:
        """Make a user group; return its id."""
        return str(self._order("add_group", handle=handle, users=list(users)))

    def set_group(self, group: str, users: Sequence[str], *, tell: bool = True) -> None:
        """Change who is in a user group; with `tell` the app gets subteam_members_changed."""
        self._order("set_group", group=group, users=list(users), tell=tell)

    # What people do

    def say(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Sequence[tuple[str, str, bytes]] = (),
        copies: int = 1,
        event_ids: int = 1,
        mention: bool = False,
        team_id: str | None = None,
        app_id: str | None = None,
        blocks: Sequence[Payload] = (),
    ) -> str:
        """Write a message; return its time stamp."""
        given = [
            {"name": name, "mimetype": mimetype, "content": base64.b64encode(content).decode()}
            for name, mimetype, content in files
        ]
        return str(
            self._order(
                "say",
                user=user,
                channel=channel,
                text=text,
                thread_ts=thread_ts,
                files=given,
                copies=copies,
                event_ids=event_ids,
                mention=mention,
                team_id=team_id,
                app_id=app_id,
                blocks=list(blocks),
            )
        )

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Change a message."""
        self._order("edit", user=user, channel=channel, ts=ts, text=text)

    def delete(self, user: str, channel: str, ts: str) -> None:
        """Delete a message; an administrator may delete the app's."""
        self._order("delete", user=user, channel=channel, ts=ts)

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Put a reaction under a message."""
        self._order("react", user=user, channel=channel, ts=ts, name=name)

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        value: str | None = None,
        block_id: str | None = None,
        wait: bool = True,
    ) -> Answer:
        """Press a button of a message; of several with one action id the one with the value."""
        return self._interact(
            "press",
            user=user,
            channel=channel,
            ts=ts,
            action_id=action_id,
            value=value,
            block_id=block_id,
            wait=wait,
        )

    def choose(
        self, user: str, channel: str, ts: str, action_id: str, value: Any, *, wait: bool = True
    ) -> Answer:
        """Choose from an overflow or a select of a message."""
        return self.click(user, channel, ts, action_id, value=value, wait=wait)

    def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        wait: bool = True,
    ) -> Answer:
        """Press a button of a modal or of Home."""
        return self._interact(
            "press_in_view",
            user=user,
            view_id=view_id,
            action_id=action_id,
            value=value,
            block_id=block_id,
            wait=wait,
        )

    def choose_in_view(self, user: str, view_id: str, action_id: str, value: Any) -> Answer:
        """Choose in a modal or on Home where the app wants to hear of it."""
        return self.click_in_view(user, view_id, action_id, value)

    def type_in_view(self, user: str, view_id: str, action_id: str, text: str) -> Answer:
        """Type into an input that tells the app (dispatch_action)."""
        return self.click_in_view(user, view_id, action_id, text)

    def fill(self, view_id: str, values: Mapping[str, Any]) -> None:
        """Type and choose in a modal; nobody is told yet."""
        self._order("type_in", view_id=view_id, values=dict(values))

    def submit(
        self,
        user: str,
        view_id: str,
        values: Mapping[str, Any] | None = None,
        *,
        private_metadata: str | None = None,
        wait: bool = True,
    ) -> Answer:
        """Fill a modal and press its button. Keys are action ids, or `block id/action id`."""
        return self._interact(
            "submit",
            user=user,
            view_id=view_id,
            values=dict(values or {}),
            private_metadata=private_metadata,
            wait=wait,
        )

    def close_view(self, user: str, view_id: str) -> None:
        """Close a modal."""
        self._order("close_view", user=user, view_id=view_id)

    def open_home(self, user: str, *, tab: str = "home") -> None:
        """Look at the app's Home, or with tab="messages" at the conversation."""
        self._order("open_home", user=user, tab=tab)

    def command(self, user: str, text: str, channel: str | None = None, *, wait: bool = True) -> Answer:
        """Type a slash command."""
        return self._interact("command", user=user, text=text, channel=channel, wait=wait)

    def shortcut(
        self,
        user: str,
        callback_id: str,
        channel: str | None = None,
        ts: str | None = None,
        *,
        wait: bool = True,
    ) -> Answer:
        """Choose a shortcut, of a message when one is named."""
        return self._interact(
            "shortcut", user=user, callback_id=callback_id, channel=channel, ts=ts, wait=wait
        )

    def send_event(
        self, event: Payload, *, team_id: str | None = None, app_id: str | None = None
    ) -> str | None:
        """Send any event; return its id, or None when the app did not subscribe to it."""
        sent = self._order("send_event", event=event, team_id=team_id, app_id=app_id)
        return None if sent is None else str(sent)

    # What people see

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Payload]:
        """What stands in a channel, or a message with its answers; oldest first, with metadata."""
        return self._look("messages", channel=channel, thread_ts=thread_ts)

    def thread(self, channel: str, ts: str) -> list[Payload]:
        """A message and its answers."""
        return self.messages(channel, ts)

    def message(self, channel: str, ts: str) -> Payload:
        """One message. Raises StandinError when it is not there."""
        for one in self.messages(channel, ts):
            if one["ts"] == ts:
                return one
        raise StandinError(f"no message {ts} in {channel}")

    def ephemerals(self, user: str, channel: str | None = None) -> list[Payload]:
        """What only this person sees."""
        return self._look("ephemerals", user=user, channel=channel)

    def views(self, user: str) -> list[Payload]:
        """The open modals of somebody, the one on top last."""
        return self._look("views", user=user)

    def home(self, user: str) -> Payload | None:
        """Somebody's Home."""
        found: Payload | None = self._order("look/home", user=user)
        return found

    def status(self, channel: str, thread_ts: str) -> str:
        """What the app says that it is doing."""
        return str(self._order("look/status", channel=channel, thread_ts=thread_ts))

    def prompts(self, channel: str) -> list[Payload]:
        """The suggested prompts of a conversation."""
        return self._look("prompts", channel=channel)

    def people(self) -> list[Payload]:
        """Everybody: id, name, locale, is_bot, is_guest, is_stranger."""
        return self._look("people")

    def channels(self, user: str | None = None) -> list[Payload]:
        """The channels that somebody is in, or all: id, name, kind, members."""
        return self._look("channels", user=user)

    def files(self) -> list[Payload]:
        """What Slack says of each file."""
        return self._look("files")

    def uploaded(self, file: str) -> bytes:
        """The bytes of a file."""
        return base64.b64decode(str(self._order("look/uploaded", file=file)))

    def screen(self, user: str) -> Payload:
        """Everything that somebody sees, as the page gets it."""
        found: Payload = self._order("look/screen", user=user)
        return found

    # What the app did

    def calls(self, method: str | None = None) -> list[Payload]:
        """The calls of the Web API: method, args, status, error, at."""
        return self._look("calls", method=method)

    def deliveries(self, kind: str | None = None) -> list[Payload]:
        """What the app was told: events_api, interactive, slash_commands."""
        return self._look("deliveries", kind=kind)

    def unacked(self) -> list[Payload]:
        """What was told and not yet acked."""
        return self._look("deliveries", unacked=True)

    def sockets(self) -> list[int]:
        """The open connections of Socket Mode."""
        return [int(one) for one in self._order("look/sockets")]

    def wait_for_sockets(self, count: int = 1, *, timeout: float = PATIENCE_SECONDS) -> None:
        """Wait until the app has so many connections."""
        self.wait_until(lambda: len(self.sockets()) >= count, f"{count} sockets", timeout=timeout)

    def wait_until(
        self, condition: Callable[[], T], what: str = "", *, timeout: float = PATIENCE_SECONDS
    ) -> T:
        """Ask until the answer is true, once after each change in the workspace; return it."""
        deadline = time.monotonic() + timeout
        while True:
            seen = int(self._order("changes", after=-1, timeout=0))
            if found := condition():
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                raise StandinError(f"after {timeout} s still not: {what or 'what was waited for'}")
            # A condition may hang on more than this workspace, such as rows.
            self._order("changes", after=seen, timeout=min(left, 0.5))

    # What goes wrong

    def advance(self, seconds: float) -> None:
        """Let time pass: triggers expire, response_urls end, redelivery comes due."""
        self._order("advance", seconds=seconds)

    def limit(self, enforced: bool) -> None:
        """Enforce how often methods may be called, or stop that."""
        self._order("limit", enforced=enforced)

    def fault(
        self,
        kind: str,
        *,
        method: str = "*",
        channel: str | None = None,
        times: int | None = 1,
        **details: Any,
    ) -> int:
        """Let calls fail: 429 500 503 slow drop lost_reply html error hold_before hold_after."""
        return int(
            self._order("fault", kind=kind, method=method, channel=channel, times=times, details=details)
        )

    def clear_faults(self) -> None:
        """Let calls go well again."""
        self._order("clear_faults")

    def held(self) -> list[Payload]:
        """The calls that are held."""
        return self._look("held")

    def release(self) -> int:
        """Let the held calls go on; return how many there were."""
        return int(self._order("release"))

    def disconnect(self, reason: str = "refresh_requested", socket: int | None = None) -> int:
        """Tell sockets to leave: refresh_requested, warning, too_many_websockets, link_disabled."""
        return int(self._order("disconnect", reason=reason, socket=socket))

    def close_sockets(self, socket: int | None = None) -> int:
        """Close sockets with a goodbye."""
        return int(self._order("close_sockets", socket=socket))

    def abort_sockets(self, socket: int | None = None) -> int:
        """Cut sockets without a word."""
        return int(self._order("abort_sockets", socket=socket))

    def network(self, up: bool) -> None:
        """Take the whole of Slack away, or bring it back."""
        self._order("network", up=up)

    def hold_events(self) -> None:
        """Keep events back from now on."""
        self._order("hold_events")

    def release_events(self, order: str = "as sent") -> int:
        """Send the events that were kept back, or with "reversed" the newest first."""
        return int(self._order("release_events", order=order))

    def lose_acks(self, times: int) -> None:
        """Lose the next acks on their way."""
        self._order("lose_acks", times=times)

    def revoke(self) -> None:
        """Take the token back; the app is told by tokens_revoked."""
        self._order("revoke")

    # HTTP instead of sockets

    def use_http(self, request_url: str, *, verify: bool = True) -> None:
        """Send signed requests there from now on, after a challenge; "" goes back to sockets."""
        self._order("use_http", url=request_url, verify=verify)

    def skew(self, seconds: float) -> None:
        """Sign with a clock that is so far off."""
        self._order("sign", skew_seconds=seconds, bad=False)

    def bad_signature(self, bad: bool) -> None:
        """Sign with another's secret."""
        self._order("sign", skew_seconds=0.0, bad=bad)

    def replay(self, envelope_id: str) -> int:
        """Send the same bytes with the same signature again; return the app's status."""
        return int(self._order("replay", envelope_id=envelope_id))

    # Load

    def load_people(self, count: int) -> list[str]:
        """Let so many people join who will ask."""
        return [str(one) for one in self._order("load_people", count=count)]

    def load(self, users: Sequence[str], texts: Sequence[str], *, in_flight: int = 8) -> Payload:
        """Let each ask once, so many at a time: answered, missed, seconds, per_s, ack_ms, answer_ms."""
        found: Payload = self._order("load", users=list(users), texts=list(texts), in_flight=in_flight)
        return found

    def _look(self, what: str, **args: Any) -> list[Payload]:
        found: list[Payload] = self._order(f"look/{what}", **args)
        return found

    def _interact(self, order: str, *, user: str, **args: Any) -> Answer:
        done = self._order(order, user=user, **args)
        return Answer(
            acked=done["acked"],
            payload=done["payload"],
            errors=done["errors"],
            ack_ms=done["ack_ms"],
            envelope_id=done["envelope_id"],
            problem=done.get("problem", ""),
            status=done.get("status", 0),
            views=self.views(user),
        )

    def _order(self, order: str, /, **args: Any) -> Any:
        return ask(f"{self.url}/_control/{self.team_id}/{order}", args)["done"]


class AsyncWorkspace:
    """A workspace whose verbs are awaited, so that the test's own loop goes on."""

    def __init__(self, workspace: Workspace) -> None:
        self.sync = workspace

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.sync, name)
        if not callable(verb):
            return verb

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(verb, *args, **kwargs)

        return awaited


class Standin:
    """The program, in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def workspace(self, name: str = "contest", **options: Any) -> Workspace:
        """Make a workspace: limits, everything, ack_seconds, retry_delays, scopes, events."""
        return Workspace(self.url, ask(f"{self.url}/_control/workspaces", {"name": name, **options}))

    def workspaces(self) -> list[Workspace]:
        """Those that there are."""
        return [Workspace(self.url, one) for one in ask(f"{self.url}/_control/workspaces", None)]

    def end(self, workspace: Workspace) -> None:
        """End a workspace."""
        ask(f"{self.url}/_control/workspaces/{workspace.team_id}", None, method="DELETE")


@contextmanager
def running(*options: str) -> Iterator[Standin]:
    """Start the stand-in on a free port, and end it; it ends as well when this process dies."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.slack_standin", "--until-stdin-ends", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        line = process.stdout.readline()
        if not line:
            raise StandinError(f"the stand-in did not start (exit code {process.wait()})")
        try:
            yield Standin(json.loads(line)["url"])
        finally:
            process.stdin.close()
            process.wait(timeout=PATIENCE_SECONDS)


#: Never through a proxy: everything is on this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str, body: Any, *, method: str | None = None) -> Any:
    """Ask the control doors; raise StandinError with their words when they refuse."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, headers={"Content-Type": "application/json"}, method=method
    )
    try:
        with OPENER.open(request, timeout=PATIENCE_SECONDS * 4) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            raise StandinError(f"{url}: {error.read().decode(errors='replace')}") from error
    except (urllib.error.URLError, ConnectionError) as error:
        raise StandinError(f"{url}: {error}") from error
