"""The places of the Métropole de Lyon in what people write.

Scores: 1.0 a name, number or postal code as it is; lower when misspelled; 0.7 « le 8e » without
« Lyon »; 0.5 an ordinal alone (« 3e », « huitième »), worth believing only when a place was asked for;
a place in a street's name (« route de Vienne ») loses 40 %.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.arrondissements import numbered
from knowledge.phrases import Found, Phrases, expand, longest
from knowledge.words import Word, fold, listed, runs

_FOLDER = Path(__file__).parent
_SMALL = listed("en les le la l de du des d sur sous au aux a et")
_BETWEEN = _SMALL | listed("dans quartier secteur cote arrondissement in of")
_CUES = listed(
    "a au aux vers sur dans quartier secteur habite habites habitons vis loge pres proche cote autour gare metro "
    "station arret place mairie commune ville depuis in at near en em around from"
    " catre langa в у на около возле في من قرب"
)
_STREETS = listed(
    "rue avenue av ave bd boulevard cours route chemin allee impasse quai montee square passage pont ligne direction"
)
_ARTICLES = listed("le la les l a sur quartier")
_HAS = listed("il elle on y qui")
_SAINTS = {"st": "saint", "ste": "sainte", "sts": "saints"}
_PLAIN, _CUED, _CAPITAL, _ALONE = range(4)


@dataclass(frozen=True)
class Place:
    """A commune, an arrondissement, a quarter, or a commune of the Rhône outside the Métropole."""

    code: str
    name: str
    kind: str
    lat: float
    lon: float
    postal_codes: tuple[str, ...] = ()
    commune: str = ""
    label: str = ""

    @property
    def key(self) -> str:
        """What `Places.get` finds this very place by; quarters share their code with what they lie in."""
        return f"{self.code}/{fold(self.name).replace(' ', '-')}" if self.kind == "quarter" else self.code

    def within(self, other: "Place") -> bool:
        if other.kind == "arrondissement" or self.key == other.key:
            return self.code == other.code
        return other.kind == "commune" and self.commune == other.code


@dataclass(frozen=True)
class PlaceMatch:
    """What a stretch of text means; more than one place: ask which."""

    places: tuple[Place, ...]
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Authority:
    """Who is in charge of the RSA outside the Métropole, and whom to ask."""

    name: str
    ask: str
    url: str


@dataclass(frozen=True)
class _Meaning:
    places: tuple[Place, ...]
    rule: int = _PLAIN


class Places:
    """Everything is looked up in memory; nothing is kept between two texts but single words."""

    def __init__(self, communes: dict[str, Any], quarters: dict[str, Any]) -> None:
        self.authority = Authority(**communes["authority"])
        self._communes = {row[0]: _commune(row) for row in communes["rows"]}
        self._quarters = [_quarter(row, self._communes) for row in quarters["quarters"]]
        self._all = {place.key: place for place in (*self._communes.values(), *self._quarters)}
        self._lyon = self._communes["69123"]
        self._postal: dict[str, list[Place]] = {}
        for place in self._communes.values():
            for code in place.postal_codes:
                if place is not self._lyon:
                    self._postal.setdefault(code, []).append(place)
        for code, places in self._postal.items():  # around the border, the Métropole's own
            self._postal[code] = [p for p in places if p.kind != "outside"] or places
        self._names = Phrases(self._entries(quarters))

    @classmethod
    @cache  # never changed once read; a process has several readers of it
    def from_file(cls, path: Path | None = None) -> "Places":
        """Read `communes.json` and `quarters.yml` in the folder `path`, this one by default."""
        folder = path or _FOLDER
        communes = json.loads((folder / "communes.json").read_text(encoding="utf-8"))
        return cls(communes, yaml.load((folder / "quarters.yml").read_bytes(), Loader=yaml.CSafeLoader))

    def get(self, code: str) -> Place | None:
        """The place of an INSEE code, or of a `Place.key`."""
        return self._all.get(code)

    def nearest(self, lat: float, lon: float) -> Place:
        """The commune or arrondissement, of the Métropole or not, whose centre is closest."""
        centres = (place for place in self._communes.values() if place is not self._lyon)
        return min(centres, key=lambda place: kilometres(place.lat, place.lon, lat, lon))

    def find(self, text: str) -> list[PlaceMatch]:
        """Every place said in the text, left to right; nested ones give the more precise."""
        words = [w._replace(text=_SAINTS.get(w.text, w.text)) for w in runs(text)]
        named = _named(self._names.find(words), words, text)
        lyon = {f.first for f in named if f.value.places == (self._lyon,) and f.last == f.first + 1}
        said = [
            Found(_Meaning((self._communes[n.code],)), n.first, n.last, 9, n.score) for n in numbered(words, text, lyon)
        ]
        matches = longest([*named, *said, *self._by_postal_code(words)])
        kept = _merge(_off_streets([m for m in matches if m.value.places], words), words)
        return [
            PlaceMatch(f.value.places, words[f.first].start, words[f.last - 1].end, round(f.score, 3)) for f in kept
        ]

    def _by_postal_code(self, words: Sequence[Word]) -> Iterator[Found[_Meaning]]:
        for index, word in enumerate(words):
            places = self._postal.get(word.text)
            if places and word.end - word.start == 5:
                yield Found(_Meaning(tuple(places)), index, index + 1, 1, 1.0)
            elif word.text == "69" and index + 1 < len(words) and len(words[index + 1].text) == 3:
                places = self._postal.get("69" + words[index + 1].text)  # « 69 008 »
                if places and words[index + 1].start - word.end == 1:
                    yield Found(_Meaning(tuple(places)), index, index + 2, 2, 1.0)

    def _entries(self, quarters: dict[str, Any]) -> list[tuple[str, _Meaning]]:
        meant: dict[tuple[str, ...], list[Place]] = {}
        for place, phrase in self._phrases(quarters):
            for way in expand(phrase):
                for variant in _variants(tuple(_SAINTS.get(word, word) for word in way)):
                    known = meant.setdefault(variant, [])
                    if place not in known:
                        known.append(place)
        rules = _rules(quarters)
        found = [(" ".join(way), _Meaning(tuple(p), rules.get(_bare(way), _PLAIN))) for way, p in meant.items()]
        return [*found, *((phrase, _Meaning(())) for phrase in quarters["not_places"])]

    def _phrases(self, quarters: dict[str, Any]) -> Iterator[tuple[Place, str]]:
        for place in self._communes.values():
            if place.kind != "arrondissement":
                yield place, place.name
        for code, names in quarters["communes"].items():
            for name in names:
                yield self._communes[code], name
        scripts = quarters["scripts"]
        for place, row in zip(self._quarters, quarters["quarters"], strict=True):
            for name in (place.name, *row.get("also", ()), *scripts.get(place.name, ())):
                yield place, name


def kilometres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Distance as the crow flies, right to 0.1 % at the scale of a département."""
    x = math.radians(other_lon - lon) * math.cos(math.radians((lat + other_lat) / 2))
    return 6371.0 * math.hypot(x, math.radians(other_lat - lat))


def _commune(row: Sequence[Any]) -> Place:
    code, name, kind, postal_codes, lat, lon = row
    return Place(code, name, kind, lat, lon, tuple(postal_codes), "69123" if kind == "arrondissement" else code, name)


def _quarter(row: dict[str, Any], communes: dict[str, Place]) -> Place:
    around = communes[row["in"]]
    lat, lon = row["at"]
    label = f"{row['name']} ({around.name})"
    return Place(around.code, row["name"], "quarter", lat, lon, around.postal_codes, around.commune, label)


def _bare(way: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in way if word not in _SMALL)


def _variants(way: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The name with and without its small words, and written in one word."""
    bare = _bare(way)
    ways = {way}
    if len(bare) > 1:
        ways |= {bare, ("".join(way),), ("".join(bare),)}
    if way[0] == "saint" and len(way) > 1:
        ways.add(("st" + "".join(way[1:]),))
    return ways


def _rules(quarters: dict[str, Any]) -> dict[tuple[str, ...], int]:
    lists = ((_CUED, "ordinary"), (_CAPITAL, "words"), (_ALONE, "alone"))
    return {_bare(expand(name)[0]): rule for rule, names in lists for name in quarters[names]}


def _named(found: Sequence[Found[_Meaning]], words: Sequence[Word], text: str) -> list[Found[_Meaning]]:
    """The names that are meant as places: on their own merit, or beside the name of what they lie in."""
    sure = [f for f in found if _allowed(f, words, text)]
    for doubtful in (f for f in found if f not in sure):
        for other in sure[:]:
            gap = words[doubtful.last : other.first] or words[other.last : doubtful.first]
            beside = doubtful.last <= other.first or other.last <= doubtful.first
            if beside and all(w.text in _BETWEEN for w in gap) and _narrow(doubtful.value.places, other.value.places):
                sure.append(doubtful)
                break
    return sure


def _allowed(found: Found[_Meaning], words: Sequence[Word], text: str) -> bool:
    rule = found.value.rule
    misspelled = found.score < 0.93 and found.last == found.first + 1
    if misspelled and (len(words[found.first].text) <= 6 or all(p.kind == "outside" for p in found.value.places)):
        rule = max(rule, _CUED)
    if rule == _PLAIN:
        return True
    before = {w.text for w in words[: found.first]}
    if before <= _ARTICLES and all(w.text in _BETWEEN or w.text.isdigit() for w in words[found.last :]):
        return True
    if before <= _ARTICLES and not misspelled and rule != _ALONE and _heads(found, words, text):
        return True
    if rule == _ALONE or not _cue(found.first, words) & _CUES:
        return False
    return rule == _CUED or text[words[found.last - 1].start].isupper()


def _heads(found: Found[_Meaning], words: Sequence[Word], text: str) -> bool:
    """« Confluence, aide au logement »: a capital at the start, set apart by a comma."""
    first, last = words[found.first], words[found.last - 1]
    return text[first.start].isupper() and text[last.end :].lstrip()[:1] in (",", ":", "\n")


def _cue(first: int, words: Sequence[Word]) -> set[str]:
    """The word before, and what stands before its articles; not « il a », « il y a »."""
    before = set()
    for index in range(first - 1, max(-1, first - 4), -1):
        word = words[index].text
        if word == "a" and index and words[index - 1].text in _HAS:
            break
        before.add(word)
        if word not in _SMALL:
            break
    return before


def _merge(matches: Iterable[Found[_Meaning]], words: Sequence[Word]) -> list[Found[_Meaning]]:
    merged: list[Found[_Meaning]] = []
    for match in matches:
        last = merged[-1] if merged else None
        if last and all(w.text in _BETWEEN for w in words[last.last : match.first]):
            places = _narrow(last.value.places, match.value.places)
            if places:
                score = max(last.score, match.score)
                merged[-1] = Found(_Meaning(places), last.first, match.last, last.size + match.size, score)
                continue
        merged.append(match)
    return [_settled(match, merged) for match in merged]


def _narrow(left: Sequence[Place], right: Sequence[Place]) -> tuple[Place, ...]:
    inner = [a for a in left if any(a.within(b) for b in right)]
    outer = [b for b in right if any(b.within(a) for a in left)]
    found = {p.key: p for p in (*inner, *outer)}
    finest = [p for p in found.values() if not any(o is not p and o.within(p) for o in found.values())]
    return tuple(finest)


def _settled(match: Found[_Meaning], others: Iterable[Found[_Meaning]]) -> Found[_Meaning]:
    """« Parilly … Bron »: a name of several places is settled by another one of the text."""
    for other in others:
        if len(match.value.places) > 1 and other is not match:
            places = tuple(p for p in match.value.places if any(p.within(o) for o in other.value.places))
            if places:
                return replace(match, value=_Meaning(places))
    return match


def _off_streets(matches: Sequence[Found[_Meaning]], words: Sequence[Word]) -> list[Found[_Meaning]]:
    street = [m for m in matches if _cue(m.first, words) & _STREETS]
    if len(street) < len(matches):
        return [m for m in matches if m not in street]
    return [replace(m, score=m.score * 0.6) for m in street]
