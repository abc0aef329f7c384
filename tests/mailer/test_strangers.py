"""No other team in a mail, whatever put it there."""

from __future__ import annotations

import pytest

from faq.contest import Language, Person, Stage
from mailer.attach import Attachment
from mailer.compose import compose
from mailer.letter import Letter
from mailer.strangers import Marks, Watch
from mailer.tables import MailKind
from tests.mailer.letters import IDENTITY, NOON

KEY = (Stage.NOT_SHORTLISTED, Language.KO)
OURS = Marks(number=2, team="한들 연구실", address="lab@example.org", contact=None, file=None)
OTHERS = (
    Marks(number=3, team="두리 AI", address="duri@example.org", contact="김하나", file="두리.pdf"),
    # Its name is a word that the letter itself has.
    Marks(number=4, team="결과", address="result@example.org", contact=None, file=None),
)
SHARED = {KEY: "결과 안내\n안녕하세요.\n심사 결과를 알려 드립니다."}


def mail(body: str, *, to: str = OURS.address, attachments: tuple[Attachment, ...] = ()) -> bytes:
    letter = Letter(
        kind=MailKind.RESULT,
        recipient=Person(address=to, name=None, language=Language.KO),
        subject="결과 안내",
        template="letter",
        data={"body": body, "staff": "담당자", "question": None, "greeting": None},
        automatic=True,
        attachments=attachments,
    )
    return compose(letter, row_id=1, identity=IDENTITY, now=NOON).body


def faults(raw: bytes) -> list[str]:
    shared = {KEY: SHARED[KEY] + "\n" + "결과 " * 9}
    return list(Watch([OURS, *OTHERS], shared).faults(raw, OURS, KEY))


def test_mail_of_its_own_team_is_clean() -> None:
    assert faults(mail("한들 연구실 팀에 심사 결과를 알려 드립니다. lab@example.org")) == []


@pytest.mark.parametrize("told", ["두리 AI", "두리 ai", "duri@example.org", "김하나", "두리.pdf"])
def test_mail_that_names_another_team_is_found(told: str) -> None:
    assert "line 2: its mail names what belongs to line 3" in faults(mail(f"축하합니다, {told} 팀."))


def test_mail_to_another_address_is_found() -> None:
    found = faults(mail("알려 드립니다.", to="duri@example.org"))

    assert "line 2: the mail is addressed to another person" in found


def test_file_that_names_another_team_is_found() -> None:
    file = Attachment(name="guide.txt", type="text/plain", content="두리 AI 팀 안내".encode())

    assert faults(mail("안내", attachments=(file,))) == ["line 2: its file names what belongs to line 3"]


def test_file_by_the_name_of_another_team_is_found() -> None:
    file = Attachment(name="두리.pdf", type="application/pdf", content=b"%PDF")

    assert faults(mail("안내", attachments=(file,))) == ["line 2: its mail names what belongs to line 3"]
