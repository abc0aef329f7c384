"""An HTML mail becomes plain text; quotes and signatures keep a mark, as in a mail written as text."""

from __future__ import annotations

import html
import re

import lxml.html  # type: ignore[import-untyped, unused-ignore]  # lxml ships no types
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree

from bot.inbox import marks

#: More than any person writes; the rest is cut before it is parsed.
MAX_HTML_CHARS = 500_000
#: Lists within lists are indented, which may make more of a page than it was.
MAX_TEXT_CHARS = 1_000_000
#: inscriptis and lxml go down the tree by recursion.
MAX_ELEMENTS_DEEP = 200
#: lxml compares each attribute of an element with all the others; a picture may lie in one.
MAX_TAG_CHARS = 2_000
#: Each cell is padded to the widest of its column: above so much, a table is read line by line.
MAX_TABLE_CHARS = 200_000

_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.I)
_HIDDEN = re.compile(r"<(style|script|title)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]*>", re.I)
_TAG = re.compile(r"<[^<>]*>")
_LONG_TAG = re.compile(rf"<(/?[A-Za-z][\w:-]{{0,30}})\b[^<>]{{{MAX_TAG_CHARS},}}>?")
# What decides whether words are seen. Margins and indents may be of any size, and so would be the text.
_SEEN = re.compile(r"(?:display|white-space)\s*:\s*[a-z-]{1,20}", re.I)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^<>]*\?>", re.I)
_BLANK_LINES = re.compile(r"\n(?:[ \t\xa0]*\n){2,}")
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_links=False, display_images=False)


def declared_charset(content: bytes) -> str | None:
    """The charset that the page names itself, when the mail does not."""
    found = _META_CHARSET.search(content[:2048])
    return found[1].decode("ascii") if found else None


def to_text(page: str) -> str:
    """The words of a page as a reader sees them; never raises, linear on hostile pages."""
    page = _XML_DECLARATION.sub("", page[:MAX_HTML_CHARS])
    page = marks.unmarked(page.replace("\x00", ""))
    page = _LONG_TAG.sub(r"<\1>", page)
    try:
        text = _rendered(page)
    # A page that lxml or inscriptis cannot take still has words; losing the mail over it would be worse.
    except Exception:
        text = _stripped(page)
    shown = text[:MAX_TEXT_CHARS].replace("\xa0", " ")
    lines = "\n".join(marks.with_delimiters(shown.split("\n")))
    return _BLANK_LINES.sub("\n\n", lines).strip("\n")


def _rendered(page: str) -> str:
    if not page.strip():
        return ""
    tree = lxml.html.document_fromstring(page)
    if _depth(tree) > MAX_ELEMENTS_DEEP:
        return _stripped(page)
    marks.name_quotes(tree)
    _flatten(tree)
    marks.mark_quotes(tree, _text_of)
    marks.mark_signatures(tree)
    return _text_of(tree)


def _text_of(tree: lxml.html.HtmlElement) -> str:
    return str(get_text(lxml.html.tostring(tree, encoding="unicode", with_tail=False), _CONFIG))


def _depth(tree: lxml.html.HtmlElement) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _flatten(tree: lxml.html.HtmlElement) -> None:
    """Drop what only moves words about, and take tables for lines where drawing them costs too much."""
    for element in tree.xpath("//*[@style]"):
        element.set("style", ";".join(_SEEN.findall(element.get("style"))))
    tables, rows = int(tree.xpath("count(//table)")), int(tree.xpath("count(//tr | //td)"))
    if tables and len(tree.text_content()) * max(rows, 1) * tables > MAX_TABLE_CHARS:
        for element in tree.iter("table", "tr", "td", "th"):
            element.tag = "div"


def _stripped(page: str) -> str:
    without = _TAG.sub("", _BREAKS.sub("\n", _HIDDEN.sub("", page)))
    return html.unescape(without)
