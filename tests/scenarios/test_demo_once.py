"""The demo as a newcomer runs it: nothing set, an empty folder, one command."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.serving import COMMAND

# Each starts the desk as processes of its own, more than once.
pytestmark = pytest.mark.long


def test_demo_once_shows_what_came_in_was_understood_went_out_and_waits(
    tmp_path: Path, warm_cache: Path
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    ended = subprocess.run(
        [COMMAND, "demo", "--once"],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
        cwd=here,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-3000:]
    shown = ended.stdout
    for expected in (
        "← in from lab@example.org: question",
        "answer: “접수 마감이 언제인가요?” application.period",
        "→ out to lab@example.org",
        "← in from away@example.org: auto_reply (Auto-Submitted: auto-replied (RFC 3834 §5))",
        "no reply: no question in it",
        "→ not out to temperror@example.org: Deferred(code=451",
        "→ out to staff@contest.test",
        "waits for staff",
        "Waiting for staff: ",
        "Outbox: ",
    ):
        assert expected in shown
    assert "→ out to away@example.org" not in shown
    assert shown.count("→ out to lab@example.org") == 1  # the thanks got none
    assert "1 retry" in shown.splitlines()[-1]
    assert [path.name for path in here.iterdir()] == ["var"]


def test_demo_leaves_the_database_of_a_desk_alone(tmp_path: Path, warm_cache: Path) -> None:
    kept = tmp_path / "var" / "contestdesk.db"
    kept.parent.mkdir()
    kept.write_bytes(b"the desk's own")
    ended = subprocess.run(
        [COMMAND, "demo", "--once"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "CONTESTDESK_ENCODERS": "none",
            "CONTESTDESK_CACHE_DIR": str(warm_cache),
        },
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-3000:]
    assert kept.read_bytes() == b"the desk's own"
