"""A made-up offer of any size: valid data·inclusion 1.0 over France, all themes, 30 % remote; same seed, same offer.

.venv/bin/python -m tests.generate_offer 100000 FOLDER     writes services.json and structures.json
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
from data_inclusion.schema.v1 import Categorie, ModeMobilisation, Public, Thematique, TypeService

Record = dict[str, Any]
REMOTE_SHARE = 0.30
SERVICES_BY_STRUCTURE = 1.25
METROPOLE = "200046977"
THEMES = [theme.value for theme in Thematique]
CATEGORIES = [category.value for category in Categorie]
LABELS = {value.value: value.label for value in (*Categorie, *Thematique)}
_PUBLICS = [public.value for public in Public if public.value != "tous-publics"]


@dataclass(frozen=True)
class Town:
    name: str
    insee: str
    postal: str
    lat: float
    lon: float
    weight: int  # thousands of people around


LYON_TOWNS = (
    Town("Lyon", "69123", "69003", 45.758, 4.835, 520),
    Town("Villeurbanne", "69266", "69100", 45.7719, 4.8902, 160),
    Town("Vaulx-en-Velin", "69256", "69120", 45.7866, 4.9200, 52),
    Town("Vénissieux", "69259", "69200", 45.6975, 4.8867, 66),
    Town("Saint-Priest", "69290", "69800", 45.6969, 4.9440, 48),
    Town("Bron", "69029", "69500", 45.7355, 4.9116, 43),
    Town("Caluire-et-Cuire", "69034", "69300", 45.7986, 4.8494, 44),
    Town("Rillieux-la-Pape", "69286", "69140", 45.8209, 4.8987, 31),
    Town("Givors", "69091", "69700", 45.5903, 4.7700, 20),
    Town("Meyzieu", "69282", "69330", 45.7668, 5.0036, 36),
    Town("Décines-Charpieu", "69275", "69150", 45.7695, 4.9594, 30),
    Town("Neuville-sur-Saône", "69143", "69250", 45.8769, 4.8411, 8),
)
_FAR_TOWNS = tuple(
    Town(name, insee, postal, lat, lon, weight)
    for name, insee, postal, lat, lon, weight in (
        ("Paris", "75056", "75011", 48.8566, 2.3522, 2100), ("Saint-Denis", "93066", "93200", 48.9362, 2.3574, 1600),
        ("Créteil", "94028", "94000", 48.7904, 2.4556, 1400), ("Nanterre", "92050", "92000", 48.8924, 2.2153, 1600),
        ("Versailles", "78646", "78000", 48.8014, 2.1301, 1400), ("Évry", "91228", "91000", 48.6241, 2.4294, 1300),
        ("Marseille", "13055", "13001", 43.2965, 5.3698, 1800), ("Toulouse", "31555", "31000", 43.6047, 1.4442, 1400),
        ("Nice", "06088", "06000", 43.7102, 7.2620, 1000), ("Nantes", "44109", "44000", 47.2184, -1.5536, 1400),
        ("Montpellier", "34172", "34000", 43.6108, 3.8767, 1150),
        ("Strasbourg", "67482", "67000", 48.5734, 7.7521, 1100),
        ("Bordeaux", "33063", "33000", 44.8378, -0.5792, 1600), ("Lille", "59350", "59000", 50.6292, 3.0573, 2600),
        ("Rennes", "35238", "35000", 48.1173, -1.6778, 1050), ("Reims", "51454", "51100", 49.2583, 4.0317, 560),
        ("Le Havre", "76351", "76600", 49.4944, 0.1079, 1250),
        ("Saint-Étienne", "42218", "42000", 45.4397, 4.3872, 760),
        ("Toulon", "83137", "83000", 43.1242, 5.9280, 1080), ("Grenoble", "38185", "38000", 45.1885, 5.7245, 1270),
        ("Dijon", "21231", "21000", 47.3220, 5.0415, 530), ("Angers", "49007", "49000", 47.4784, -0.5632, 820),
        ("Nîmes", "30189", "30000", 43.8367, 4.3601, 750), ("Clermont-Ferrand", "63113", "63000", 45.7772, 3.0870, 660),
        ("Le Mans", "72181", "72000", 48.0061, 0.1996, 560), ("Brest", "29019", "29200", 48.3904, -4.4861, 910),
        ("Tours", "37261", "37000", 47.3941, 0.6848, 610), ("Amiens", "80021", "80000", 49.8941, 2.2958, 570),
        ("Limoges", "87085", "87000", 45.8336, 1.2611, 370), ("Annecy", "74010", "74000", 45.8992, 6.1294, 830),
        ("Perpignan", "66136", "66000", 42.6887, 2.8948, 480), ("Besançon", "25056", "25000", 47.2378, 6.0241, 540),
        ("Metz", "57463", "57000", 49.1193, 6.1757, 1040), ("Orléans", "45234", "45000", 47.9030, 1.9093, 680),
        ("Rouen", "76540", "76000", 49.4432, 1.0999, 700), ("Mulhouse", "68224", "68100", 47.7508, 7.3359, 760),
        ("Caen", "14118", "14000", 49.1829, -0.3707, 690), ("Nancy", "54395", "54000", 48.6921, 6.1844, 730),
        ("Arras", "62041", "62000", 50.2910, 2.7775, 1460), ("Poitiers", "86194", "86000", 46.5802, 0.3404, 440),
        ("Pau", "64445", "64000", 43.2951, -0.3708, 690), ("Avignon", "84007", "84000", 43.9493, 4.8055, 560),
        ("La Rochelle", "17300", "17000", 46.1603, -1.1511, 650), ("Valence", "26362", "26000", 44.9334, 4.8924, 520),
        ("Chambéry", "73065", "73000", 45.5646, 5.9178, 440),
        ("Bourg-en-Bresse", "01053", "01000", 46.2052, 5.2255, 660),
        ("Mâcon", "71270", "71000", 46.3069, 4.8287, 550), ("Troyes", "10387", "10000", 48.2973, 4.0744, 310),
        ("Lorient", "56121", "56100", 47.7482, -3.3702, 760), ("Saint-Brieuc", "22278", "22000", 48.5141, -2.7603, 600),
        ("La Roche-sur-Yon", "85191", "85000", 46.6705, -1.4264, 690),
        ("Niort", "79191", "79000", 46.3237, -0.4648, 370),
        ("Angoulême", "16015", "16000", 45.6484, 0.1562, 350), ("Tarbes", "65440", "65000", 43.2329, 0.0781, 230),
        ("Ajaccio", "2A004", "20000", 41.9192, 8.7386, 160), ("Bastia", "2B033", "20200", 42.6973, 9.4509, 180),
        ("Villefranche-sur-Saône", "69264", "69400", 45.9833, 4.7196, 180),
        ("Vienne", "38544", "38200", 45.5242, 4.8780, 120),
    )
)  # fmt: skip
_TOWNS = (*LYON_TOWNS, *_FAR_TOWNS)
_WEIGHTS = [town.weight for town in _TOWNS]
_BEFORE = (
    "Atelier",
    "Accompagnement",
    "Permanence",
    "Parcours",
    "Aide",
    "Point info",
    "Accueil",
    "Rencontres",
    "Soutien",
)
_HOUSES = (
    "Centre social",
    "Maison des habitants",
    "Association",
    "CCAS",
    "MJC",
    "Espace emploi",
    "Mission locale",
    "Régie",
)
_OWN = (
    "Les Tilleuls", "du Parc", "La Passerelle", "Horizon", "Les Lucioles", "du Canal", "Tremplin", "La Fabrique",
    "Les Marronniers", "Solidarités", "Coup de pouce", "La Clef", "Entraide", "L'Envol", "Du côté des autres",
)  # fmt: skip
_SUBJECTS = (
    "couture", "cuisine", "jardin", "vélo", "informatique", "conversation", "budget", "peinture", "théâtre",
    "bricolage",
    "démarches en ligne", "santé", "écriture", "recherche d'emploi", "parentalité", "permis de conduire", "logement",
)  # fmt: skip
_SYLLABLES = (
    "ba", "ber", "bou", "cha", "che", "clo", "cou", "da", "der", "do", "fa", "fer", "fou", "ga", "gra", "jo", "la",
    "lau",
    "les", "li", "ma", "mar", "mi", "mon", "na", "no", "pa", "per", "pi", "pré", "ra", "ri", "ro", "sa", "sau", "ter",
)  # fmt: skip
_SENTENCES = (
    "Une personne vous reçoit et prend le temps de comprendre votre situation.", "L'inscription se fait sur place.",
    "Les séances ont lieu chaque semaine en petit groupe.", "Apportez une pièce d'identité et un justificatif.",
    "Un premier rendez-vous permet de faire le point.", "L'équipe peut vous orienter vers un partenaire.",
    "Le lieu est accessible aux personnes à mobilité réduite.", "Les enfants sont les bienvenus pendant l'atelier.",
    "Le suivi dure plusieurs semaines selon vos besoins.", "Un bénévole vous aide à remplir vos papiers.",
)  # fmt: skip


def structures(count: int, *, seed: int = 1, today: date) -> Iterator[Record]:
    """As many structures as `count` services need."""
    for index in range(_structures_for(count)):
        yield _structure(random.Random(f"{seed}-structure-{index}"), index, today)


def services(count: int, *, seed: int = 1, today: date) -> Iterator[Record]:
    """`count` services; the first 69 have one theme each, so that none is missing."""
    homes = _structures_for(count)
    for index in range(count):
        draw = random.Random(f"{seed}-service-{index}")
        home_index = index % homes
        home = _structure(random.Random(f"{seed}-structure-{home_index}"), home_index, today)
        yield _service(draw, index, home, today)


def write(folder: Path, count: int, *, seed: int = 1, today: date) -> tuple[Path, Path]:
    """(services file, structures file), JSON arrays as in the weekly open data."""
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "services.json", folder / "structures.json"
    for path, records in zip(files, (services, structures), strict=True):
        with path.open("wb") as out:
            for index, record in enumerate(records(count, seed=seed, today=today)):
                out.write((b"," if index else b"[") + orjson.dumps(record))
            out.write(b"]")
    return files


def _structures_for(count: int) -> int:
    return max(1, math.ceil(count / SERVICES_BY_STRUCTURE))


def _structure(draw: random.Random, index: int, today: date) -> Record:
    town = draw.choices(_TOWNS, _WEIGHTS)[0]
    spread = 0.03 if town in LYON_TOWNS else 0.2
    return {
        "source": "generated",
        "id": f"generated--structure-{index}",
        "nom": f"{draw.choice(_HOUSES)} {draw.choice(_OWN)} {_proper_name(draw)} {index}",
        "date_maj": _updated(draw, today),
        "commune": town.name,
        "code_postal": town.postal,
        "code_insee": town.insee,
        "adresse": f"{draw.randrange(1, 200)} rue {draw.choice(_OWN)}",
        "latitude": round(draw.gauss(town.lat, spread), 5),
        "longitude": round(draw.gauss(town.lon, spread * 1.4), 5),
        "telephone": f"+3346571{draw.randrange(10_000):04}",
        "courriel": f"accueil{index}@exemple.fr",
        "horaires_accueil": "Mo-Fr 09:00-12:00,14:00-17:00",
    }


def _service(draw: random.Random, index: int, home: Record, today: date) -> Record:
    themes = {THEMES[index % len(THEMES)], *draw.sample(THEMES, draw.choice((0, 0, 1, 2)))}
    remote = draw.random() < REMOTE_SHARE
    subject = draw.choice(_SUBJECTS)
    return {
        "source": "generated",
        "structure_id": home["id"],
        "id": f"generated--service-{index}",
        "nom": f"{draw.choice(_BEFORE)} {subject} : {LABELS[min(themes)].lower()}"[:150],
        "description": " ".join(
            [f"{_proper_name(draw)} : autour de {subject}.", *draw.choices(_SENTENCES, k=draw.randrange(2, 9))]
        ),
        "date_maj": _updated(draw, today),
        "type": draw.choice(list(TypeService)).value,
        "thematiques": sorted(themes),
        "frais": draw.choice(("gratuit", "gratuit", "gratuit", None)),
        "publics": draw.choice((["tous-publics"], ["tous-publics"], None, draw.sample(_PUBLICS, draw.randrange(1, 4)))),
        "modes_accueil": ["a-distance"] if remote else ["en-presentiel"],
        "zone_eligibilite": _zone(draw, home, remote),
        "modes_mobilisation": [draw.choice(list(ModeMobilisation)).value],
        "mobilisable_par": draw.choice((["usagers"], ["usagers", "professionnels"], ["professionnels"], None)),
        "telephone": draw.choice((home["telephone"], None)),
        **({} if remote else {key: home[key] for key in _PLACE}),
    }


def _proper_name(draw: random.Random) -> str:
    """One of some forty thousand: the vocabulary of an offer is wide."""
    return "".join(draw.choice(_SYLLABLES) for _ in range(3)).capitalize()


_PLACE = ("commune", "code_postal", "code_insee", "adresse", "latitude", "longitude")


def _zone(draw: random.Random, home: Record, remote: bool) -> list[str] | None:
    department = home["code_insee"][:2]
    if remote:
        return draw.choice((["france"], ["99100"], None, [department], [department]))
    agglomeration = [METROPOLE] if any(home["code_insee"] == town.insee for town in LYON_TOWNS) else [department]
    return draw.choice((None, None, [department], [home["code_insee"]], agglomeration))


def _updated(draw: random.Random, today: date) -> str:
    oldest = draw.choice((150, 150, 150, 700, 1100))
    return (today - timedelta(days=draw.randrange(oldest))).isoformat()


@dataclass(frozen=True)
class Query:
    kind: str
    arguments: dict[str, Any]  # keywords of knowledge.search.search, without `today`


MIX = {"theme + place": 40, "category + place": 20, "text + place": 20, "remote only": 10, "no place": 10}
"""The stated mix, in percent. One text in five has a typing error; places are drawn by population in the Métropole."""


def search_mix(count: int = 500, *, seed: int = 7) -> list[Query]:
    """`count` queries in the proportions of MIX, shuffled."""
    draw = random.Random(seed)
    kinds = draw.choices(list(MIX), list(MIX.values()), k=count)
    return [Query(kind, _arguments(draw, kind)) for kind in kinds]


def _arguments(draw: random.Random, kind: str) -> dict[str, Any]:
    town = draw.choices(LYON_TOWNS, [place.weight for place in LYON_TOWNS])[0]
    nowhere = {"lat": None, "lon": None, "commune": ""}
    place = {"lat": draw.gauss(town.lat, 0.01), "lon": draw.gauss(town.lon, 0.014), "commune": town.insee}
    need = draw.choice(THEMES)
    wanted: dict[str, Any] = {"need": need, "text": None}
    match kind:
        case "category + place":
            wanted["need"] = draw.choice(CATEGORIES)
        case "text + place":
            wanted = {"need": None, "text": _words(draw)}
        case "remote only":
            wanted["reception"] = "a-distance"
        case "no place":
            wanted["need"] = draw.choice((need, draw.choice(CATEGORIES)))
    return wanted | (nowhere if kind == "no place" else place)


def _words(draw: random.Random) -> str:
    text = f"{draw.choice(_BEFORE).lower()} {draw.choice(_SUBJECTS)}"
    if draw.random() < 0.2:
        at = draw.randrange(1, len(text) - 1)
        text = text[:at] + text[at + 1 :]
    return text


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]), today=date.today())
