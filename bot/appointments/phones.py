"""Telephone numbers as people and files write them: which one an SMS can reach, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberType

Fault = Literal["", "none", "invalid", "landline", "foreign", "unwanted"]
"""`unwanted` is a number that could be reached, of somebody who told their service that they want no SMS."""

FRANCE = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF")
"""France and its departments overseas, whose mobiles are written with ten digits as well."""
_FICTION = "+3363998"
"""The mobiles that ARCEP keeps for films and trials: no network has them, and the library knows it."""
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True)
class Phone:
    """`e164` is "" when no number can be read; `fault` says why no SMS is sent, "" when one can be."""

    e164: str
    fault: Fault


def read(written: str, countries: tuple[str, ...] = FRANCE) -> Phone:
    """A number as somebody wrote it: « 06 39 98 00 01 », « +33 (0)6… », « 0692… » of Réunion."""
    text = written.strip()
    if not any(sign.isdigit() for sign in text):
        return Phone("", "none" if not text else "invalid")
    for country in countries:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if e164.startswith(_FICTION) and phonenumbers.is_possible_number(number):
            return Phone(e164, "")
        if phonenumbers.is_valid_number(number):
            return _judged(number, e164, countries)
    return Phone("", "invalid")


def _judged(number: phonenumbers.PhoneNumber, e164: str, countries: tuple[str, ...]) -> Phone:
    if phonenumbers.region_code_for_number(number) not in countries:
        return Phone(e164, "foreign")
    if phonenumbers.number_type(number) not in _MOBILE:
        return Phone(e164, "landline")
    return Phone(e164, "")
