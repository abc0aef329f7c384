"""What mail programs name in their HTML: quotes, the line above them, older mails, signatures.

A name is more certain than the look of the words. Quotes get the mark > and signatures the
delimiter that a mail written as text has; but where the author's own words could stand inside
or below, nothing is marked and ``bot.inbox.quote`` judges by the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import lxml.html  # type: ignore[import-untyped, unused-ignore]  # lxml ships no types
from lxml import etree

from bot.inbox import attribution

#: Each of them is made into text once.
MAX_QUOTES = 50
#: A signature of more lines is no signature.
MAX_SIGNATURE_LINES = 14

_ATTRIBUTIONS = frozenset({"gmail_attr", "moz-cite-prefix", "reply-intro"})
# From here on to the end of its parent all is an older mail (Outlook, Yahoo, Zoho).
_OLDER_FROM_HERE = frozenset(
    {
        "divRplyFwdMsg",
        "mail-editor-reference-message-container",
        "ms-outlook-mobile-reference-message",
        "OLK_SRC_BODY_SECTION",
        "yahoo_quoted",
        "zmail_extra",
    }
)
_SIGNATURES = frozenset(
    {
        "gmail_signature",
        "moz-signature",
        "Signature",
        "ms-outlook-mobile-signature",
        "protonmail_signature_block",
        "composer_signature",
    }
)
_BORDER = re.compile(r"border-left(?:-width|-style)?\s*:\s*(?!none|0)[^;]{1,80}", re.I)
# Letters for private use stand for the ends of a signature until the text is made.
_BEGINS, _ENDS = "\ue0f0", "\ue0f1"


def unmarked(page: str) -> str:
    """The page without the letters that this module writes itself."""
    return page.replace(_BEGINS, "").replace(_ENDS, "")


def name_quotes(tree: lxml.html.HtmlElement) -> None:
    """Make every block that a program wrote for a quote a ``blockquote type=cite``.

    Before styles are dropped: some programs say it with a line at the left only.
    """
    for element in tree.iter("blockquote"):
        # Blocks that only indent are the author's own.
        named = f"{element.get('class') or ''} {element.get('id') or ''}".lower()
        is_drawn = _BORDER.search((element.get("style") or "")[:1000]) is not None
        if "quote" in named or element.get("cite") is not None or is_drawn:
            element.set("type", "cite")
    _gather_older(tree)


def mark_quotes(tree: lxml.html.HtmlElement, text_of: Callable[[lxml.html.HtmlElement], str]) -> None:
    """Write > before each line of an outermost named quote, as its text form would have.

    ``text_of`` gives the words of an element, without what stands behind it.
    """
    outermost = (quote for quote in list(tree.iter("blockquote")) if _is_outermost(quote))
    for quote in list(islice(outermost, MAX_QUOTES)):
        above = quote.getprevious()
        if above is not None and not (above.tail or "").strip() and _names(above) & _ATTRIBUTIONS:
            _mark(quote, f"{text_of(above).strip()}\n{text_of(quote)}")
            above.drop_tree()
        else:
            _mark(quote, text_of(quote))


def mark_signatures(tree: lxml.html.HtmlElement) -> None:
    """Note where a named signature begins and ends, for ``with_delimiters``."""
    named = (element for element in list(tree.iter(etree.Element)) if _names(element) & _SIGNATURES)
    for element in list(islice(named, MAX_QUOTES)):
        is_inner = any(_names(above) & _SIGNATURES for above in element.iterancestors())
        if element.getparent() is None or is_inner:
            continue
        begins, ends = lxml.html.Element("pre"), lxml.html.Element("pre")
        begins.text, ends.text = _BEGINS, _ENDS
        element.addprevious(begins)
        ends.tail, element.tail = element.tail, None
        element.addnext(ends)


def with_delimiters(lines: Sequence[str]) -> list[str]:
    """Write "-- " (RFC 3676 §4.3) above a signature that ends the author's words; no other mark is left."""
    plain = [unmarked(line).rstrip() for line in lines]
    if not any(_BEGINS in line for line in lines):
        return plain
    announced = attribution.find(plain) or {}
    out: list[str] = []
    for position, line in enumerate(lines):
        if _BEGINS in line and _ends_words(lines, plain, position, announced):
            if out and out[-1] == "--":
                out.pop()  # Gmail writes it outside of what it names
            out.append("-- ")
        if plain[position] or not line:
            out.append(plain[position])
    return out


def _ends_words(
    lines: Sequence[str], plain: Sequence[str], position: int, announced: Mapping[int, int]
) -> bool:
    """Words above, few lines of signature, and then a quote or nothing."""
    last = next((place for place in range(position, len(lines)) if _ENDS in lines[place]), None)
    if last is None or not any(plain[:position]):
        return False
    signature = [line for line in plain[position : last + 1] if line]
    if not signature or len(signature) > MAX_SIGNATURE_LINES or signature[0].strip() in ("--", "—"):
        return False
    below = next((place for place in range(last + 1, len(plain)) if plain[place]), None)
    return below is None or below in announced or plain[below].startswith(">")


def _names(element: lxml.html.HtmlElement) -> set[str]:
    return {element.get("id") or "", *(element.get("class") or "").split()}


def _is_outermost(quote: lxml.html.HtmlElement) -> bool:
    above = quote.iterancestors("blockquote")
    return quote.get("type") == "cite" and not any(other.get("type") == "cite" for other in above)


def _gather_older(tree: lxml.html.HtmlElement) -> None:
    """Put an older mail, and all that follows it, into a quote; with no words above it is the letter."""
    named = (element for element in tree.iter(etree.Element) if _names(element) & _OLDER_FROM_HERE)
    older = next(named, None)
    if older is None or older.getparent() is None or not _has_words_above(tree, older):
        return
    wrapper = lxml.html.Element("blockquote", type="cite")
    following = list(older.itersiblings())
    older.addprevious(wrapper)
    for element in (older, *following):
        wrapper.append(element)


def _has_words_above(tree: lxml.html.HtmlElement, older: lxml.html.HtmlElement) -> bool:
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start" and element is older:
            return False
        words = element.text if event == "start" else element.tail
        is_shown = isinstance(element.tag, str) and element.tag not in ("style", "script", "title", "head")
        if is_shown and (words or "").strip():
            return True
    return False


def _mark(element: lxml.html.HtmlElement, text: str) -> None:
    tail = element.tail
    for child in list(element):
        element.remove(child)
    element.tag = "pre"
    element.attrib.clear()
    lines = [f"> {line}".rstrip() for line in text.strip("\n").split("\n")]
    if len(lines) == 1:
        lines.append(">")  # one marked line alone might be the author's arrow
    element.text = "\n" + "\n".join(lines) + "\n"
    element.tail = tail
