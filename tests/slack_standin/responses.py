"""response_url: five answers within half an hour (slack.md §7)."""

from aiohttp import web

from tests.slack_standin import chat
from tests.slack_standin.delivery import Team
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import RESPONSE_URL_USES, Payload, ResponseUrl


async def respond(team: Team, request: web.Request) -> web.Response:
    """Take an answer; past the limits it is a plain 404, which clients do not raise for (slack.md §8.4)."""
    right = team.workspace.response_urls.get(request.match_info["key"])
    if right is None:
        return web.json_response({"ok": False, "error": "invalid_url"}, status=404)
    if right.uses >= RESPONSE_URL_USES:
        return web.json_response({"ok": False, "error": "used_url"}, status=404)
    if team.workspace.clock.now() >= right.expires_at:
        return web.json_response({"ok": False, "error": "expired_url"}, status=404)
    right.uses += 1
    said: Payload = await request.json()
    try:
        answer(team, right, said)
    except SlackRefusal as refused:
        return web.json_response({"ok": False, "error": refused.code}, status=400)
    return web.Response(text="ok")


def answer(team: Team, right: ResponseUrl, said: Payload) -> None:
    """Write, replace or delete where somebody clicked. Raises SlackRefusal."""
    workspace = team.workspace
    channel = workspace.channels[right.channel]
    ephemeral = next(
        (one for one in workspace.ephemerals if one.message["ts"] == right.ts and one.user == right.user),
        None,
    )
    if said.get("delete_original") and right.ts:
        if ephemeral:
            workspace.ephemerals.remove(ephemeral)
            workspace.changes.touch()
        else:
            chat.delete(team, {"channel": right.channel, "ts": right.ts})
        return
    if said.get("replace_original") and right.ts:
        if ephemeral:
            ephemeral.message = {
                **{name: ephemeral.message[name] for name in ephemeral.message if name not in chat.KEPT},
                **chat.name_blocks(workspace, chat.content(said)),
            }
            workspace.changes.touch()
        else:
            chat.update(team, said | {"channel": right.channel, "ts": right.ts})
        return
    new = chat.content(said)
    thread_ts = said.get("thread_ts") or right.thread_ts
    if thread_ts:
        new["thread_ts"] = thread_ts
    if said.get("response_type") == "in_channel":
        chat.add(team, channel, new)
    else:
        chat.add_ephemeral(workspace, channel.id, right.user, new)
