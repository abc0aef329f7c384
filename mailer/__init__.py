"""Writes mails, keeps them, and sends each of them once.

House map
---------
base.py       the declarative base (one MetaData) and column types: UTCDateTime, enums
tables.py     the rows: OutboxMail, Attempt, Suppression, Trouble
letter.py     the records: Letter (what to say to whom), Thread, Section, Identity
errors.py     what can go wrong here, one family
address.py    exactly one address, or a clear refusal
token.py      signed addresses and Message-IDs
words.py      template and data become text and HTML
templates/    name.lang.part, StrictUndefined; style.css is inlined once per template
compose.py    a Letter becomes the bytes of a message; the header guard
states.py     the states of a row, and the one way from each to the next
outbox.py     enqueue, caps, what staff see and decide
sending.py    claim, begin, marks, sweep, settle
evidence.py   what a relay's log proves
backoff.py    when a deferred mail is tried again, and when we stop
trouble.py    what is left alone: the relay when it is away, a domain that pushes back
relay.py      the edge: SMTP on a kept connection, a mailbox on this machine, the fence between
deliver.py    claim, commit, send, record: one tick of a sender
bounce.py     what a DSN says

This room imports faq and sqlalchemy; smtplib only in relay.py. Verbs take a session, never commit.
"""
