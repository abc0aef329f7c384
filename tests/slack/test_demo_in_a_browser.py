"""A newcomer clicks through triage: make demo, a browser, a card, an answer; each step a picture."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.serving import COMMAND
from tests.servers import chromium
from tests.slack import pictures
from tests.slack.test_demo_with_slack import AROUND, environment
from tests.slack_standin.driver import ROOT, Standin, Workspace, pings, plain

pytestmark = pytest.mark.long


@contextmanager
def demo(tmp_path: Path) -> Iterator[Workspace]:
    """The demo after its samples, and its workspace."""
    process = subprocess.Popen(
        [*AROUND, str(COMMAND), "demo"],
        env=environment(tmp_path) | {"PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            url = ""
            for line in process.stdout:
                if line.startswith("Slack is a stand-in"):
                    url = line.split()[-1].rstrip("/")
                if line.startswith("Stop with"):
                    break
            [workspace] = Standin(url).workspaces()
            yield workspace
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert process.returncode == 0


def test_newcomer_claims_answers_and_takes_back_in_a_browser(tmp_path: Path) -> None:
    missing = chromium.why_not()
    if missing is not None:
        pytest.skip(missing)
    with demo(tmp_path) as workspace, pictures.opened(workspace, tmp_path) as page:
        people = {one["name"]: one["id"] for one in workspace.people()}
        staff, applicant = people["staff-a"], people["kim-yeongu"]
        rooms = {one["name"]: one["id"] for one in workspace.channels(staff)}
        triage = rooms["contest-triage"]
        questions = workspace.messages(workspace.im(applicant))
        page.open(applicant, workspace.im(applicant), questions[0]["ts"])
        page.wait_for("document.querySelector('#replies .app')")
        page.picture("answer")
        help_channel = rooms["contest-help"]
        [question] = [one for one in workspace.messages(help_channel) if one["user"] == applicant]

        page.open(staff, triage)
        page.wait_for("document.querySelector('[data-action=\"inq.claim\"]')")
        page.picture("triage")
        page.do("document.querySelector('#messages article:last-child [data-action=\"inq.claim\"]').click()")
        page.wait_for(
            "document.querySelector('#messages article:last-child').textContent.includes('Claimed')"
        )
        page.do("document.querySelector('#messages article:last-child [data-action=\"inq.answer\"]').click()")
        page.wait_for("document.querySelector('#modal[open] textarea')")
        page.focus("#modal textarea")
        page.do("document.querySelector('#modal textarea').select()")
        page.type("심사위원 명단은 공개하지 않습니다.")
        page.picture("answer-modal")
        page.tab_to("[data-key='modal/submit']")
        page.press("Enter")
        page.wait_for("document.querySelector('#modal-title').textContent.includes('Preview')")
        page.picture("answer-preview")
        page.tab_to("[data-key='modal/submit']")
        page.press("Enter")
        page.wait_for("document.querySelector('[data-action=\"inq.undo\"]')")
        page.picture("answer-sending")
        page.press("Escape")
        page.wait_for("!document.querySelector('#modal').open")
        page.wait_for("document.querySelector('#messages article:last-child [data-action=\"inq.undo\"]')")
        page.do("document.querySelector('#messages article:last-child [data-action=\"inq.undo\"]').click()")
        page.wait_for(
            "document.querySelector('#messages article:last-child').textContent.includes('Claimed')"
        )
        page.open(staff, "home")
        page.wait_for("document.querySelector('.home [data-action]')")
        page.picture("home-of-staff")
        thread = workspace.thread(help_channel, question["ts"])
        everything = [one for room in rooms.values() for one in workspace.messages(room)]

    # Taken back in time: the applicant never saw it.
    assert not any("공개하지 않습니다" in plain(one) for one in thread)
    assert pings(everything) == []
