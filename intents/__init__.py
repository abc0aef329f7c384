"""Understands what a person wrote and decides what the desk may do with it.

House map
---------
utterance.py  normalises, tells the language, splits a mail into questions and clauses
sentences.py  cuts a message into sentences and list items, without the signature
wording.py    the set phrases of mails: greetings, closings, what asks
spacing.py    puts spaces back into text that has almost none
orders.py     tells orders given to the desk itself from questions about the contest
views.py      how alike two sentences are: character n-grams, rapidfuzz
encoder.py    the edge to semantic encoders: what each gives, which are in use
packaged.py   the encoders of the extra semantic, weights checked by hash
onnx_folder.py  an encoder from an operator's folder, by onnxruntime
centring.py   takes off the vectors what all sentences of a language share
vectors.py    vectors of texts, each encoded once: the cache
store.py      arrays that outlive the process: vectors, the fitted head
rows.py       phrasings and the classes they stand for
base.py       the phrasings that were fitted, with all that was fitted
fitting.py    the fit of a set of phrasings, and its place in the cache
shortlist.py  which of very many phrasings a sentence is compared with
growth.py     a few phrasings more or fewer without a new fit: the equations
change.py     what a library has more and fewer than the one that was fitted
index.py      scores a sentence against each class of a library
head.py       the supervised head: kernel ridge over topics, known unknowns and background
calibrate.py  from the head's lead to a confidence, on held-out scores of the library
risk.py       how wrong automatic answers may be: what reviews bear out, how many more are needed
slots.py      what similarity cannot see: amounts, dates, polarity, named bodies
matters.py    what a question is after beside its topic: an advantage, a visa, another programme
feasibility.py  reads one concrete dataset out of a question to CashMission
precedents.py  tells whether an approved verdict on one dataset answers for another
applicant.py  reads who asks: a lab, a company, somebody abroad
eligibility.py  "may we apply?" is answered for the one who asks, or asks who that is
thread.py     what earlier mails of a thread said and were asked
followup.py   a mail that answers what we asked back
decide.py     the records Evidence, Part and Decision, and the rule that chooses
parts.py      sentences that ask the same thing become one part
judge.py      the edge to a second opinion: it may lower or confirm an answer
knowledge.py  what the engine takes from a library
engine.py     one library, indexed; text in, Decision out
evaluate.py   the same engine on any labelled set

This room imports faq; it never sees a row, an e-mail object or a Slack payload.
"""
