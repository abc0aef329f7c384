"""The page that ends reminders, in both languages at once: nobody is asked who he is."""

from __future__ import annotations

from enum import StrEnum

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from faq.contest import Language
from mailer.letter import Identity


class Said(StrEnum):
    """What the page has to say."""

    ASK = "ask"
    DONE = "done"
    UNKNOWN = "unknown"
    #: The database is away.
    LATER = "later"


_WORDS = {
    Said.ASK: (
        ("알림을 그만 받으시겠습니까?", "아래 단추를 누르시면 일정 알림 메일을 더 보내지 않습니다."),
        ("Stop the reminders?", "Press the button and we will send you no more reminders of dates."),
    ),
    Said.DONE: (
        ("알림을 껐습니다.", "일정 알림 메일을 더 보내지 않습니다."),
        ("The reminders have ended.", "We will send you no more reminders of dates."),
    ),
    Said.UNKNOWN: (
        ("쓸 수 없는 주소입니다.", "받으신 메일의 링크를 그대로 열어 주시거나, 그 메일에 답장해 주세요."),
        ("This link does not work.", "Please open the link as it stands in our mail, or reply to that mail."),
    ),
    Said.LATER: (
        ("지금은 처리할 수 없습니다.", "잠시 뒤에 다시 눌러 주세요. 아직 바뀐 것은 없습니다."),
        ("This does not work right now.", "Please try again in a while. Nothing has changed yet."),
    ),
}
_STAYS = (
    "심사 결과와 보내신 문의의 답변은 알림과 상관없이 보내 드립니다.",
    "Results and answers to your questions will reach you all the same.",
)
_PAGE = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True).from_string(
    """<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ korean[0] }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 17px/1.6 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", sans-serif; margin: 0; }
main { max-width: 34rem; margin: 0 auto; padding: 2.5rem 1.25rem; }
h1 { font-size: 1.35rem; line-height: 1.4; margin: 0 0 .5rem; }
section { margin: 0 0 2rem; }
p { margin: 0 0 .5rem; word-break: keep-all; }
form { margin: 0 0 2rem; }
small { color: GrayText; font-size: .9rem; }
button { font: inherit; font-weight: 600; padding: .7rem 1.4rem; min-height: 44px; border: 0;
  border-radius: 8px; background: #1f4fd8; color: #fff; cursor: pointer; }
button:focus-visible { outline: 3px solid #f5a623; outline-offset: 2px; }
</style>
</head>
<body>
<main>
<section><h1>{{ korean[0] }}</h1><p>{{ korean[1] }}</p><p>{{ stays[0] }}</p></section>
<section lang="en"><h1>{{ english[0] }}</h1><p>{{ english[1] }}</p><p>{{ stays[1] }}</p></section>
{% if asks %}<form method="post">
<input type="hidden" name="List-Unsubscribe" value="One-Click">
<button type="submit">알림 끄기 · Stop reminders</button>
</form>
{% endif %}<p><small>{{ name }} · {{ name_en }}</small></p>
</main>
</body>
</html>
"""
)


def page(identity: Identity, said: Said) -> str:
    """The whole page as HTML."""
    korean, english = _WORDS[said]
    return _PAGE.render(
        korean=korean,
        english=english,
        stays=_STAYS,
        asks=said in (Said.ASK, Said.LATER),
        name=identity.name[Language.KO],
        name_en=identity.name[Language.EN],
    )
