"""Check 18: who is not proven asks for his own data; the answer is the general one, and staff see who asks."""

import json

import pytest

from tests.scenarios.conftest import Start
from tests.scenarios.letters import letter, send
from tests.scenarios.passing import pass_through, wait_for_mail
from tests.scenarios.serving import STAFF
from tests.servers.sink import Caught, Sink

OUR_SERVER = "mx.contest.test"
#: A phrasing of the 2020 edition that only a look into the records would answer.
MINE = "어제 기획안 올렸는데 아무 알림이 없어요. 정상 접수된 거 맞나요?"
PASS = "dmarc=pass header.from=example.org"
#: What stands above the mail, and the level that it gives.
CASES = {
    "proven": (f"{OUR_SERVER}; {PASS}", "proven"),
    "fail": (f"{OUR_SERVER}; dmarc=fail header.from=example.org", "refuted"),
    "nothing": ("", "unproven"),
    "forged": (f"mx.example.net; {PASS}", "unproven"),
    "below": (f"{OUR_SERVER}; none\r\nAuthentication-Results: {OUR_SERVER}; {PASS}", "unproven"),
}


def words(mail: Caught) -> str:
    """The plain text of a mail."""
    part = mail.message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.long
def test_check_18_generic_answer_and_a_log_for_whoever_is_not_proven(
    sqlite_url: str, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink, AUTHSERV_ID=OUR_SERVER)
    for name, (field, _) in CASES.items():
        sender = f"{name}@example.org"
        above = f"Authentication-Results: {field}\r\n".encode() if field else b""
        send(desk.smtp_port, above + letter(sender=sender, text=MINE), sender=sender)
    pass_through(desk, sink)
    told = [
        json.loads(desk.command("inquiries", "show", str(number), "--json").stdout)
        for number in range(1, len(CASES) + 1)
    ]
    answers = {
        words(mail).replace(f"{number}번", "번")
        for number, name in enumerate(CASES, 1)
        for mail in wait_for_mail(sink, f"{name}@example.org")
    }
    logged = [[event["data"] for event in one["events"] if event["kind"] == "asks_personal"] for one in told]
    notices = [words(mail) for mail in wait_for_mail(sink, STAFF, len(CASES))]

    assert [one["identity"] for one in told] == [level for _, level in CASES.values()]
    assert len(answers) == 1
    assert [[(one["identity"], one["may_hear"]) for one in each] for each in logged] == [
        [(level, level == "proven")] for _, level in CASES.values()
    ]
    assert ["개인 정보는 알려 주지 마세요" in text for text in notices] == [False, True, True, True, True]
