"""Takes numbers that say who someone is out of a text: some before it is kept, all before the engine sees it."""

from __future__ import annotations

import re

import phonenumbers
from stdnum import luhn
from stdnum.fr import nir

PHONE, NIR, CARD = "[téléphone]", "[numéro de sécurité sociale]", "[numéro de carte]"

_FEWEST = 9
_DIGITS = re.compile(r"(?<![\w+])\+?\d(?:[ .\-/]?[\dAB]){8,18}(?!\w)", re.IGNORECASE)
"""Digits with at most one sign between two of them: may be anything."""
_NIR_SHAPE = re.compile(
    r"(?<!\d)[1-478][ .\-/]?\d\d[ .\-/]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .\-/]?(?:\d\d|2[AB])[ .\-/]?\d{3}[ .\-/]?\d{3}"
    r"(?:[ .\-/]?\d\d(?![ .\-/]?\d))?(?!\d)",
    re.IGNORECASE,
)
"""Thirteen or fifteen digits that begin like one; a mistyped key does not make it harmless."""
_SIGN = r"[\s.,;:_\-/*·•]"
_FRENCH = re.compile(
    rf"(?:(?<!\d)(?:(?:\+|00){_SIGN}{{0,2}}33{_SIGN}{{0,3}}(?:\(0\){_SIGN}{{0,2}}|0)?|\(?0)|(?<!\w)[oO])"
    rf"[1-9]\)?(?P<gap>{_SIGN}{{0,3}})\d\d(?:(?P=gap)\d\d){{3}}(?!\d)"
)
"""A French number by pairs, whatever stands between them, as long as it is always the same. Dates are not like that."""
_DATE = re.compile(
    r"(?<!\d)(?:(?:0?[1-9]|[12]\d|3[01])([ .\-/])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d"
    r"|(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|1[0-2])/\d\d(?!/)"
    r"|(?:19|20)\d\d-(?:0[1-9]|1[0-2])-\d\d)(?!\d)"
)
_POSTCODES = re.compile(r"\d{5}(?:[ .\-/]\d{5})+")


def conceal(text: str) -> str:
    """The text as it may be kept: social-security and card numbers replaced by what they are."""
    if _digits(text) < _FEWEST:
        return text
    text = _NIR_SHAPE.sub(NIR, text)
    return _DIGITS.sub(lambda found: _long(found.group()) or found.group(), text)


def mask(text: str) -> str:
    """The text as the engine may see it: phone numbers replaced as well; dates and prices stay."""
    if _digits(text) < _FEWEST:
        return text
    text = conceal(text)
    text = _FRENCH.sub(PHONE, text)
    text = _DIGITS.sub(lambda found: PHONE if _is_phone(found.group()) else found.group(), text)
    return _mask_unusual_phones(text) if _digits(text) >= _FEWEST else text


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _long(number: str) -> str | None:
    if _POSTCODES.fullmatch(number):
        return None
    digits = re.sub(r"[ .\-/]", "", number).upper()
    if len(digits) in (13, 15) and nir.is_valid(digits.ljust(15, "0")):
        return NIR
    if 13 <= len(digits) <= 19 and digits.isdigit() and luhn.is_valid(digits):
        return CARD
    return None


def _is_phone(number: str) -> bool:
    if _DATE.search(number):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, "FR"))
    except phonenumbers.NumberParseException:
        return False


def _mask_unusual_phones(text: str) -> str:
    """Those that only a reader of all countries' habits finds: brackets, foreign numbers, digits one by one."""
    found = phonenumbers.PhoneNumberMatcher(text, "FR", leniency=phonenumbers.Leniency.VALID)
    for match in sorted(found, key=lambda match: match.start, reverse=True):
        if not _DATE.search(match.raw_string):
            text = text[: match.start] + PHONE + text[match.end :]
    return text
