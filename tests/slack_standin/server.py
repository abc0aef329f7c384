"""The doors: Web API, sockets, files, control, page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from tests.slack_standin import control, files, looks, methods, responses
from tests.slack_standin.delivery import ACK_SECONDS, RETRY_DELAYS, Deliveries, Team
from tests.slack_standin.ids import Ids
from tests.slack_standin.state import Installed, Workspace

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFEST = ROOT / "bot" / "slack" / "manifest.yaml"
PAGE = Path(__file__).with_name("page")
UPLOAD_MOST = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Server:
    """All workspaces of this program."""

    url: str
    ids: Ids = field(default_factory=Ids)
    by_id: dict[str, Team] = field(default_factory=dict)
    by_token: dict[str, Team] = field(default_factory=dict)

    def add(
        self,
        name: str,
        *,
        limits: bool = False,
        everything: bool = False,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        scopes: Sequence[str] | None = None,
        events: Sequence[str] | None = None,
    ) -> Team:
        """Make a workspace with the app installed; what it may do stands in its manifest, or is everything."""
        granted = Installed(scopes=None, events=None) if everything else _manifest()
        installed = Installed(
            scopes=granted.scopes if scopes is None else frozenset(scopes),
            events=granted.events if events is None else frozenset(events),
        )
        workspace = Workspace(name, self.ids, self.url, installed)
        workspace.rates.enforced = limits
        team = Team(
            workspace=workspace,
            deliveries=Deliveries(workspace, ack_seconds=ack_seconds, retry_delays=retry_delays),
        )
        self.by_id[workspace.team_id] = team
        self.by_token |= {workspace.bot_token: team, workspace.app_token: team}
        return team

    async def remove(self, team: Team) -> None:
        """End a workspace: its sockets, its timers, what it remembers."""
        workspace = team.workspace
        for name in (workspace.bot_token, workspace.app_token):
            self.by_token.pop(name, None)
        self.by_id.pop(workspace.team_id, None)
        workspace.faults.clear()
        workspace.clock.stop()
        await team.deliveries.stop()

    def of(self, request: web.Request) -> Team:
        """The workspace that a path names, by its id or its name."""
        named = request.match_info["team"]
        found = self.by_id.get(named) or next(
            (one for one in self.by_id.values() if one.workspace.name == named), None
        )
        if found is None:
            raise web.HTTPNotFound(text=f"no workspace {named}")
        return found

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=UPLOAD_MOST)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._api),
                web.get("/link/{team}", self._link),
                web.post("/responses/{team}/{key}", self._respond),
                web.post("/upload/{team}/{file}", self._upload),
                web.get(r"/files-pri/{team:[A-Z0-9]+}-{file}/{name:.*}", self._download),
                web.get("/_control/workspaces", self._list),
                web.post("/_control/workspaces", self._make),
                web.delete("/_control/workspaces/{team}", self._end),
                web.post("/_control/{team}/{order:.+}", self._control),
                web.get("/", self._page),
                web.static("/page", PAGE),
            ]
        )
        app.on_shutdown.append(self._stop)
        return app

    async def _api(self, request: web.Request) -> web.StreamResponse:
        return await methods.answer(self.by_token, request)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        return await self.of(request).deliveries.sockets.serve(request)

    async def _respond(self, request: web.Request) -> web.Response:
        return await responses.respond(self.of(request), request)

    async def _upload(self, request: web.Request) -> web.Response:
        return await files.take_upload(self.of(request), request)

    async def _download(self, request: web.Request) -> web.Response:
        return files.download(self.of(request), request)

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response([looks.identity(one) for one in self.by_id.values()])

    async def _make(self, request: web.Request) -> web.Response:
        options: dict[str, Any] = await request.json() if request.can_read_body else {}
        return web.json_response(looks.identity(self.add(options.pop("name", "contest"), **options)))

    async def _end(self, request: web.Request) -> web.Response:
        await self.remove(self.of(request))
        return web.json_response({"done": True})

    async def _control(self, request: web.Request) -> web.Response:
        return await control.control(self.of(request), request)

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _stop(self, _app: web.Application) -> None:
        for team in list(self.by_id.values()):
            await self.remove(team)


def _manifest() -> Installed:
    """What the shipped manifest asks for; everything while there is none."""
    if not MANIFEST.exists():
        return Installed(scopes=None, events=None)
    read = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return Installed(
        scopes=frozenset(read["oauth_config"]["scopes"]["bot"]),
        events=frozenset(read["settings"]["event_subscriptions"]["bot_events"]),
    )
