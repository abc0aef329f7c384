"""Writes mails, keeps them, and sends each of them once.

House map
---------
base.py       the declarative base (one MetaData) and column types: UTCDateTime, enums
tables.py     the rows: OutboxMail, Attempt, Suppression, BouncedMail, Trouble, Reminder, Installation
letter.py     the records: Letter (what to say to whom), Thread, Section, Identity
errors.py     what can go wrong here, one family
address.py    exactly one address, or a clear refusal
token.py      signed addresses and Message-IDs
words.py      template and data become text and HTML
templates/    name.lang.part, StrictUndefined; style.css is inlined once per template
compose.py    a Letter becomes the bytes of a message; the header guard
attach.py     files beside the words: names checked, bytes written as parts
invite.py     calendar files: a milestone, a meeting, its change and its end
states.py     the states of a row, and the one way from each to the next
outbox.py     enqueue, caps, what staff see and decide
postings.py   Slack's rows in the same outbox
gate.py       which results may leave at this moment, and only the approved bytes
claiming.py   what may leave now, taken for one sender and one lease
ledger.py     what several threads write is committed together
sending.py    begin, marks, sweep, settle
bulk.py       notices to many: begun and recorded together
evidence.py   what a relay's log proves
backoff.py    when a deferred mail is tried again, and when we stop
trouble.py    what is left alone: the relay when it is away, a domain that pushes back
relay.py      the edge: SMTP on a kept connection, a mailbox on this machine, the fence between
deliver.py    claim, commit, send, record: one tick of a sender
campaign_tables.py  the rows of result campaigns: Campaign, Recipient, CampaignFile, Approval
campaign.py   a campaign's states, its list, its approvals
proof.py      everybody once, nobody else, the announced numbers
result_words.py  what a result letter is filled with
strangers.py  no other team in a mail, read from its bytes
freeze.py     every mail rendered, one hash over all that is approved, what changed since
feed.py       after the release: results become outbox rows, at their pace
reconcile.py  what left against what was approved
wording.py    reads phrasebooks: what programs write, a pattern a line
phrasebook/   bounces.txt: how bounces read; causes.txt: how refusals read
bounce.py     what a bounce says, by several voices, the surest first
dsn.py        the report that RFC 3464 describes, tidy or not
prose.py      bounces in plain words, in several languages
flufl_voice.py  the second voice: Mailman's detectors, kept from doing harm
diagnosis.py  what a refusal means: a dead address, or only out of reach
reminders.py  from milestones and rules to the slots of the season
reminder_letter.py  what a reminder says
reminded.py   who was reminded of what: each once, or never and somebody knows
unsubscribe.py  one click ends reminders: the signed name, the link, the header fields
suppression.py  bounces on record, and the addresses they close

This room imports faq and sqlalchemy; smtplib only in relay.py. Verbs take a session, never commit.
"""
