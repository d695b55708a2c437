"""Takes numbers that say who someone is out of a text before the engine sees it."""

from __future__ import annotations

import re

import phonenumbers
from stdnum import luhn
from stdnum.fr import nir

_DIGITS = re.compile(r"(?<![\w+])\+?\d(?:[ .\-/]?[\dAB]){8,18}(?!\w)", re.IGNORECASE)

PHONE, NIR, CARD = "[téléphone]", "[numéro de sécurité sociale]", "[numéro de carte]"


def mask(text: str) -> str:
    """The text with phone, social-security and card numbers replaced by what they are."""
    if sum(character.isdigit() for character in text) < 9:
        return text
    return _DIGITS.sub(lambda found: _kind(found.group()) or found.group(), text)


def _kind(number: str) -> str | None:
    digits = re.sub(r"[ .\-/]", "", number).upper()
    if (len(digits) in (13, 15) and nir.is_valid(digits.ljust(15, "0"))) or _looks_like_nir(digits):
        return NIR
    if 13 <= len(digits) <= 19 and digits.isdigit() and luhn.is_valid(digits):
        return CARD
    try:
        phone = phonenumbers.parse(number, "FR")
    except phonenumbers.NumberParseException:
        return None
    return PHONE if phonenumbers.is_possible_number(phone) else None


def _looks_like_nir(digits: str) -> bool:
    """Thirteen to fifteen digits that begin like one; a mistyped key does not make it harmless."""
    return bool(re.fullmatch(r"[1-478]\d{2}(0[1-9]|1[0-2]|[2-9]\d)(\d{2}|2[AB])\d{6}(\d{2})?", digits))
