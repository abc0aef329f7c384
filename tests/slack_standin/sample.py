"""The workspace of the demo: applicants, staff, a guest; the help channel and the triage channel."""

from tests.slack_standin import control
from tests.slack_standin.server import Server

NAME = "demo"


def make(server: Server) -> dict[str, str]:
    """Make it; return the desk's settings for it, as environment variables."""
    team = server.add(NAME, limits=True)
    workspace = team.workspace
    applicants = [
        workspace.add_user("kim-yeongu", locale="ko-KR", email="lab@example.org"),
        workspace.add_user("jane-park", locale="en-US", email="startup@example.org"),
    ]
    guest = workspace.add_user("guest-lee", locale="ko-KR", is_restricted=True)
    staff = [
        workspace.add_user("staff-a", locale="ko-KR", email="staff-a@contest.test"),
        workspace.add_user("staff-b", locale="ko-KR", email="staff-b@contest.test"),
    ]
    everybody = [*applicants, guest, *staff]
    bot = workspace.bot_user_id
    help_channel = workspace.add_channel("contest-help", "public", [*(one.id for one in everybody), bot])
    triage = workspace.add_channel("contest-triage", "private", [*(one.id for one in staff), bot])
    for person in everybody:
        workspace.im(person.id)
    group = control.add_group(team, handle="triage", users=[one.id for one in staff])
    return {
        "CONTESTDESK_SLACK_BOT_TOKEN": workspace.bot_token,
        "CONTESTDESK_SLACK_APP_TOKEN": workspace.app_token,
        "CONTESTDESK_SLACK_SIGNING_SECRET": workspace.signing_secret,
        "CONTESTDESK_SLACK_API_URL": f"{server.url}/api/",
        "CONTESTDESK_SLACK_TRIAGE_CHANNEL": triage.id,
        "CONTESTDESK_SLACK_HELP_CHANNEL": help_channel.id,
        "CONTESTDESK_SLACK_STAFF_GROUPS": f"triage={group},approver={group},admin={group}",
    }
