"""One connection to one folder of a mailbox; the one module that knows imapclient."""

from __future__ import annotations

import selectors
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from bot.inbox import header
from bot.inbox.account import Account, After, Secret, Transport

#: UIDs in one command; a line of these stays far below what servers take.
CHUNK = 200
#: SINCE knows days only, in the server's own zone.
A_DAY = timedelta(days=1)
SEEN = b"\\Seen"
DELETED = b"\\Deleted"

#: A network that dies without a word is noticed by the kernel after 50 s (seconds, seconds, count).
KEEPALIVE = (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


class MailboxError(Exception):
    """The server does not do what we need; the message says what, in its words."""


class LoginRefusedError(MailboxError):
    """The server does not let us in with this password or token."""


class NotSettledError(MailboxError):
    """The server would not mark or move a mail that we have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A mail in the folder, not fetched yet."""

    uid: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long (seconds) we wait for the server."""

    #: To connect, with the greeting.
    connect_s: float = 20.0
    #: For the next octets of a reply; a link that keeps silent for longer is taken for dead. A search in a
    #: big folder takes its time.
    reply_s: float = 45.0
    #: For the reply to what costs a server nothing: the end of a wait.
    sign_of_life_s: float = 20.0


class Folder:
    """An open folder. Any method may raise OSError or IMAPClientError: then the connection is over."""

    def __init__(self, client: IMAPClient, name: str, after: After, patience: Patience) -> None:
        self._client = client
        self._after = after
        self._patience = patience
        told = client.select_folder(name, readonly=after.is_nothing)
        if not told.get(b"UIDVALIDITY"):
            raise MailboxError(f"folder {name}: the server gives no UIDVALIDITY, so its UIDs mean nothing")
        self.uidvalidity = int(told[b"UIDVALIDITY"])
        #: Above every UID that was there when it was opened.
        self.uidnext = int(told.get(b"UIDNEXT") or max(client.search(["UID", "*"]), default=0) + 1)
        if after.move_to is not None and not client.folder_exists(after.move_to):
            client.create_folder(after.move_to)
        self.idles = client.has_capability("IDLE")

    def list_above(self, uid: int, *, old_uid: int, counts_from: datetime | None) -> Iterator[Listed]:
        """The mails above ``uid`` that are ours, lowest first.

        Up to ``old_uid`` that is what came at ``counts_from`` or later; None for all.
        """
        asked: list[Any] = ["UID", f"{uid + 1}:*"]
        if counts_from is not None and uid < old_uid:
            since = (counts_from - A_DAY).date()
            asked += ["OR", "SINCE", since, "UID", f"{old_uid + 1}:*"]
        # "n:*" names the last mail even where its UID is below n (RFC 9051 §9, seq-range).
        found = sorted(one for one in self._client.search(asked) if one > uid)
        for start in range(0, len(found), CHUNK):
            yield from self._listed(found[start : start + CHUNK], old_uid, counts_from)

    def _listed(self, uids: Sequence[int], old_uid: int, counts_from: datetime | None) -> Iterator[Listed]:
        dated = counts_from is not None and uids[0] <= old_uid
        told = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"] if dated else ["RFC822.SIZE"])
        for uid in uids:
            if uid not in told:  # gone since the search
                continue
            arrived_at = told[uid].get(b"INTERNALDATE")
            if counts_from is not None and uid <= old_uid and arrived_at and arrived_at < counts_from:
                continue
            yield Listed(uid=uid, size_bytes=int(told[uid].get(b"RFC822.SIZE", 0)))

    def fetch(self, uid: int, *, limit_bytes: int) -> bytes | None:
        r"""The octets of a mail, at most one more than ``limit_bytes``; None when it is gone.

        PEEK: it does not become \Seen by being read. The limit is asked for, because a server's
        RFC822.SIZE may be an estimate.
        """
        return self._body(uid, f"BODY.PEEK[]<0.{limit_bytes + 1}>")

    def subject(self, uid: int) -> str:
        """The subject of a mail that is not fetched, at most 200 characters."""
        fields = self._body(uid, "BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.2000>") or b""
        return header.decode(fields.decode("ascii", "surrogateescape").partition(":")[2])[:200]

    def _body(self, uid: int, item: str) -> bytes | None:
        told = self._client.fetch([uid], [item]).get(uid, {})
        found = next((value for name, value in told.items() if name.startswith(b"BODY[")), None)
        return found if isinstance(found, bytes) else None

    def settle(self, uids: Sequence[int]) -> None:
        """Mark or move mails that are stored.

        Raises:
            NotSettledError: the server says no; the connection is sound.
        """
        if not uids or self._after.is_nothing:
            return
        try:
            for start in range(0, len(uids), CHUNK):
                self._settle(uids[start : start + CHUNK])
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            raise NotSettledError(str(error)) from error

    def _settle(self, uids: Sequence[int]) -> None:
        client, target = self._client, self._after.move_to
        if target is None:
            client.add_flags(uids, [SEEN], silent=True)
        elif client.has_capability("MOVE"):
            client.move(uids, target)
        else:
            client.copy(uids, target)
            client.add_flags(uids, [DELETED], silent=True)
            # A plain EXPUNGE would also take what people have marked.
            if client.has_capability("UIDPLUS"):
                client.expunge(uids)

    def wait(self, seconds: float, wake: socket.socket) -> None:
        """Return when the server tells of a change, when ``wake`` can be read, or after ``seconds``.

        What changed is not told: look again. Without IDLE (RFC 2177) only ``wake`` and the time count.
        """
        connection = self._client.socket()
        with selectors.DefaultSelector() as both:
            both.register(wake, selectors.EVENT_READ)
            if self.idles:
                self._client.idle()
                both.register(connection, selectors.EVENT_READ)
            both.select(seconds)
        if self.idles:
            self._client.idle_check(timeout=0)
        connection.settimeout(self._patience.sign_of_life_s)
        # After a BYE or a cut these raise, so that a dead session is never taken for a quiet one.
        if self.idles:
            self._client.idle_done()
        else:
            self._client.noop()
        connection.settimeout(self._patience.reply_s)

    def cut(self) -> None:
        """Make whatever waits for the server in another thread fail at once."""
        with suppress(OSError):
            # Not SSLSocket.shutdown, which would take the TLS state from under the reader.
            socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)


@contextmanager
def opened(
    account: Account,
    folder: str,
    after: After,
    *,
    secret: Secret,
    patience: Patience,
    context: ssl.SSLContext | None = None,
) -> Iterator[Folder]:
    """Connect, log in, open the folder; log out at the end, or hang up after a fault.

    Raises:
        LoginRefusedError: password or token are wrong, expired or locked.
        MailboxError, OSError, IMAPClientError: anything else.
    """
    client = _connected(account, patience, context)
    try:
        _log_in(client, account, secret)
        yield Folder(client, folder, after, patience)
    except BaseException:
        _hang_up(client)
        raise
    try:
        client.socket().settimeout(2.0)  # a goodbye is a courtesy
        client.logout()
    except (OSError, IMAPClientError):
        _hang_up(client)


def doctor(
    account: Account, folders: Iterable[str], after: After, *, patience: Patience | None = None
) -> str:
    """Log in and look whether the folders are there; raises like ``opened``, MailboxError for a folder."""
    client = _connected(account, patience or Patience(), None)
    try:
        _log_in(client, account, account.secret())
        missing = [name for name in folders if not client.folder_exists(name)]
        if missing:
            raise MailboxError(f"no folder {', '.join(missing)} in the mailbox; see CONTESTDESK_IMAP_FOLDERS")
        can = [name for name in ("IDLE", "MOVE") if client.has_capability(name)]
        made = after.move_to is not None and not client.folder_exists(after.move_to)
    finally:
        _hang_up(client)
    told = [f"{account.host}:{account.port}", "logged in", f"folders {', '.join(folders)}"]
    told.append(" and ".join(can) if can else "neither IDLE nor MOVE")
    if made:
        told.append(f"folder {after.move_to} will be made")
    return ", ".join(told)


def _connected(account: Account, patience: Patience, context: ssl.SSLContext | None) -> IMAPClient:
    client = IMAPClient(
        account.host,
        account.port,
        ssl=account.transport is Transport.TLS,
        ssl_context=context,
        timeout=SocketTimeout(patience.connect_s, patience.reply_s),
    )
    client.normalise_times = False  # aware instants
    _keep_alive(client.socket())
    if account.transport is Transport.STARTTLS:
        try:
            client.starttls(context)
        except BaseException:
            _hang_up(client)
            raise
    return client


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        if hasattr(socket, name):  # not on every system
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _log_in(client: IMAPClient, account: Account, secret: Secret) -> None:
    try:
        if secret.is_token:
            client.oauth2_login(account.user, secret.text)
        elif client.has_capability("AUTH=PLAIN"):
            # LOGIN knows no letters beyond ASCII.
            client.plain_login(account.user, secret.text)
        else:
            client.login(account.user, secret.text)
    except LoginError as error:
        # imapclient makes a refusal of a lost connection too.
        if isinstance(error.__context__, IMAPClientAbortError):
            raise error.__context__ from error
        raise LoginRefusedError(f"log-in refused: {error}") from error
    except UnicodeEncodeError as error:
        raise LoginRefusedError("this server takes no password with letters beyond ASCII") from error


def _hang_up(client: IMAPClient) -> None:
    with suppress(OSError, IMAPClientError):
        client.shutdown()
