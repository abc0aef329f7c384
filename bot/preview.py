"""A campaign as a folder: every mail as its reader sees it, and an index in which each can be ticked off.

It holds results, so it is made for its owner alone.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy.orm import Session

from bot.campaigning import Looked
from faq.contest import Contest, Language
from faq.wording import clock_text
from mailer import campaign as campaigns
from mailer import freeze
from mailer.campaign_tables import Campaign, Recipient
from mailer.errors import ComposeError
from mailer.letter import Identity
from mailer.result_words import TOLD

INDEX = "index.html"

_PAGE = """<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><title>{title}</title><style>
body{{font-family:sans-serif;margin:2rem;max-width:72rem}}
table{{border-collapse:collapse;width:100%}}
td,th{{padding:.4rem .6rem;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}}
tr.seen{{background:#e8f5e9}} code{{font-size:.85em}} .fault{{color:#b00020}}
@media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}tr.seen{{background:#12351a}}a{{color:#8ab4f8}}}}
</style></head><body>
<h1>{title}</h1>
<p>{summary}</p>
{faults}<p><strong id="ticked">0</strong> / {count} 통 확인 &middot; ticked</p>
<table><thead><tr><th>확인</th><th>#</th><th>팀</th><th>받는 사람</th><th>결정</th><th>발표 시각</th>
<th>첨부</th><th>메일</th></tr></thead><tbody>
{rows}
</tbody></table>
<script>
// What was ticked stays in this browser, for this very content: a change begins anew.
const key = "campaign:{content}";
const seen = new Set(JSON.parse(localStorage.getItem(key) || "[]"));
const boxes = [...document.querySelectorAll("input[type=checkbox]")];
function show() {{
  boxes.forEach(box => {{
    box.checked = seen.has(box.value);
    box.closest("tr").classList.toggle("seen", box.checked);
  }});
  document.getElementById("ticked").textContent = boxes.filter(box => box.checked).length;
}}
boxes.forEach(box => box.addEventListener("change", () => {{
  box.checked ? seen.add(box.value) : seen.delete(box.value);
  localStorage.setItem(key, JSON.stringify([...seen]));
  show();
}}));
show();
</script></body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What was written."""

    index: Path
    #: Mails, each as .html, .txt and .eml.
    mails: int


def write(session: Session, looked: Looked, folder: Path, *, contest: Contest, identity: Identity) -> Preview:
    """Write every mail of a campaign into ``folder`` (made for its owner alone), with an index."""
    campaign = campaigns.find(session, looked.campaign_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows, count = [], 0
    for one in campaigns.recipients(session, campaign.id):
        written = ""
        if one.decision in TOLD:
            count += 1
            try:
                mail = freeze.mail_of(one, campaign, contest, identity, campaigns.file_of(session, one))
            except ComposeError as error:
                written = f'<span class="fault">{html.escape(str(error))}</span>'
            else:
                written = _mail(folder, one, mail.body)
        rows.append(_row(session, one, written))
    page = _PAGE.format(
        title=html.escape(f"결과 발송 {campaign.id}번 ({campaign.round})"),
        summary=_summary(campaign, looked),
        faults="".join(f'<p class="fault">{html.escape(fault)}</p>\n' for fault in looked.faults),
        count=count,
        rows="\n".join(rows),
        content=looked.content,
    )
    index = folder / INDEX
    _put(index, page.encode())
    return Preview(index=index, mails=count)


def _summary(campaign: Campaign, looked: Looked) -> str:
    sender = html.escape(f"{looked.manifest['sender']['address']}")
    release = html.escape(clock_text(campaign.release_at, Language.KO))
    return f"{release} &middot; {sender} &middot; {looked.count}통 &middot; <code>{looked.content}</code>"


def _mail(folder: Path, one: Recipient, body: bytes) -> str:
    stem = f"{one.number:04d}"
    message = message_from_bytes(body, policy=policy.default)
    _put(folder / f"{stem}.eml", body)
    links = [f'<a href="{stem}.html">HTML</a>', f'<a href="{stem}.txt">text</a>']
    for subtype in ("html", "plain"):
        part = message.get_body((subtype,))
        text = str(part.get_content()) if part is not None else ""
        suffix = "html" if subtype == "html" else "txt"
        head = "" if subtype == "html" else f"{_head(message)}\n\n"
        _put(folder / f"{stem}.{suffix}", (head + text).encode())
    return " ".join(links)


def _head(message: EmailMessage) -> str:
    return "\n".join(f"{name}: {message[name]}" for name in ("From", "To", "Subject"))


def _row(session: Session, one: Recipient, written: str) -> str:
    file = campaigns.file_of(session, one)
    slot = clock_text(one.slot_at, Language.KO) if one.slot_at else ""
    # The digest of the mail is in the key of the page; the line is enough within it.
    box = f'<input type="checkbox" value="{one.id}" aria-label="{one.number}">' if written else ""
    cells = _escaped(one.team, one.address, one.decision.value, slot, file.name if file else "")
    return f"<tr><td>{box}</td><td>{one.number}</td>{''.join(cells)}<td>{written}</td></tr>"


def _escaped(*cells: str) -> Iterable[str]:
    return (f"<td>{html.escape(cell)}</td>" for cell in cells)


def _put(path: Path, content: bytes) -> None:
    """Write a file that nobody else on this machine may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
