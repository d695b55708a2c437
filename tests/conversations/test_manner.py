"""What people also write: insults, signs, numbers, code. Always an answer, always a way out."""

from __future__ import annotations

import pytest

from tests.engine import Talk, keys, said


@pytest.mark.parametrize("text", ["connard", "espèce de con", "va te faire voir", "bande d'incapables", "fdp"])
def test_insult_gets_calm_and_a_human(talk: Talk, text: str) -> None:
    answer = talk.say(text)
    assert keys(answer) == ["utter_insulted"]
    assert "HUMAIN" in said(answer)


def test_wish_is_heard_behind_an_insult(talk: Talk) -> None:
    """Anger does not take away the right to an answer."""
    [key] = keys(talk.say("putain je cherche une aide alimentaire à Bron bande de nuls"))
    assert key.startswith("utter_search_results")


def test_zero_is_the_menu(talk: Talk) -> None:
    assert keys(talk.say("0")) == ["utter_help"]


@pytest.mark.parametrize(
    ("sign", "key"), [("👍", "utter_affirm_nothing"), ("👎", "utter_deny_nothing"), ("🙏", "utter_thank")]
)
def test_sign_means_what_it_means(talk: Talk, sign: str, key: str) -> None:
    assert keys(talk.say(sign)) == [key]


@pytest.mark.parametrize(
    "text",
    [
        "😀😀😀", "…", "<script>alert(1)</script>", "'; DROP TABLE message; --", "/restart", "//faq_rsa_amount{}",
        "https://example.org/a?b=c", "{need_label}", "%s %d", "a" * 1600, "\u202e\u200b", "🏳️‍🌈" * 200,
    ],
)  # fmt: skip
def test_anything_gets_a_sane_answer(talk: Talk, text: str) -> None:
    """No failure, no echo of what was sent, and a way out."""
    answer = talk.say(text)
    assert said(answer)
    assert "<script" not in said(answer)
    assert "DROP" not in said(answer)
