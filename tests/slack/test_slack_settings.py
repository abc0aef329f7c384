"""What an operator must say for Slack, told by variable name."""

import pytest

from bot.settings import Settings, SettingsError

TOKEN = {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1", "slack_triage_channel": "C1"}


@pytest.mark.parametrize(
    ("left_out", "fault"),
    [
        ("slack_triage_channel", "CONTESTDESK_SLACK_TRIAGE_CHANNEL"),
        ("slack_app_token", "CONTESTDESK_SLACK_APP_TOKEN"),
        ("slack_bot_token", "CONTESTDESK_SLACK_BOT_TOKEN"),
    ],
)
def test_settings_of_slack_go_together(left_out: str, fault: str) -> None:
    given = {name: value for name, value in TOKEN.items() if name != left_out}

    with pytest.raises(SettingsError, match=f"^{fault}: "):
        Settings(**given)  # type: ignore[arg-type]  # as they come from the environment


def test_http_needs_the_signing_secret_and_no_app_token() -> None:
    over_http = {"slack_bot_token": "xoxb-1", "slack_triage_channel": "C1", "slack_http": "true"}

    with pytest.raises(SettingsError, match="CONTESTDESK_SLACK_SIGNING_SECRET: "):
        Settings(**over_http)  # type: ignore[arg-type]  # as they come from the environment
    made = Settings(**over_http, slack_signing_secret="s")  # type: ignore[arg-type]  # likewise

    assert made.slack_http


def test_another_api_address_is_refused_in_production() -> None:
    with pytest.raises(SettingsError, match="CONTESTDESK_SLACK_API_URL: not in production"):
        Settings(environment="production", slack_api_url="http://127.0.0.1:1/api/")


def test_staff_groups_are_read_by_role() -> None:
    made = Settings(slack_staff_groups="triage=S1, admin=S3")  # type: ignore[arg-type]  # as it is written

    assert made.slack_staff_groups == {"triage": "S1", "admin": "S3"}


def test_unknown_role_of_a_group_is_told() -> None:
    with pytest.raises(SettingsError, match="CONTESTDESK_SLACK_STAFF_GROUPS"):
        Settings(slack_staff_groups="boss=S1")  # type: ignore[arg-type]  # as it is written
