"""A mail client that is not ours: swaks, as a person at a shell would send."""

import shutil
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said on the connection, and how swaks judged it."""

    #: 0: the server took the mail. Others are listed in swaks(1), EXIT CODES.
    exit_code: int
    text: str

    @property
    def replies(self) -> list[str]:
        """The server's replies, such as "250 2.0.0 stored", in their order."""
        marks = ("<-  ", "<** ")
        return [line[4:] for line in self.text.splitlines() if line.startswith(marks)]


def why_not() -> str | None:
    """Say why swaks cannot be run here, or None when it can."""
    if shutil.which("swaks") is None:
        return "no swaks on this machine (Debian: apt-get install swaks)"
    return None


def send(*, port: int, sender: str, recipient: str, raw: bytes, options: tuple[str, ...] = ()) -> Transcript:
    """Send the bytes of one mail (with LF or CRLF) to loopback; `options` go to swaks as they are.

    `recipient` may be several addresses with commas between. An empty `sender` is the null sender.
    """
    outcome = subprocess.run(
        [
            "swaks",
            *("--server", "127.0.0.1", "--port", str(port)),
            *("--from", sender or "<>", "--to", recipient),
            *("--helo", "client.test", "--timeout", "30"),
            # As it is: no %TOKENS% filled in, no escapes undone, no trailing lines added.
            *("--no-data-fixup", "--data", "-"),
            "--suppress-data",
            *options,
        ],
        input=wire(raw),
        capture_output=True,
        timeout=60,
        check=False,
    )
    text = (outcome.stdout + outcome.stderr).decode("utf-8", "replace")
    return Transcript(exit_code=outcome.returncode, text=text)


def wire(raw: bytes) -> bytes:
    """Give lines their CRLF and a leading dot its second one, and end with the final dot."""
    lines = raw.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*stuffed, b".", b""])
