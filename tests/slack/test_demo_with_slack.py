"""The demo with Slack: the stand-in around it as its own process, real tokens left alone, nothing left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.serving import COMMAND
from tests.slack_standin.driver import ROOT, StandinError, ask

AROUND = (sys.executable, "-m", "tests.slack_standin", "--around")
REAL = {
    "CONTESTDESK_SLACK_BOT_TOKEN": "xoxb-real",
    "CONTESTDESK_SLACK_APP_TOKEN": "xapp-1-A0REAL-real",
    "CONTESTDESK_SLACK_TRIAGE_CHANNEL": "C0REAL",
    "CONTESTDESK_SLACK_HELP_CHANNEL": "C0REAL",
}


def environment(tmp_path: Path) -> dict[str, str]:
    return REAL | {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "CONTESTDESK_DATA_DIR": str(tmp_path / "data"),
        "CONTESTDESK_ENCODERS": "none",
    }


def demo(tmp_path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment(tmp_path),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_command_gets_the_standin_and_no_real_token_and_its_exit_code_is_passed_on(tmp_path: Path) -> None:
    script = (
        "import json, os, sys; print(json.dumps({name: value for name, value in os.environ.items()"
        " if 'SLACK' in name})); sys.exit(7)"
    )
    ended = demo(tmp_path, *AROUND, sys.executable, "-c", script)
    given = json.loads(ended.stdout)

    assert ended.returncode == 7
    assert set(given) > set(REAL)
    assert not set(given.values()) & set(REAL.values())
    with pytest.raises(StandinError, match="refused"):
        ask(f"{given['CONTESTDESK_SLACK_API_URL']}auth.test", {})


def test_told_to_end_it_ends_the_command_first(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5));"
        " print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [*AROUND, sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert code == 5


@pytest.mark.long
def test_demo_answers_in_slack_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = demo(tmp_path, *AROUND, str(COMMAND), "demo", "--once")
    shown = ended.stdout

    assert ended.returncode == 0, ended.stderr[-3000:] + shown[-3000:]
    [line] = [line for line in shown.splitlines() if line.startswith("Slack is a stand-in")]
    for expected in (
        "a question in Slack, in Korean",
        "│ 발표평가는 2020년 12월 9일(수)",
        "│ Download the form",
        "│ 문의 번호",
    ):
        assert expected in shown
    assert shown.count("→ out in the thread") == 3
    with pytest.raises(StandinError, match="refused"):
        ask(f"{line.rpartition(' ')[2]}_control/workspaces", None)


@pytest.mark.long
def test_demo_without_the_standin_says_so_and_leaves_a_real_workspace_alone(tmp_path: Path) -> None:
    ended = demo(tmp_path, str(COMMAND), "demo", "--once")

    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Slack is left out here: make demo, in a checkout, brings a stand-in" in ended.stdout
    assert "slack.com" not in ended.stderr
    assert "out in the thread" not in ended.stdout


def test_make_demo_goes_through_the_standin() -> None:
    shown = subprocess.run(
        ["make", "-n", "demo", "ARGS=--once"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert "-m tests.slack_standin --around .venv/bin/contestdesk demo --once" in shown
