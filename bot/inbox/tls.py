"""The certificate of the SMTP door, read again when it was renewed."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


class CertificateError(Exception):
    """Certificate or key cannot be used; the message names file and setting."""


class Certificate:
    """A certificate chain and its key (in PEM), as files that others renew.

    Raises:
        CertificateError: they cannot be read, or do not belong together.
    """

    def __init__(self, chain: Path, key: Path | None = None) -> None:
        self._chain = chain
        #: Without a file of its own the key stands beside the certificate.
        self._key = key or chain
        self._context, self._seen = self._load()

    def context(self) -> ssl.SSLContext:
        """The context for a new connection; a certificate is renewed while the service lives."""
        try:
            if self._stamp() != self._seen:
                self._context, self._seen = self._load()
                log.info("tls.certificate_renewed")
        except (CertificateError, OSError) as error:
            log.error("tls.certificate_unusable", error=str(error))  # the one we have may do for a while
        return self._context

    def _stamp(self) -> tuple[int, int]:
        return self._chain.stat().st_mtime_ns, self._key.stat().st_mtime_ns

    def _load(self) -> tuple[ssl.SSLContext, tuple[int, int]]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            seen = self._stamp()
            # Without a password given, OpenSSL would ask at the terminal.
            context.load_cert_chain(self._chain, self._key, password="")
        except OSError as error:  # ssl.SSLError is one
            raise CertificateError(
                f"certificate {self._chain} with key {self._key} cannot be used ({error.strerror or error}); "
                "mend CONTESTDESK_SMTP_TLS_CERT and CONTESTDESK_SMTP_TLS_KEY"
            ) from error
        return context, seen
