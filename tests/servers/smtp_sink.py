"""The process: an SMTP server that keeps what it gets and fails when told.

    python -m tests.servers.smtp_sink FOLDER PORT [USER PASSWORD]

It writes one JSON object a line to standard output: `{"event": "ready", "port": ...}` first, then
`connected`, `stored` and `scripted`. It reads one JSON object a line from standard input: the list of
faults to follow from then on. It ends when standard input does, so that it never outlives its test.

Each mail becomes two files, NNNNNN.json (the envelope) and NNNNNN.eml (the bytes), in the order of
arrival; the .eml is there last and whole.
"""

import asyncio
import json
import logging
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass(slots=True, kw_only=True)
class Script:
    """The faults to follow, first match first; shared by all connections."""

    faults: list[dict[str, Any]]

    def take(self, at: str, recipients: list[str]) -> dict[str, Any] | None:
        """Find the fault for this stage and one of these recipients, and count it as used."""
        for fault in self.faults:
            if fault["at"] != at or fault["times"] == 0:
                continue
            if fault["recipient"] == "*" or fault["recipient"] in recipients:
                if fault["times"] is not None:
                    fault["times"] -= 1
                return fault
        return None


@dataclass(slots=True, kw_only=True)
class Kept:
    """The folder of the mails, and the voice that tells the test about them."""

    folder: Path
    mails: int = 0
    connections: int = 0

    def say(self, **event: object) -> None:
        """Tell the test, at once."""
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    def keep(self, session: Session, envelope: Envelope, connection: int) -> None:
        """Write the mail and its envelope."""
        self.mails += 1
        stem = self.folder / f"{self.mails:06d}"
        about = {
            # aiosmtpd 1.4.6 spells the null sender as it stood on the wire.
            "envelope_sender": "" if envelope.mail_from == "<>" else envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "mail_options": envelope.mail_options,
            "helo": session.host_name,
            "user": session.auth_data if isinstance(session.auth_data, str) else None,
            "connection": connection,
        }
        stem.with_suffix(".json").write_text(json.dumps(about), encoding="utf-8")
        assert isinstance(envelope.original_content, bytes)
        stem.with_suffix(".part").write_bytes(envelope.original_content)
        stem.with_suffix(".part").replace(stem.with_suffix(".eml"))
        self.say(event="stored", number=self.mails)


class Faulty:
    """One connection's replies (aiosmtpd calls this a handler), each looked up in the script first."""

    def __init__(self, *, script: Script, kept: Kept, login: tuple[str, str] | None) -> None:
        self.script = script
        self.kept = kept
        self.login = login
        self.number = 0

    def check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Accept the one login that the test gave."""
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False, auth_data=given[0])

    async def follow(self, server: SMTP, at: str, recipients: list[str]) -> dict[str, Any] | None:
        """Find this stage's fault; wait for it, and cut the connection where it says so."""
        fault = self.script.take(at, recipients)
        if fault is None:
            return None
        await asyncio.sleep(fault["delay_seconds"])
        if fault["cut"] and not fault["stored"]:
            cut(server, at)
        return fault

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO for this address alone."""
        fault = await self.follow(server, "rcpt", [address])
        if fault and fault["reply"]:
            return str(fault["reply"])
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail and answer the final dot."""
        fault = await self.follow(server, "dot", envelope.rcpt_tos)
        if fault is None or fault["stored"]:
            self.kept.keep(session, envelope, self.number)
        if fault and fault["cut"]:
            cut(server, "dot")
        if fault and fault["reply"]:
            return str(fault["reply"])
        return f"250 2.0.0 stored as {self.kept.mails}"

    async def handle_exception(self, error: Exception) -> str:
        """Answer as a relay in trouble does; what went wrong goes to standard error."""
        sys.stderr.write(f"sink: {error!r}\n")
        return "451 4.3.0 sink in trouble"


class FaultySMTP(SMTP):
    """aiosmtpd's server, for the two stages that its handlers are not asked about."""

    def __init__(self, replies: Faulty) -> None:
        super().__init__(
            replies,
            data_size_limit=None,
            enable_SMTPUTF8=True,
            hostname="sink.test",
            ident="sink",
            auth_require_tls=False,
            auth_required=replies.login is not None,
            authenticator=replies.check_login,
        )
        self.replies = replies

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; refuse it here when the script says so."""
        kept = self.replies.kept
        kept.connections += 1
        self.replies.number = kept.connections
        kept.say(event="connected", number=kept.connections)
        fault = self.replies.script.take("connect", [])
        if fault is None:
            super().connection_made(transport)
            return
        assert isinstance(transport, asyncio.Transport)
        if fault["reply"]:
            transport.write(f"{fault['reply']}\r\n".encode())
            transport.close()
        else:
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Leave out aiosmtpd's farewell for a connection that it never saw."""
        if self.session is not None:
            super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:
        """Refuse DATA, or cut while the text is coming in."""
        recipients = self.envelope.rcpt_tos if self.envelope else []
        fault = await self.replies.follow(self, "data", recipients)
        if fault and fault["reply"]:
            await self.push(fault["reply"])
            return
        fault = self.replies.script.take("text", recipients)
        if fault:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self._reader.readline()
            await asyncio.sleep(fault["delay_seconds"])
            cut(self, "text")
        await super().smtp_DATA(arg)


def cut(server: SMTP, at: str) -> None:
    """Break the connection off with a reset; raises, so that nothing more is answered."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()
    raise ConnectionResetError(f"cut at {at}, as scripted")


async def serve(folder: Path, port: int, login: tuple[str, str] | None) -> None:
    """Listen on loopback until standard input ends."""
    loop = asyncio.get_running_loop()
    script = Script(faults=[])
    kept = Kept(folder=folder, mails=len(list(folder.glob("*.eml"))))
    server = await loop.create_server(
        lambda: FaultySMTP(Faulty(script=script, kept=kept, login=login)), "127.0.0.1", port
    )
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    kept.say(event="ready", port=server.sockets[0].getsockname()[1])
    while line := await orders.readline():
        script.faults = json.loads(line)
        kept.say(event="scripted")
    server.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    # aiosmtpd warns of a login without TLS, twice; this one never leaves loopback.
    warnings.simplefilter("ignore")
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    credentials = (given[2], given[3]) if len(given) == 4 else None
    asyncio.run(serve(Path(given[0]), int(given[1]), credentials))
