"""What HTML names is marked in the text, and the author's own words never are."""

from __future__ import annotations

import pytest

from bot.inbox import markup, quote

GMAIL = (
    '<div dir="ltr">Is it so?<div><br></div><div>-- <br><div class="gmail_signature">Kim<br>Lab</div></div></div><br>'
    '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">In no language we know, Desk:<br></div>'
    '<blockquote class="gmail_quote"><div>hello</div></blockquote></div>'
)
GMAIL_BETWEEN = (
    '<div class="gmail_quote"><div class="gmail_attr">In no language we know, Desk:<br></div>'
    '<blockquote class="gmail_quote">which?</blockquote><div>the first one here</div>'
    '<blockquote class="gmail_quote">and?</blockquote><div>the second one too</div></div>'
)
OUTLOOK = (
    '<head><style>p{}</style></head><body><div>May we come earlier?</div><div id="Signature">Jane Roe<br>Lab</div>'
    '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Xrom:</b> Desk<br><b>Yent:</b> Tuesday<br></div>'
    "<div>an older mail</div></body>"
)
APPLE = (
    '<body>네 알겠습니다<br><br><div>나의 iPhone에서 보냄</div><div><br><blockquote type="cite">'
    "2026. 4. 14. 오전 9:07, 사무국 &lt;h@c.test&gt; 작성:<br><br></blockquote></div>"
    '<blockquote type="cite"><div>안녕</div></blockquote></body>'
)
THUNDERBIRD_BELOW = (
    '<body><div class="moz-cite-prefix">14 of the month, Desk:<br></div>'
    '<blockquote type="cite" cite="mid:x@y"><p>hello</p></blockquote><p>My answer is below it.</p>'
    '<div class="moz-signature">-- <br>Jane</div></body>'
)
NAVER = (
    '<div>마감이 언제입니까?</div><div><br></div><blockquote style="padding-left:10px; border-left:2px solid #ccc">'
    "<div>사무국의 이전 안내</div></blockquote>"
)
FORWARD = (
    '<div>Is this yours?</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>'
    "From: Desk &lt;h@c.test&gt;<br>Date: Tue, Apr 14, 2026<br>Subject: x<br></div><div>forwarded text</div></div>"
)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (GMAIL, "Is it so?"),
        (GMAIL_BETWEEN, "the first one here\n\nthe second one too"),
        (OUTLOOK, "May we come earlier?"),
        (APPLE, "네 알겠습니다"),
        (THUNDERBIRD_BELOW, "My answer is below it."),
        (NAVER, "마감이 언제입니까?"),
        (FORWARD, "Is this yours?"),
    ],
    ids=["gmail", "gmail between", "outlook", "apple", "thunderbird below", "naver", "forward"],
)
def test_new_text_of_html_is_what_the_author_wrote(page: str, words: str) -> None:
    assert quote.new_text(markup.to_text(page)) == words


def test_older_mail_without_words_above_is_the_letter() -> None:
    page = '<div id="divRplyFwdMsg"><b>From:</b> Desk</div><div>When is the deadline?</div>'

    assert markup.to_text(page) == "From: Desk\nWhen is the deadline?"


def test_block_that_only_indents_is_the_authors_own() -> None:
    page = '<p>The rules say:</p><blockquote style="border:none;padding:0">Ten pages</blockquote><p>Is it so?</p>'

    assert markup.to_text(page) == "The rules say:\n\nTen pages\n\nIs it so?"


def test_named_signature_with_words_below_gets_no_delimiter() -> None:
    page = '<div>Hello</div><div class="gmail_signature">Kim<br>Lab</div><div>And now my question: may I come?</div>'

    assert markup.to_text(page) == "Hello\nKim\nLab\nAnd now my question: may I come?"


def test_letters_of_our_own_in_a_page_are_taken_out() -> None:
    assert markup.to_text("<p>\ue0f0Kim\ue0f1</p>") == "Kim"
