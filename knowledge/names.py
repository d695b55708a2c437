"""Names and distances as people read them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LYON = "69123"
_ARRONDISSEMENTS = {f"6938{n}" for n in range(1, 10)}

_LEGAL_FORMS = r"sarl|sas|sasu|eurl|scop|scic|sci|scm|asso|association loi 1901|loi 1901|gip|gie|ei|eirl"
_OPENINGS = (
    r"service d(?:e|u|es)|services d(?:e|u|es)|service|dispositif d(?:e|u|es)|dispositif|action d(?:e|u|es)|"
    r"mise à disposition d(?:e|u|es)|proposition d(?:e|u|es)|offre d(?:e|u|es)|bénéficier d(?:e|u|'une?)|"
    r"association|structure|prestation d(?:e|u|es)|prestations d(?:e|u|es)"
)
_LINKS = (
    "à au aux avec chez d dans de des du en entre et l la le les leur leurs "
    "ou par pour sa sans ses son sous sur un une vers"
)
_CAPITALS = "ADIE ADOMA AFPA AGEFIPH AMELY ASTI CADA CCAS CHRS CIDFF CPAM GRETA MDPH MMIE PIMMS PLIE UDAF"
_ACRONYMS = frozenset(_CAPITALS.split(" "))
_LINK_WORDS = frozenset(_LINKS.split())


def fold(text: str) -> str:
    """Lower case, no accents, anything else than letters and digits turned into single spaces."""
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").lower())
    return " ".join(re.sub(r"[^a-z0-9]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).split())


@lru_cache(maxsize=4096)
def short_name(name: str, limit: int = 38) -> str:
    """Shorten a name to at most `limit` characters, at sense and never inside a word.

    Each step is taken only while the name is still too long, in this order:
    1. spaces, quotes and a name written wholly in capitals are mended (always);
    2. what stands in parentheses or brackets goes;
    3. legal forms (SARL, SCOP, association loi 1901…) and empty openings (« Service de… ») go;
    4. what follows « : », « | », « - », « – », « ; » or « , » goes, from the end, while a sense remains (8 characters);
    5. words go from the end, then the link words left hanging (« de la », « pour les », « et »).
    A first word longer than the limit is cut at a hyphen, or else anywhere, and then ends with « . ».
    """
    shortened = _mend(name)
    for step in (_drop_parentheses, _drop_legal_forms, _drop_opening):
        if len(shortened) <= limit:
            return shortened
        shortened = step(shortened) or shortened
    return shortened if len(shortened) <= limit else _cut(_drop_tail(shortened, limit), limit)


def _mend(name: str) -> str:
    spaced = " ".join(name.replace("’", "'").replace("«", "").replace("»", "").replace('"', " ").split()).strip(
        " .,;:-–"
    )
    letters = [c for c in spaced if c.isalpha()]
    if len(letters) > 12 and all(c.isupper() for c in letters):
        return _sentence(spaced)
    return spaced


def _sentence(capitals: str) -> str:
    words = ["-".join(map(_lowered, word.split("-"))) for word in capitals.split()]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def _lowered(word: str) -> str:
    if word == "A":
        return "à"
    if word.lower() in _LINK_WORDS:
        return word.lower()
    return word if len(word) <= 3 or word in _ACRONYMS else word.capitalize()


def _drop_parentheses(name: str) -> str:
    return _mend(re.sub(r"\s*[(\[][^)\]]*[)\]]?", " ", name))


def _drop_legal_forms(name: str) -> str:
    return _mend(re.sub(rf"(?<!\w)(?:{_LEGAL_FORMS})(?!\w)", " ", name, flags=re.IGNORECASE))


def _drop_opening(name: str) -> str:
    rest = re.sub(rf"^(?:{_OPENINGS})\s+(?:la\s+|le\s+|les\s+|l')?", "", name, flags=re.IGNORECASE)
    rest = _mend(rest)
    return rest[:1].upper() + rest[1:] if len(rest) >= 8 else name


def _drop_tail(name: str, limit: int) -> str:
    parts = re.split(r"(\s*[:|;,/]\s+|\s+[-–—]\s+)", name)
    while len(parts) > 2 and len("".join(parts)) > limit:
        if len("".join(parts[:-2])) < 8:
            break
        parts = parts[:-2]
    return _mend("".join(parts))


def _cut(name: str, limit: int) -> str:
    if len(name) <= limit:
        return name
    words = name.split()
    while len(words) > 1 and len(" ".join(words)) > limit:
        words.pop()
    while len(words) > 1 and set(fold(words[-1]).split()) <= _LINK_WORDS:
        words.pop()
    kept = " ".join(words).rstrip(" ,;:-–'&")
    if len(kept) <= limit:
        return kept
    parts = kept[: limit + 1].split("-")[:-1]  # « Saint-Laurent-de-Chamousset »
    while parts and fold(parts[-1]) in _LINK_WORDS:
        parts.pop()
    return "-".join(parts) if len("-".join(parts)) >= 8 else kept[: limit - 1] + "."


def distance_in_french(km: float | None) -> str:
    """« < 1 km », one decimal under 10 km, whole kilometres beyond; empty when unknown."""
    if km is None:
        return ""
    if km < 1:
        return "< 1 km"
    rounded = round(km, 1)
    return f"{rounded:.1f} km".replace(".", ",") if rounded < 10 else f"{km:.0f} km"


def commune_label(commune: str, code_insee: str, code_postal: str) -> str:
    """The commune's name; in Lyon the arrondissement that the postal code gives (« Lyon 3e »)."""
    if code_insee == LYON or code_insee in _ARRONDISSEMENTS:
        number = re.fullmatch(r"6900([1-9])", code_postal)
        if number:
            return f"Lyon {number[1]}{'er' if number[1] == '1' else 'e'}"
        return "Lyon"
    return commune


def insee(code: str) -> str:
    """Lyon's arrondissements become Lyon, as in data·inclusion; other codes are unchanged."""
    return LYON if code in _ARRONDISSEMENTS else code


def address_line(adresse: str, complement: str, code_postal: str, place: str) -> str:
    """« 3 rue de la République, 69001 Lyon 1er »."""
    street = " ".join(filter(None, (adresse, complement)))
    return ", ".join(filter(None, (street, " ".join(filter(None, (code_postal, place))))))
