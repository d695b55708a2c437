"""A text as the alphabet of SMS (GSM-7) spells it, and the room it takes there. Pure, for the engine.

channels/sms_text.py does the same to what leaves; tests/knowledge/test_gsm.py proves that both agree.
"""

import re
import unicodedata

# 3GPP TS 23.038: the default alphabet, then the signs that take an escape and cost two.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM = _BASIC | _EXTENDED
_SPELLINGS = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2039\u203a", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022\u2043", "-"),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007", " "),
    **dict.fromkeys("\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("\u2028\u2029", "\n"),
    **{"…": "...", "œ": "oe", "Œ": "OE", "°": "o", "№": "No", "·": ".", "×": "x", "÷": "/", "→": "->"},
    **{"⁄": "/", "º": "o", "²": "2", "³": "3", "½": "1/2", "¼": "1/4", "¾": "3/4", "ˢ": "s", "ᵉ": "e", "ʳ": "r"},
    "‼": "!!",
}
_INNER_SPACE = re.compile(r"(?<=[«‹])\s+|\s+(?=[»›])")


def plain(text: str) -> str:
    """The text in the letters of SMS; what has no spelling there (pictures, other scripts) is left out."""
    return "".join(sign for sign in spelled(text) if sign in _GSM)


def spelled(text: str) -> str:
    """The text in plainer letters where there are some."""
    if _GSM.issuperset(text):
        return text
    return "".join(map(_spelled, _INNER_SPACE.sub("", unicodedata.normalize("NFC", text))))


def _spelled(sign: str) -> str:
    if sign in _GSM:
        return sign
    if sign in _SPELLINGS:
        return _SPELLINGS[sign]
    apart = unicodedata.normalize("NFD", sign)
    return apart[0] if len(apart) == 2 else sign


def segments(text: str) -> int:
    """How many SMS the text takes when it leaves, in plainer letters when these exist and save one.

    One alone holds 160 septets or 70 UTF-16 units, each of several 153 or 67.
    """
    as_it_is = _packed([2 if sign > "\uffff" else 1 for sign in text], alone=70, joined=67)
    letters = spelled(text)
    if not _GSM.issuperset(letters):
        return as_it_is
    return min(as_it_is, _packed([2 if sign in _EXTENDED else 1 for sign in letters], alone=160, joined=153))


def _packed(sizes: list[int], *, alone: int, joined: int) -> int:
    if sum(sizes) <= alone:
        return 1
    count, room = 1, joined
    for size in sizes:
        if size > room:
            count, room = count + 1, joined
        room -= size
    return count
