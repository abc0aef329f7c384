"""The mail door: what comes in is stored first, understood later.

House map
---------
smtp.py      listens, and stops without losing what is in hand
door.py      what all connections of one door share: limits, who makes room
conversation.py  one SMTP connection: a mail is read, committed, then 250
lmtp.py      one LMTP connection: an answer for each recipient
path.py      the address of MAIL FROM and RCPT TO
data.py      the octets between DATA and the final dot
handler.py   whom we take mail for, and where it goes
tls.py       the certificate, read again when renewed
commit.py    the one thread that commits; the record Envelope
limits.py    what a mail may weigh before it is parsed
parse.py     octets become an Inbound
header.py    words, addresses and parameters of header fields
charset.py   octets become text, Korean first
markup.py    HTML becomes text
quote.py     the author's new words
rules.py     person or machine, by named rules
vacation.py  subjects of automatic replies
inspect.py   all of this for a folder of mail, storing nothing

Street: octets -> Envelope -> (committed) -> Inbound -> Ruling and new text.
"""
