"""The methods files.*, uploads and downloads."""

from aiohttp import web

from tests.slack_standin import chat
from tests.slack_standin.delivery import Team
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import Payload, StoredFile, Workspace

#: What Slack answers to whoever brings no token: a page, and 200.
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in</body></html>"


def keep(workspace: Workspace, name: str, mimetype: str, content: bytes, *, user: str) -> StoredFile:
    """Store a file of somebody."""
    file_id = workspace.ids.new("F")
    address = f"{workspace.url}/files-pri/{workspace.team_id}-{file_id}"
    about = {
        "id": file_id,
        "name": name,
        "title": name,
        "mimetype": mimetype,
        "filetype": name.rpartition(".")[2],
        "size": len(content),
        "user": user,
        "mode": "hosted",
        "is_external": False,
        "url_private": f"{address}/{name}",
        "url_private_download": f"{address}/download/{name}",
        "permalink": f"{workspace.url}/files/{user}/{file_id}/{name}",
    }
    stored = StoredFile(about=about, content=content)
    workspace.files[file_id] = stored
    workspace.changes.touch()
    return stored


def upload_url(team: Team, args: Payload) -> Payload:
    """files.getUploadURLExternal."""
    name = str(args.get("filename") or "")
    if not name or not int(args.get("length") or 0):
        raise SlackRefusal("invalid_arguments")
    stored = keep(team.workspace, name, "application/octet-stream", b"", user=team.workspace.bot_user_id)
    stored.ready = False
    file_id = stored.about["id"]
    address = f"{team.workspace.url}/upload/{team.workspace.team_id}/{file_id}"
    return {"upload_url": address, "file_id": file_id}


def complete(team: Team, args: Payload) -> Payload:
    """files.completeUploadExternal: into a channel or thread when one is named."""
    workspace = team.workspace
    found: list[Payload] = []
    for one in args.get("files") or []:
        stored = _file(workspace, one.get("id"))
        stored.ready = True
        stored.about |= {"title": one.get("title") or stored.about["name"], "size": len(stored.content)}
        found.append(stored.about)
    if not found:
        raise SlackRefusal("invalid_arguments")
    if args.get("channel_id"):
        channel = chat.writable(workspace, {"channel": args["channel_id"]})
        said = {"text": args.get("initial_comment") or "", "files": found, "subtype": "file_share"}
        if args.get("thread_ts"):
            said["thread_ts"] = str(args["thread_ts"])
        chat.add(team, channel, said)
    return {"files": found}


def info(team: Team, args: Payload) -> Payload:
    """files.info."""
    stored = _file(team.workspace, args.get("file"))
    return {"file": stored.about, "comments": [], "response_metadata": {"next_cursor": ""}}


async def take_upload(team: Team, request: web.Request) -> web.Response:
    """The bytes of a file, as a body or as the form field that `files_upload_v2` sends."""
    stored = team.workspace.files.get(request.match_info["file"])
    if stored is None or stored.ready:
        return web.Response(status=404, text="no such upload")
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        parts = [one.file.read() for one in form.values() if isinstance(one, web.FileField)]
        stored.content = parts[0] if parts else b""
    else:
        stored.content = await request.read()
    team.workspace.changes.touch()
    return web.Response(text=f"OK - {len(stored.content)}")


def download(team: Team, request: web.Request) -> web.Response:
    """url_private: the bytes for a bearer of the token, a login page for all others (slack.md §8.8)."""
    stored = team.workspace.files.get(request.match_info["file"])
    if request.headers.get("Authorization") != f"Bearer {team.workspace.bot_token}":
        return web.Response(text=LOGIN_PAGE, content_type="text/html")
    if stored is None:
        return web.Response(status=404, text="no such file")
    return web.Response(body=stored.content, content_type=stored.about["mimetype"])


def _file(workspace: Workspace, file_id: object) -> StoredFile:
    stored = workspace.files.get(str(file_id or ""))
    if stored is None:
        raise SlackRefusal("file_not_found")
    return stored
