"""Takes numbers that say who someone is out of a text: some before it is kept, all before the engine sees it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

import phonenumbers
from stdnum.fr import nir

PHONE, NIR, CARD = "[téléphone]", "[numéro de sécurité sociale]", "[numéro de carte]"

Span = tuple[int, int, str]
"""Where a number begins, where it ends, what to write instead."""

_FEWEST = 9
_SHORTEST = 13
"""Length of the shortest number that is never kept: all digits, but for one of a Corsican."""
_LONGEST_PHONE = 15
_SIGN = r"[\s.,;:_\-/*·•]"
_PLAIN = {"−": "-", "،": ",", "٫": ",", "\ufe0f": " ", "\u20e3": " "}
_PLAIN_KINDS = {"Zs": " ", "Cf": " ", "Pd": "-"}
"""Spaces and dashes of every width, and marks nobody sees, by Unicode category."""

_RUN = re.compile(
    rf"\d(?:{_SIGN}{{0,3}}(?:\d|(?:(?<=2)|(?<=2{_SIGN}))[AB](?={_SIGN}{{0,3}}\d)))*",
    re.IGNORECASE,
)
"""Digits as long as no more than three signs stand between two of them, and the letter of a Corsican department."""
_ABROAD = re.compile(rf"\+{_SIGN}{{0,2}}\(?$")
_COMPANY = re.compile(
    rf"(?<=sire[nt])(\D{{0,25}})(\d(?:{_SIGN}{{0,3}}\d){{8}}(?:(?:{_SIGN}{{0,3}}\d){{5}})?)(?!\d)", re.IGNORECASE
)
"""The number of a company, after its name: nine digits or fourteen."""
_NIR_SHAPE = re.compile(
    r"[1-478]\d\d(?:0[1-9]|1[0-2]|20|3\d|4[0-2]|[5-9]\d)(?:0[1-9]|[1-9]\d|2[AB])\d{6}(?:0[1-9]|[1-9]\d)?"
)
"""Sex, year, month (or what INSEE writes when the month is not known), department, town, rank, key."""
_NIR_CUTS = {1, 3, 5, 7, 10, 13}
_CARDS = {
    16: re.compile(r"[3-6]|2[2-7]"),
    19: re.compile(r"[3-6]"),
    18: re.compile(r"[3-6]"),
    17: re.compile(r"[3-6]"),
    15: re.compile(r"3[47]|5[06-8]|6"),
    14: re.compile(r"3[0689]"),
    13: re.compile(r"4|5[06-8]|6"),
}
"""How cards of each length begin, the usual length first."""
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

_DIGITS = re.compile(r"(?<![\w+])\+?\d(?:[ .\-/]?\d){8,18}(?!\w)")
"""Digits with at most one sign between two of them: may be anything."""
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


def conceal(text: str) -> str:
    """The text as it may be kept: social-security and card numbers replaced by what they are."""
    plain = _plain(text)
    if _count(plain) < _SHORTEST - 1:
        return text
    return _put(text, [span for found in _RUN.finditer(plain) for span in _secrets(found)])


def mask(text: str) -> str:
    """The text as the engine may see it: phone numbers replaced as well; dates and prices stay."""
    text = conceal(text)
    for find in (_french_phones, _bare_phones, _unusual_phones):
        plain = _plain(text)
        if _count(plain) < _FEWEST:
            return text
        text = _put(text, find(plain))
    return text


def _plain(text: str) -> str:
    """The same text, place for place, in plain digits, spaces and dashes, without the numbers of companies."""
    if not text.isascii():
        text = "".join(map(_plain_character, text))
    return _COMPANY.sub(lambda found: found[1] + "#" * len(found[2]), text)


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return _PLAIN.get(character) or _PLAIN_KINDS.get(unicodedata.category(character), character)


def _count(plain: str) -> int:
    return sum(character.isdigit() for character in plain)


def _put(text: str, spans: list[Span]) -> str:
    parts, end = [], 0
    for start, stop, name in spans:
        parts += [text[end:start], name]
        end = stop
    return "".join([*parts, text[end:]])


class _Run:
    """Digits that follow each other, and where the writer cut them."""

    def __init__(self, found: re.Match[str]) -> None:
        places = [place for place in range(*found.span()) if found.string[place].isalnum()]
        self.places = places
        self.digits = "".join(found.string[place] for place in places).upper()
        self.abroad = bool(_ABROAD.search(found.string[max(0, found.start() - 4) : found.start()]))
        self._gaps = {at for at in range(1, len(places)) if places[at] - places[at - 1] > 1}
        letters = {at for at, digit in enumerate(self.digits) if digit in "AB"}
        self.edges = self._gaps | letters | {at + 1 for at in letters} | {0, len(places)}
        values = [0 if digit in "AB" else int(digit) for digit in self.digits]
        self._sums = [
            [0, *accumulate(n if at % 2 == last else _DOUBLED[n] for at, n in enumerate(values))] for last in (0, 1)
        ]

    def cuts(self, start: int, end: int) -> list[int]:
        """After how many digits of this stretch the writer cut it."""
        return [at - start for at in range(start + 1, end) if at in self._gaps]

    def luhn(self, start: int, end: int) -> bool:
        """Whether this stretch passes the cards' check, without reading it again."""
        sums = self._sums[(end - 1) % 2]
        return (sums[end] - sums[start]) % 10 == 0


def _secrets(found: re.Match[str]) -> Iterator[Span]:
    """The numbers that are never kept among these digits, each of them looked at a fixed number of times."""
    if found.end() - found.start() < _SHORTEST:
        return
    run = _Run(found)
    at, fresh = 0, True
    while len(run.digits) - at >= _SHORTEST:
        if at not in run.edges:
            at += 1
            continue
        if phone := (fresh and _abroad(run, at)) or _by_pairs(run, at):
            at += phone
            continue
        length, name = max((_nir(run, at), NIR), (_card(run, at), CARD), key=lambda number: number[0])
        if length:
            yield run.places[at], run.places[at + length - 1] + 1, name
        at, fresh = at + (length or 1), bool(length)


def _abroad(run: _Run, start: int) -> int:
    """How many digits belong to a number that begins with + or 00: someone may have to call it back."""
    prefix = 0 if run.abroad and start == 0 else 2
    if prefix and not run.digits.startswith("00", start):
        return 0
    first = start + prefix
    for end in range(min(len(run.digits), first + _LONGEST_PHONE), first + 6, -1):
        if end not in run.edges:
            continue
        try:
            number = phonenumbers.parse("+" + run.digits[first:end])
        except phonenumbers.NumberParseException:
            return 0
        whole = end == len(run.digits) and phonenumbers.is_possible_number(number)
        if whole or phonenumbers.is_valid_number(number):
            return end - start
    return 0


def _by_pairs(run: _Run, start: int) -> int:
    """How many digits belong to a French phone number, by pairs or one by one: no card begins inside it."""
    if run.digits[start] != "0" or run.digits[start + 1] == "0" or start + 10 not in run.edges:
        return 0
    return 10 if run.cuts(start, start + 10) in ([2, 4, 6, 8], list(range(1, 10))) else 0


def _nir(run: _Run, start: int) -> int:
    """How long the social-security number is that begins here; a mistyped key does not make it harmless."""
    for length in (15, 13):
        end = start + length
        digits = run.digits[start:end]
        if end not in run.edges or not _NIR_SHAPE.fullmatch(digits):
            continue
        if length == 15 and nir.calc_check_digits(digits) == digits[13:]:
            return length
        cuts = run.cuts(start, end)
        usual = _NIR_CUTS.issuperset(cuts) or len(cuts) == length - 1
        if usual and (length == 13 or end == len(run.digits)):
            return length
    return 0


def _card(run: _Run, start: int) -> int:
    """How long the card number is that begins here, whatever follows it."""
    for length, beginning in _CARDS.items():
        end = start + length
        if end > len(run.digits) or not run.luhn(start, end) or not beginning.match(run.digits, start):
            continue
        cuts = run.cuts(start, end)
        glued = length == 16 and not cuts
        if (
            (end in run.edges or glued)
            and run.digits[start:end].isdigit()
            and _is_card(cuts, length, run.digits[start])
        ):
            return length
    return 0


def _is_card(cuts: list[int], length: int, first: str) -> bool:
    """Whether a card is ever cut like that: lists of dates, hours, prices and postal codes are not."""
    if all(cut % 4 == 0 for cut in cuts) or cuts == [4, 10] or len(cuts) == length - 1:
        return True
    return length == 16 and first in "45" and cuts == list(range(cuts[0], length, cuts[0]))


def _french_phones(plain: str) -> list[Span]:
    return [(*found.span(), PHONE) for found in _FRENCH.finditer(plain)]


def _bare_phones(plain: str) -> list[Span]:
    return [(*found.span(), PHONE) for found in _DIGITS.finditer(plain) if _is_phone(found.group())]


def _unusual_phones(plain: str) -> list[Span]:
    """Those that only a reader of all countries' habits finds: brackets, foreign numbers, digits one by one."""
    found = phonenumbers.PhoneNumberMatcher(plain, "FR", leniency=phonenumbers.Leniency.VALID)
    return [(match.start, match.end, PHONE) for match in found if not _DATE.search(match.raw_string)]


def _is_phone(number: str) -> bool:
    if _DATE.search(number):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, "FR"))
    except phonenumbers.NumberParseException:
        return False
