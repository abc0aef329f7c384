"""Real peers of the tests, each started on this machine and stopped again.

House map
---------
free_port.py  a port that nobody listens on
postfix.py    an own Postfix, which hands mail to the desk
dovecot.py    an own Dovecot: mailboxes at a provider
link.py       a TCP link that can fall silent
postgres.py   an own PostgreSQL cluster, and a fresh database a test
smtp_sink.py  the process: an SMTP server that keeps what it gets and fails when told
sink.py       the tests' end of that process: Sink, Fault, Caught
swaks.py      a mail client that is not ours
chromium.py   HTML as a person would see it
"""
