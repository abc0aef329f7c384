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
imap.py      watches a mailbox elsewhere, folder by folder
watch.py     one folder: its loop
mailbox.py   one connection to it
account.py   which mailbox, how we log in, what is done with a mail there
login.py     when to log in again after a refusal
place.py     how far a folder was read
delivered.py what the mailbox server wrote above a mail becomes its envelope
commit.py    the one thread that commits; the record Envelope
limits.py    what a mail may weigh before it is parsed
inbound.py   a mail as the desk knows it
parse.py     octets become an Inbound: light mails here, heavy ones in a child
reader.py    reads a mail; all that a child process does
child.py     the processes that read heavy mails: started, timed, replaced
wire.py      the line between the desk and a child
fields.py    the header of a mail, decoded when asked
words.py     RFC 2047 and its broken forms
header.py    addresses and parameters of header fields
body.py      the text, and the list of what came with it
charset.py   octets become text, Korean first
markup.py    HTML becomes text
marks.py     quotes and signatures that HTML names
quote.py     the author's new words
attribution.py  lines that announce a quote
signature.py    what stands under the author's words
phrases.py   what mail programs write around a letter, by language
rules.py     person or machine, by named rules
identity.py  whose hand wrote From, by the word of our own server
machines.py  the marks of machines that the rules ask for
vacation.py  subjects of automatic replies
automatic.py what programs write in the text; phrasebook/ holds the phrases
helpdesk.py  other help desks: their marks and acknowledgements
spam.py      the provider's own verdict, where our border server vouches
inspect.py   all of this for a folder of mail, storing nothing

Street: octets -> Envelope -> (committed) -> Inbound -> Ruling and new text.
"""
