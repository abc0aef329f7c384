"""HTML as a person would see it, by headless Chromium.

`chromium --screenshot` is no way to look at a phone: its window is never narrower than 500 pixels. So the
browser is told over its debugging pipe (JSON, a NUL after each message) to take the device's size.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

#: Nothing is asked of any other machine: neither by the browser itself nor by what it shows.
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--hide-scrollbars",
    "--lang=ko-KR",
)


class RenderError(Exception):
    """Chromium made no picture; the message carries its own words."""


def why_not() -> str | None:
    """Say why nothing can be rendered here, or None when it can."""
    if _binary() is None:
        return "no Chromium on this machine (Debian: apt-get install chromium fonts-noto-cjk)"
    return None


@dataclass(slots=True, kw_only=True)
class Browser:
    """A running Chromium, and the pipe to it."""

    #: Where orders go.
    orders: IO[bytes]
    #: Where its answers and events come from.
    said: IO[bytes]
    sent: int = 0
    events: list[str] = field(default_factory=list)
    _rest: bytes = b""

    def call(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Give one order and return its result."""
        self.sent += 1
        order = {"id": self.sent, "method": method, "params": params}
        if session is not None:
            order["sessionId"] = session
        self.orders.write(json.dumps(order).encode() + b"\0")
        self.orders.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self.sent:
                if "error" in answer:
                    raise RenderError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def wait_for(self, event: str) -> None:
        """Return when the event has come, before or from now on."""
        while event not in self.events:
            self._read()

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self.said.fileno(), 1 << 16)
            if not chunk:
                raise RenderError("Chromium ended, or took too long")
            self._rest += chunk
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append(message["method"])
        return message


def render_html(html: str, *, width: int, height: int, to: Path) -> Path:
    """Write a PNG of the whole page to `to`, as a device of `width` × `height` CSS pixels lays it out.

    The picture is as high as the page. It is wider than `width` only where the page overflows sideways,
    which a mail never should. Raises RenderError.
    """
    with tempfile.TemporaryDirectory(prefix="contestdesk-chromium-", ignore_cleanup_errors=True) as scratch:
        page = Path(scratch) / "page.html"
        page.write_text(html, encoding="utf-8")
        with running(Path(scratch) / "profile") as browser:
            target = browser.call("Target.createTarget", url="about:blank")["targetId"]
            session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            device = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
            browser.call("Emulation.setDeviceMetricsOverride", session=session, **device)
            browser.call("Page.enable", session=session)
            browser.call("Page.navigate", session=session, url=page.as_uri())
            browser.wait_for("Page.loadEventFired")
            laid_out = browser.call("Page.getLayoutMetrics", session=session)["cssContentSize"]
            whole = {"x": 0, "y": 0, "width": laid_out["width"], "height": laid_out["height"], "scale": 1}
            shot = browser.call(
                "Page.captureScreenshot",
                session=session,
                format="png",
                captureBeyondViewport=True,
                clip=whole,
            )
            browser.call("Browser.close")
    to.write_bytes(base64.b64decode(shot["data"]))
    return to


@contextmanager
def running(profile: Path, *, timeout: float = 90.0, flags: Sequence[str] = ()) -> Iterator[Browser]:
    """Start Chromium with an empty profile, and end it; after `timeout` seconds it is killed.

    Of a flag that is given twice the last counts, so that `flags` may let it see more than FLAGS do.
    """
    binary = _binary()
    if binary is None:
        raise RenderError(why_not())
    process = subprocess.Popen(
        [
            # The debugging pipe has to be its descriptors 3 and 4.
            *("/bin/sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null', "sh", binary),
            *FLAGS,
            *flags,
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    limit = threading.Timer(timeout, process.kill)
    limit.start()
    try:
        with process.stdin as orders, process.stdout as said:
            yield Browser(orders=orders, said=said)
        process.wait()
    finally:
        limit.cancel()
        process.kill()
        process.wait()


def _binary() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")
