from __future__ import annotations

import pytest

from mailer import token

SECRET = b"a secret of the tests, 32 octets"


@pytest.mark.parametrize("id", [0, 1, 12, 9_223_372_036_854_775_807])
def test_sign_reads_back(id: int) -> None:
    signed = token.sign("inquiry", id, SECRET)

    assert token.read(signed, SECRET) == token.Token(kind="inquiry", id=id)
    assert len(signed) <= 64


def test_read_survives_a_change_of_case() -> None:
    assert token.read(token.sign("bounces", 7, SECRET).upper(), SECRET) == token.Token(kind="bounces", id=7)


@pytest.mark.parametrize(
    "forged",
    [
        token.sign("bounces", 7, b"another secret"),
        token.sign("bounces", 7, SECRET).replace("7.", "8."),
        token.sign("bounces", 7, SECRET).replace("bounces", "inquiry"),
        token.sign("bounces", 7, SECRET) + "a",
        token.sign("bounces", 7, SECRET).replace("+7", "+07"),
        token.sign("bounces", 7, SECRET)[:-1],
        "bounces+7",
        "bounces+7.",
        "",
        "+",
        "ｂounces+7.aaaaaaaaaaaaaaaa",
        "bounces+٧.aaaaaaaaaaaaaaaa",
        "bounces+" + "9" * 5000,
    ],
)
def test_read_refuses_what_we_did_not_sign(forged: str) -> None:
    assert token.read(forged, SECRET) is None


@pytest.mark.parametrize(("kind", "id"), [("", 1), ("a+b", 1), ("UP", 1), ("x" * 21, 1), ("bounces", -1)])
def test_sign_refuses_what_could_not_be_read(kind: str, id: int) -> None:
    with pytest.raises(ValueError, match="not a token"):
        token.sign(kind, id, SECRET)


def test_message_id_is_recognised_as_ours() -> None:
    made = token.message_id(12, SECRET, "desk.test")

    assert token.is_ours(made, SECRET, "desk.test")
    assert token.is_ours(made.upper(), SECRET, "Desk.test")
    assert token.row_of(f" {made}\r\n", SECRET, "desk.test") == 12


@pytest.mark.parametrize(
    "other", ["<m12.aaaaaaaaaaaaaaaa@desk.test>", "<x@desk.test>", "", "<m12@desk.test>"]
)
def test_message_id_that_only_looks_like_ours_is_not(other: str) -> None:
    assert not token.is_ours(other, SECRET, "desk.test")


def test_message_id_of_another_desk_is_not_ours() -> None:
    assert not token.is_ours(token.message_id(12, b"another secret", "desk.test"), SECRET, "desk.test")
    assert not token.is_ours(token.message_id(12, SECRET, "other.test"), SECRET, "desk.test")


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="empty secret"):
        token.sign("bounces", 1, b"")
