"""Kill -9 before and after posts: each of 500 messages is answered exactly once (check 6, and more)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.storage import Storage
from mailer.tables import Channel, MailState, OutboxMail
from tests.bot.office import DEADLINE, FORM, OWNER, WORTH
from tests.slack_standin.driver import Standin, Workspace

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 500
KILLS = 50
PEOPLE = 50
QUESTIONS = (DEADLINE, FORM, WORTH, OWNER)


class Lives:
    """The parent of all lives of the desk."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.slack.mortal"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._say(json.dumps(told))
        self._life = 0

    def begin(self) -> None:
        """Start a life."""
        self._say("live")
        assert self._process.stdout is not None
        self._life = int(self._process.stdout.readline())

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        os.kill(self._life, signal.SIGKILL)

    def close(self) -> None:
        """End everything."""
        self._process.kill()
        self._process.communicate()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@pytest.fixture
def mortal_workspace(standin: Standin) -> Iterator[Workspace]:
    made = standin.workspace(retry_delays=(0.2, 0.5, *([1] * 120)))
    yield made
    standin.end(made)


@pytest.mark.long
def test_each_of_500_messages_is_answered_once_in_spite_of_50_kills(
    mortal_workspace: Workspace, slack_storage: Storage, tmp_path: Path, cache_of_fits: Path
) -> None:
    workspace = mortal_workspace
    users = workspace.load_people(PEOPLE)
    lives = Lives(
        {
            "cache": str(cache_of_fits),
            "database": slack_storage.engine.url.render_as_string(),
            "url": workspace.url,
            "identity": {
                name: getattr(workspace, name)
                for name in (
                    *("name", "team_id", "app_id", "bot_id"),
                    *("bot_user_id", "bot_token", "app_token", "signing_secret"),
                )
            },
            "folder": str(tmp_path),
            "triage": workspace.add_channel("triage", kind="private"),
        }
    )
    said: list[tuple[str, str]] = []
    try:
        lives.begin()
        for number in range(KILLS):
            for place in range(MESSAGES // KILLS):
                user = users[(number * 7 + place) % PEOPLE]
                channel = workspace.im(user)
                said.append((channel, workspace.say(user, channel, QUESTIONS[place % 4])))
            # Every other life ends with a post that Slack has, and nobody heard of it.
            kind = "hold_before" if number % 2 else "hold_after"
            workspace.fault(kind, method="chat.postMessage", times=1)
            workspace.wait_until(workspace.held, "a post to be held", timeout=60)
            lives.kill()
            workspace.clear_faults()
            workspace.release()
            lives.begin()
        workspace.wait_until(
            lambda: _answered(slack_storage) == MESSAGES and not _on_its_way(slack_storage),
            "all answers to be out",
            timeout=90,
        )
    finally:
        lives.kill()
        lives.close()

    assert [len(workspace.messages(*one)) - 1 for one in said] == [1] * MESSAGES


def _answered(storage: Storage) -> int:
    with storage.read() as session:
        return session.scalar(select(func.count()).where(OutboxMail.key.startswith("reply:"))) or 0


def _on_its_way(storage: Storage) -> int:
    wanted = select(func.count()).where(
        OutboxMail.channel == Channel.SLACK,
        OutboxMail.state.not_in((MailState.SENT, MailState.FAILED, MailState.CANCELLED)),
    )
    with storage.read() as session:
        return session.scalar(wanted) or 0
