"""« Lyon 8 », « 8ème arrondissement », « dans le huitième »: the nine arrondissements, as they are said."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from knowledge.words import Word

_ORDINALS = [
    "premier",
    "deuxieme",
    "troisieme",
    "quatrieme",
    "cinquieme",
    "sixieme",
    "septieme",
    "huitieme",
    "neuvieme",
]
_ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]
_SUFFIX = r"(?P<suffix>e|er|eme|em|ieme|ime|me|ere|nd|rd|th|st|o|го|й)"
_WORD = rf"(?P<word>{'|'.join(_ORDINALS)})"
_NUMBER = rf"(?:0?(?P<digit>[1-9])(?: {_SUFFIX})?|{_WORD})(?= |$)"
_ORDINAL = rf"(?:(?P<digit>[1-9]) {_SUFFIX}|{_WORD})(?= |$)"
_DISTRICT = r"(?:arr|arrd?t?|ardt|arron\w*|arond\w*|distri\w+|район\w*|дистрикт|bolge\w*|sector\w*)"
_UNITS = (
    r"(?! (?:h|heures?|min\w*|km|ans?|mois|jours?|semaines?|euros?|enfants?|fois|personnes?|gosses|janvier|fevrier|"
    r"mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)\b)"
)
_ENDS = (
    r"(?= \||$| (?:a|et|ou|de|du|arr\w*|svp|stp|merci|pour|pres|c|je|j|mais|avec|par|lyon|qui|si|il|en|cote|metro)\b)"
)
_HERE = r"(?:dans|habite|vis|loge|quartier|secteur|vers|pres|cote|autour|in|en|на|в|у|في)"

_SHAPES = (
    (1.0, re.compile(rf"(?<!\S)(?:lyon|lion)(?: \|)? {_NUMBER}{_UNITS}(?: {_DISTRICT})?")),
    (1.0, re.compile(rf"(?<!\S)(?:lyon|lion)(?: \|)? (?P<roman>{'|'.join(_ROMAN)})(?= |$)")),
    (
        1.0,
        re.compile(rf"(?<!\S)lyon(?: \|)? (?:dans )?(?:le|l) {_ORDINAL}{_ENDS}(?: {_DISTRICT})?"),
    ),
    (1.0, re.compile(rf"(?<!\S){_NUMBER} {_DISTRICT}(?: (?:de|a|of|d) lyon)?")),
    (1.0, re.compile(rf"(?<!\S){_DISTRICT} (?:numero |n )?{_NUMBER}")),
    (1.0, re.compile(rf"(?<!\S){_ORDINAL} (?:de|a|of|in|d) lyon(?= |$)")),
    (
        0.9,
        re.compile(rf"(?<!\S){_HERE}(?: (?:le|du|au|de|dans|a|la|l|the|el|o))* {_ORDINAL}{_ENDS}"),
    ),
    (0.9, re.compile(rf"(?<!\S)(?:dans|habite|vis|loge)(?: dans)? le {_NUMBER}{_ENDS}")),
    (0.7, re.compile(rf"(?<!\S)(?:le|du|au) {_ORDINAL}{_ENDS}")),
    (0.5, re.compile(rf"^(?:dans |c est |au )?(?:le |la |l |du |au )?{_ORDINAL}(?: \|)*$")),
)
_MORE = re.compile(rf"(?: (?:et|ou|\||le|du|dans))+ {_NUMBER}{_UNITS}{_ENDS}")


class Numbered(NamedTuple):
    """An arrondissement's INSEE code, the words that say it, and how sure that is."""

    code: str
    first: int
    last: int
    score: float


def numbered(words: Sequence[Word], text: str, lyon: set[int]) -> Iterator[Numbered]:
    """Arrondissements said by number; `lyon` holds the indices of the words that mean Lyon."""
    line, starts = _line(words, text, lyon)
    for score, shape in _SHAPES:
        for match in shape.finditer(line):
            number = _value(match)
            if score == 0.7 and number < 4:  # « le 2e » is more often the second result
                continue
            yield Numbered(f"6938{number}", *_span(match, starts), score)
            more = _MORE.match(line, match.end())
            while more:
                yield Numbered(f"6938{_value(more)}", *_span(more, starts), score)
                more = _MORE.match(line, more.end())


def _line(words: Sequence[Word], text: str, lyon: set[int]) -> tuple[str, list[int]]:
    pieces, starts, length, before = [], [], 0, 0
    for index, word in enumerate(words):
        if index and re.search(r"[.,;:!?\n()]", text[before : word.start]):
            pieces.append("|")
            length += 2
        piece = "lyon" if index in lyon else word.text
        starts.append(length)
        pieces.append(piece)
        length += len(piece) + 1
        before = word.end
    if re.search(r"[.,;:!?\n()]", text[before:]):
        pieces.append("|")
    return " ".join(pieces), starts


def _span(match: re.Match[str], starts: list[int]) -> tuple[int, int]:
    inside = [i for i, start in enumerate(starts) if match.start() <= start < match.end()]
    return inside[0], inside[-1] + 1


def _value(match: re.Match[str]) -> int:
    groups = match.groupdict()
    if groups.get("digit"):
        return int(groups["digit"])
    if groups.get("roman"):
        return _ROMAN.index(groups["roman"]) + 1
    return _ORDINALS.index(groups["word"]) + 1
