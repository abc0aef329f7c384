"""What can go wrong in this room; a message names the field, the address or the id to act on."""

from __future__ import annotations


class MailerError(Exception):
    """The mailer cannot do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class AddressError(MailerError):
    """This is not exactly one address that we can write to."""


class ComposeError(MailerError):
    """A mail would not say what it was meant to say; ``field`` names the header or the template."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class NoSuchMail(MailerError):
    """There is no outbox row with this id."""


class NoSuchSuppression(MailerError):
    """Nothing keeps us from writing to this address."""


class IllegalTransition(MailerError):
    """The outbox row is in a state from which this step is not allowed."""


class RelayUrlError(MailerError):
    """The address of the relay cannot be read."""


class RelayUnreachable(MailerError):
    """The relay did not let us in; nothing was handed over."""


class AllowListError(MailerError):
    """An entry of the allow-list is neither an address nor ``@domain``."""


class NoSuchCampaign(MailerError):
    """There is no campaign with this number."""
