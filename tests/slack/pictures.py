"""The stand-in's page as a person uses it: keys, clicks and pictures, by headless Chromium."""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.servers import chromium
from tests.servers.chromium import Browser
from tests.slack_standin.driver import Workspace

#: This machine alone may be asked.
LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
ALBUM = Path(__file__).resolve().parent.parent.parent / "build" / "pictures" / "slack"
#: Resolves when a condition on the page becomes true.
WHEN = """new Promise((done) => {
  const look = () => { if (%s) { watch.disconnect(); done(true); } };
  const watch = new MutationObserver(look);
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
})"""
KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, "Space": 32}


class Page:
    """One person's tab."""

    def __init__(self, browser: Browser, workspace: Workspace) -> None:
        self._browser = browser
        self._workspace = workspace
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self.resize(1280, 860)

    def resize(self, width: int, height: int) -> None:
        """Make the window so large, in CSS pixels."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def open(self, user: str, place: str, thread: str | None = None) -> None:
        """Look at a channel, or at "home", as somebody; return once it is drawn."""
        where = {"team": self._workspace.team_id, "user": user, "place": place}
        if thread:
            where["thread"] = thread
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=f"{self._workspace.url}/#{urlencode(where)}")
        self.wait_for("document.body && document.body.dataset.count")

    def do(self, script: str) -> Any:
        """Evaluate JavaScript, and return what it comes to."""
        said = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Return when a JavaScript condition has become true."""
        self.do(WHEN % condition)

    def press(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": "\r"} if key == "Enter" else {"text": " "} if key == "Space" else {}
        name = " " if key == "Space" else key
        about = {"key": name, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        self._call("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", **about)

    def type(self, text: str) -> None:
        """Type where the focus is."""
        self._call("Input.insertText", text=text)

    def focus(self, selector: str) -> None:
        """Put the focus on what a selector finds."""
        self.do(f"document.querySelector({json.dumps(selector)}).focus()")

    def tab_to(self, selector: str, *, most: int = 80) -> None:
        """Reach something by the Tab key alone."""
        for _ in range(most):
            if self.do(f"document.activeElement.matches({json.dumps(selector)})"):
                return
            self.press("Tab")
        raise AssertionError(f"{selector} is not reached by {most} tabs")

    def picture(self, name: str) -> Path:
        """Take a picture of the window; build/pictures/slack/ keeps it."""
        shot = self._call("Page.captureScreenshot", format="png")
        ALBUM.mkdir(parents=True, exist_ok=True)
        path = ALBUM / f"{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, session=self._session, **params)


@contextmanager
def opened(workspace: Workspace, folder: Path) -> Iterator[Page]:
    """A browser with one tab."""
    with chromium.running(folder / "profile", flags=[LOOPBACK]) as browser:
        yield Page(browser, workspace)
        browser.call("Browser.close")
    shutil.rmtree(folder / "profile", ignore_errors=True)
