"""Understands what a person wrote and decides what the desk may do with it.

House map
---------
utterance.py  normalises, tells the language, splits a mail into questions and clauses
sentences.py  cuts a message into sentences and list items, without the signature
wording.py    the set phrases of mails: greetings, closings, what asks
spacing.py    puts spaces back into text that has almost none
orders.py     tells orders given to the desk itself from questions about the contest
views.py      how alike two sentences are: character n-grams, rapidfuzz
encoder.py    the edge to semantic encoders (the extra's packages), with the vector cache
store.py      arrays that outlive the process: vectors, the fitted head
index.py      every phrasing of the library under all views; scores a sentence against each class
head.py       the supervised head: kernel ridge over topics, known unknowns and background
calibrate.py  from the head's lead to a confidence, on held-out scores of the library
slots.py      what similarity cannot see: amounts, dates, polarity, named bodies
feasibility.py  reads one concrete dataset out of a question to CashMission
decide.py     the records Evidence, Part and Decision, and the rule that chooses
parts.py      sentences that ask the same thing become one part
knowledge.py  what the engine takes from a library
engine.py     one library, indexed; text in, Decision out
evaluate.py   the same engine on any labelled set

This room imports faq; it never sees a row, an e-mail object or a Slack payload.
"""
