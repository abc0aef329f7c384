"""An HTML mail becomes plain text; quoted blocks keep a mark, so that quotes can be told from answers."""

from __future__ import annotations

import html
import re

import lxml.html  # type: ignore[import-untyped, unused-ignore]  # lxml ships no types
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree

#: More than any person writes; the rest is cut before it is parsed.
MAX_HTML_CHARS = 500_000
#: inscriptis and lxml go down the tree by recursion.
MAX_ELEMENTS_DEEP = 200
MAX_QUOTES = 50

_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.I)
_HIDDEN = re.compile(r"<(style|script|title)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]*>", re.I)
_TAG = re.compile(r"<[^<>]*>")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^<>]*\?>", re.I)
_BLANK_LINES = re.compile(r"\n(?:[ \t\xa0]*\n){2,}")
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_links=False, display_images=False)


def declared_charset(content: bytes) -> str | None:
    """The charset that the page names itself, when the mail does not."""
    found = _META_CHARSET.search(content[:2048])
    return found[1].decode("ascii") if found else None


def to_text(page: str) -> str:
    """The words of a page as a reader sees them; never raises, linear on hostile pages."""
    page = _XML_DECLARATION.sub("", page[:MAX_HTML_CHARS]).replace("\x00", "")
    try:
        text = _rendered(page)
    # A page that lxml or inscriptis cannot take still has words; losing the mail over it would be worse.
    except Exception:
        text = _stripped(page)
    lines = "\n".join(line.rstrip() for line in text.replace("\xa0", " ").split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip("\n")


def _rendered(page: str) -> str:
    if not page.strip():
        return ""
    tree = lxml.html.document_fromstring(page)
    if _depth(tree) > MAX_ELEMENTS_DEEP:
        return _stripped(page)
    _mark_quotes(tree)
    return _text_of(tree)


def _text_of(tree: lxml.html.HtmlElement) -> str:
    return str(get_text(lxml.html.tostring(tree, encoding="unicode"), _CONFIG))


def _depth(tree: lxml.html.HtmlElement) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _mark_quotes(tree: lxml.html.HtmlElement) -> None:
    """Write > before each line of an outermost quoted block, as its text form would have."""
    for quote in _quotes(tree)[:MAX_QUOTES]:
        tail = quote.tail
        quote.tail = None
        lines = _text_of(quote).strip("\n").split("\n")
        for child in list(quote):
            quote.remove(child)
        quote.tag = "pre"
        quote.attrib.clear()
        quote.text = "\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n"
        quote.tail = tail


def _quotes(tree: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    # Blocks that only indent are the author's own; only those that clients write for a quote count.
    found = [element for element in tree.iter("blockquote") if _is_quote(element)]
    return [element for element in found if not any(map(_is_quote, element.iterancestors("blockquote")))]


def _is_quote(element: lxml.html.HtmlElement) -> bool:
    return element.get("type") == "cite" or "quote" in (element.get("class") or "")


def _stripped(page: str) -> str:
    without = _TAG.sub("", _BREAKS.sub("\n", _HIDDEN.sub("", page)))
    return html.unescape(without)
