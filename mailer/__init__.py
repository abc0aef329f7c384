"""Writes mails, keeps them, and sends each of them once.

House map
---------
base.py       the declarative base (one MetaData) and column types: UTCDateTime, enums
tables.py     the rows: OutboxMail, Attempt, Suppression
letter.py     the records: Letter (what to say to whom), Thread, Section, Identity
errors.py     what can go wrong here, one family
address.py    exactly one address, or a clear refusal
token.py      signed addresses and Message-IDs
words.py      template and data become text and HTML
templates/    name.lang.part, StrictUndefined; style.css is inlined once per template
compose.py    a Letter becomes the bytes of a message; the header guard
outbox.py     the states and their transitions; enqueue, claim, mark, resend, caps
backoff.py    when a deferred mail is tried again, and when we stop
relay.py      the edge: SMTP on a kept connection, a mailbox on this machine, the fence between
deliver.py    claim, commit, send, record: one tick of a sender
bounce.py     what a DSN says

This room imports faq and sqlalchemy; smtplib only in relay.py. Verbs take a session, never commit.
"""
