"""Text as a phone receives it: one alphabet, counted in segments, never cut in the middle of something.

Pure, and of Python 3.10: the engine reads it too, so that it measures what the channel sends.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

import regex

from channels.base import Reply

# 3GPP TS 23.038: the default alphabet, then its extension table, whose characters take an escape and cost two.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
GSM = BASIC | EXTENDED

SINGLE = {"GSM-7": 160, "UCS-2": 70}
JOINED = {"GSM-7": 153, "UCS-2": 67}
# A provider takes 1,600 characters in one call: ten joined segments of GSM-7, or 23 of UCS-2.
LONGEST = {"GSM-7": 10, "UCS-2": 23}

SPELLINGS = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2039\u203a", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022\u2043", "-"),
    **dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
    ),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    "\u0131": "i",  # Turkish writes it so where its own letter is lacking
    **dict.fromkeys("\u2028\u2029", "\n"),
    **{
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
        "°": "o",
        "№": "No",
        "·": ".",
        "×": "x",
        "÷": "/",
        "→": "->",
        "⁄": "/",
        "º": "o",
    },
    **{"²": "2", "³": "3", "½": "1/2", "¼": "1/4", "¾": "3/4", "ˢ": "s", "ᵉ": "e", "ʳ": "r", "‼": "!!"},
}
INNER_SPACE = regex.compile(r"(?<=[«‹])\s+|\s+(?=[»›])")
GRAPHEME = regex.compile(r"\r|\n|\X")
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# What may not be cut: a phone number with its spaces; a sign of a script without spaces; a word or a link.
ATOM = regex.compile(
    rf"[^\s\d+{UNSPACED}]*\+?\d(?:[ \u00a0\u202f.\-\u2011]?\(?\d\)?){{7,}}[^\s{UNSPACED}]*"
    rf"|(?=[{UNSPACED}])\X"
    rf"|(?:[^\s{UNSPACED}]|[\u00a0\u202f])+"
)


@dataclass(frozen=True)
class Segments:
    """`units`: septets in GSM-7, UTF-16 code units in UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    count: int
    units: int


def segments(text: str) -> Segments:
    """How a text is billed, packed as Twilio's own segment calculator does."""
    if GSM.issuperset(text):
        return _packed("GSM-7", [2 if sign in EXTENDED else 1 for sign in text])
    return _packed("UCS-2", [_utf16_units(grapheme) for grapheme in GRAPHEME.findall(text)])


def _packed(encoding: Literal["GSM-7", "UCS-2"], sizes: list[int]) -> Segments:
    units = sum(sizes)
    if units <= SINGLE[encoding]:
        return Segments(encoding, 1, units)
    count, room = 1, JOINED[encoding]
    for size in sizes:
        if size > room:
            count, room = count + 1, JOINED[encoding]
        room -= size
    return Segments(encoding, count, units)


def _utf16_units(text: str) -> int:
    return len(text) + sum(sign > "\uffff" for sign in text)


def fit(text: str) -> str:
    """The text in plainer letters, if these all exist in GSM-7 and save a segment; else the text as it is."""
    if GSM.issuperset(text):
        return text
    plainer = spelled(text)
    saves = GSM.issuperset(plainer) and segments(plainer).count < segments(text).count
    return plainer if saves else text


def plain(text: str) -> str:
    """The text in the letters of SMS; what has no spelling there (pictures, other scripts) is left out."""
    return "".join(sign for sign in spelled(text) if sign in GSM)


def spelled(text: str) -> str:
    """The text in plainer letters where there are some."""
    return "".join(map(_spelled, INNER_SPACE.sub("", unicodedata.normalize("NFC", text))))


def _spelled(sign: str) -> str:
    if sign in GSM:
        return sign
    if sign in SPELLINGS:
        return SPELLINGS[sign]
    apart = unicodedata.normalize("NFD", sign)
    # Letters with two marks are Vietnamese words that plainer letters would change.
    return apart[0] if len(apart) == 2 else sign


def clip(text: str, segments: int) -> str:
    """The longest beginning that fits, then three dots; no word, link, number or grapheme is cut."""
    if _count(text) <= segments:
        return text
    edges = set(accumulate(len(grapheme) for grapheme in GRAPHEME.findall(text)))
    ends = [0, *(atom.end() for atom in ATOM.finditer(text) if atom.end() in edges)]
    fitting = bisect_right(ends, segments, key=lambda end: _count(_dotted(text[:end])))
    return _dotted(text[: ends[max(fitting - 1, 0)]])


def _dotted(text: str) -> str:
    """The dots stand apart, so that a phone does not take them for the end of a link."""
    return f"{text} {'...' if GSM.issuperset(text) else '…'}".lstrip()


def _count(text: str) -> int:
    return segments(text).count


def render(reply: Reply) -> str:
    """Text, numbered choices and footer, one under the other."""
    choices = (f"{number}. {choice.title}" for number, choice in enumerate(reply.choices, start=1))
    return "\n".join(part for part in (reply.text, *choices, reply.footer) if part)


def body(reply: Reply) -> str:
    """The one way from a reply to the text of a message: rendered, fitted, within what a provider takes."""
    whole = _sendable(reply)
    longest = LONGEST[segments(whole).encoding]
    if _count(whole) <= longest:
        return whole
    rest = _count(_sendable(replace(reply, text="")))
    shorter = replace(reply, text=clip(fit(reply.text), max(longest - rest, 1)))
    return clip(_sendable(shorter), longest)


def _sendable(reply: Reply) -> str:
    whole = render(reply).replace("\r\n", "\n").strip()
    return fit(whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
