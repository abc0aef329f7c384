"""Measures the desk against its peers, in one interleaved run: ``contestdesk bench``.

House map
---------
goals.py      a goal, what was measured of it, the verdict, and how both are shown
machine.py    flush time, CPU time of processes, load that is not ours
mails.py      the mails that are sent, and the questions in them
client.py     the load generator, a process of its own
load.py       one stretch of load: smtp-source or our client
peers.py      servers as processes: the desk, bare aiosmtpd, the sink
desk.py       the measured desk, a process of its own
postfix.py    Postfix from a scratch folder
intake.py     how fast mail is taken
answer.py     how fast mail is answered
roundtrip.py  one stretch of questions, seen from both ends
campaign.py   how fast many are mailed
bulk.py       one way of mailing many, a process of its own
backlog.py    the outbox with a million finished rows
matcher.py    how a question's price grows with the library
phrasings.py  libraries of any size, made of the packaged one
slack.py      how fast Slack is heard and answered
"""
