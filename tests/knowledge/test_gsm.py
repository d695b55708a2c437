"""The engine measures an SMS as the channel sends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import sms_text
from knowledge import gsm

LETTERS = st.text(st.sampled_from("aéêœ…«» €°’½→[È\n1-–\u202f\u200b"), max_size=400)


def test_every_sign_is_spelled_as_it_is_sent() -> None:
    """Each sign of Unicode's first plane, in a text that plainer letters would shorten by a segment."""
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        text = chr(code) + "x" * 70
        spelled = gsm.spelled(text)
        sent = sms_text.fit(text)
        assert sent == (spelled if sms_text.GSM.issuperset(spelled) else text), hex(code)


@given(LETTERS)
def test_the_segments_are_those_that_are_billed(text: str) -> None:
    """Escapes, ligatures, dots and quotes counted as the provider counts them."""
    assert gsm.segments(text) == sms_text.segments(sms_text.fit(text)).count


@pytest.mark.parametrize("text", ["", "a" * 160, "a" * 161, "œ" * 80, "œ" * 81, "€" * 153, "…" * 102, "…" * 103])
def test_the_edges_are_those_that_are_billed(text: str) -> None:
    """The last sign that fits, and the first that does not."""
    assert gsm.segments(text) == sms_text.segments(sms_text.fit(text)).count


@given(st.text(max_size=200))
def test_a_plain_text_is_always_gsm(text: str) -> None:
    """Whatever the text, what is kept of it goes out in GSM-7."""
    assert sms_text.GSM.issuperset(gsm.plain(text))


def test_other_scripts_take_more_room() -> None:
    """A text in another script counts 70 signs, then 67 each."""
    assert [gsm.segments("ж" * count) for count in (70, 71, 134, 135)] == [1, 2, 2, 3]
