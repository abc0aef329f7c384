"""LMTP (RFC 2033): as SMTP, but each recipient hears what became of the mail."""

from __future__ import annotations

from aiosmtpd.smtp import syntax

from bot.inbox.conversation import Conversation

NO_SUCH_COMMAND = "500 5.5.1 This is LMTP; say LHLO"


class LmtpConversation(Conversation):
    """One LMTP connection, from a mail server of our own."""

    greeting = "LMTP"
    hello = "LHLO"

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        """Greet, in place of EHLO (RFC 2033 §4.1)."""
        await super().smtp_EHLO(arg)

    async def smtp_EHLO(self, arg: str) -> None:
        """Not a command here (RFC 2033 §4.1)."""
        await self.push(NO_SUCH_COMMAND)

    async def smtp_HELO(self, arg: str) -> None:
        """Not a command here (RFC 2033 §4.1)."""
        await self.push(NO_SUCH_COMMAND)

    def after_data(self, status: str, recipients: list[str]) -> str:
        """Answer the final dot: once for each RCPT that we took, in their order, repeats included.

        RFC 2033 §4.2; a sender that misses one waits for it and delivers the mail again.
        The library writes one string, so the lines are joined (aiosmtpd issue 517).
        """
        code, enhanced, text = status.split(" ", 2)
        return "\r\n".join(f"{code} {enhanced} <{address}> {text}" for address in recipients)
