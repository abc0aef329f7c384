"""Slack as a role of the desk: `contestdesk serve` and `contestdesk doctor` with a workspace."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.office import DEADLINE, EDITION, FORM
from tests.scenarios.serving import Desk, command, environment
from tests.slack_standin.driver import Standin, Workspace
from tests.slack_standin.reading import plain


@pytest.fixture
def variables(workspace: Workspace, tmp_path: Path, cache_of_fits: Path) -> dict[str, str]:
    triage = workspace.add_channel("triage", kind="private")
    slack = {**workspace.settings(), "SLACK_TRIAGE_CHANNEL": triage}
    return environment(tmp_path, cache=cache_of_fits, CONTEST_DIR=str(EDITION), **slack)


@pytest.fixture
def served(variables: dict[str, str], tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(variables, tmp_path)
    yield desk.start()
    desk.close()


@pytest.mark.long
def test_serve_answers_in_slack_and_ends_when_told(workspace: Workspace, served: Desk) -> None:
    """Checks 1 and 30, as the operator runs it."""
    workspace.wait_for_sockets(2)
    user = workspace.add_user("lab-a")
    channel = workspace.im(user)
    ts = workspace.say(user, channel, DEADLINE)
    answers = workspace.wait_until(lambda: workspace.messages(channel, thread_ts=ts)[1:])

    workspace.say(user, channel, FORM)
    code, _seconds = served.terminate()

    assert "출처: 공고 2절" in plain(answers[0])
    assert code == 0
    assert workspace.sockets() == []


@pytest.mark.long
def test_serve_starts_without_slack_and_joins_it_later(
    workspace: Workspace, variables: dict[str, str], tmp_path: Path
) -> None:
    workspace.network(False)
    desk = Desk(variables, tmp_path)
    desk.start()
    try:
        assert workspace.sockets() == []
        workspace.network(True)
        workspace.wait_for_sockets(2)
        user = workspace.add_user("lab-a")
        channel = workspace.im(user)
        ts = workspace.say(user, channel, DEADLINE)

        assert workspace.wait_until(lambda: workspace.messages(channel, thread_ts=ts)[1:])
    finally:
        desk.close()


@pytest.mark.long
def test_doctor_names_scopes_that_the_token_lacks(
    standin: Standin, variables: dict[str, str], tmp_path: Path
) -> None:
    poor = standin.workspace("poor", scopes=["chat:write", "users:read"])
    lacking = {f"CONTESTDESK_{name}": value for name, value in poor.settings().items()}

    told = command({**variables, **lacking}, "doctor", "--json", folder=tmp_path)

    [slack] = [one for one in json.loads(told.stdout)["checks"] if one["check"] == "slack"]
    assert slack["ok"] is False
    assert "app_mentions:read" in slack["detail"]
