"""The bench of Slack comes to its end, with the figures that the contract names."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.serving import COMMAND
from tests.slack_standin.driver import ROOT


@pytest.mark.long
def test_slack_bench_comes_to_its_end(tmp_path: Path) -> None:
    ended = subprocess.run(
        [COMMAND, "bench", "slack", "--quick", "--json"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "CONTESTDESK_DATA_DIR": str(tmp_path / "data"),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    document = json.loads(ended.stdout)

    assert ended.returncode == int(document["verdict"] == "FAIL"), ended.stderr
    assert set(document) == {"name", "machine", "goals", "verdict"}
    assert {one["goal"]: one["unit"] for one in document["goals"]} == {
        "slack.ack_p50": "ms",
        "slack.ack_p99": "ms",
        "slack.answered_per_s": "per_s",
        "slack.answered_vs_bare": "ratio",
    }
    assert all(one["low"] <= one["value"] <= one["high"] for one in document["goals"])
    assert not list((tmp_path / "data").iterdir())
