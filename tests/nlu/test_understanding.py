"""What the trained model understands, asked through the engine's own API."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.lexicons import Lexicon
from nlu.evaluate.heldout import Sentence, load
from tests.engine import Engine

UNSEEN = load()
NONSENSE = (
    "zzzz qqqq", "blup blup", "azertyuiop", "lkjhg", "42 17 8", "…", "???", "tralala pouet", "xx yy", "la la la la",
    "bleu tracteur hier nuage", "mphh", "grmbl grmbl", "12 bis rue machin",
)  # fmt: skip


def understood(engine: Engine, text: str) -> str:
    """The top of the ranking, whether it is believed or asked again."""
    ranking = engine.parse(text)["intent_ranking"]
    return str(next(ranked["name"] for ranked in ranking if ranked["name"] != "nlu_fallback"))


def of(group: str) -> list[Sentence]:
    return [sentence for sentence in UNSEEN if sentence.group == group]


@pytest.mark.parametrize(
    ("group", "least"),
    [("clean", 0.92), ("sms", 0.88), ("long", 0.85), *((code, 0.85) for code in "en ar es pt tr uk ru ro".split())],  # noqa: SIM905
)
def test_unseen_sentences_are_understood(engine: Engine, group: str, least: float) -> None:
    """Sentences written apart from the training ones reach the stated share."""
    rows = of(group)
    assert sum(understood(engine, row.text) == row.intent for row in rows) / len(rows) >= least


def test_unseen_cries_are_heard(engine: Engine) -> None:
    """By the first reading, or else by the engine."""
    lexicon = Lexicon.from_file()
    rows = of("danger")
    heard = [lexicon.first_reading(row.text).distress or understood(engine, row.text) == "distress" for row in rows]
    assert sum(map(bool, heard)) / len(rows) >= 0.98


def test_nonsense_is_not_understood(engine: Engine) -> None:
    """Nonsense is a fallback, or out of scope: never a yes, a no or an order."""
    harmless = {"nlu_fallback", "out_of_scope"}
    heard = {text: str(engine.parse(text)["intent"]["name"]) for text in NONSENSE}
    assert {text: name for text, name in heard.items() if name not in harmless} == {}


def entities(parsed: dict[str, Any]) -> dict[str, str]:
    return {entity["entity"]: entity["value"] for entity in parsed["entities"]}


@pytest.mark.parametrize(
    ("text", "intent", "expected"),
    [
        (
            "je cherche une garde d'enfants à Vaulx",
            "search_service",
            {"need": "famille--garde-denfants", "place": "69256"},
        ),
        ("passer le permis", "search_service", {"need": "mobilite--preparer-un-permis"}),
        ("et à Bron ?", "search_service", {"place": "69029"}),
        ("Villeurbanne", "search_service", {"place": "69266"}),
        ("69008", "search_service", {"place": "69388"}),
        ("Lyon 8", "search_service", {"place": "69388"}),
        ("plus d'infos sur le 2", "service_details", {"ordinal": "2"}),
        ("le premier", "service_details", {"ordinal": "1"}),
        ("c'est gratuit ?", "service_details", {"aspect": "fee"}),
        ("où est la MMIE la plus proche", "find_branch", {"branch_type": "mmie"}),
        ("une maison de la métropole à Vénissieux", "find_branch", {"branch_type": "mdml", "place": "69259"}),
        ("mission locale de Bron", "find_branch", {"branch_type": "mission_locale", "place": "69029"}),
        ("où est pôle emploi", "find_branch", {"branch_type": "france_travail"}),
        ("le CCAS de Bron est ouvert samedi ?", "branch_hours", {"branch_type": "ccas", "place": "69029"}),
    ],
)
def test_what_is_named_is_resolved(engine: Engine, text: str, intent: str, expected: dict[str, str]) -> None:
    """Needs come out as values of data·inclusion, places as INSEE codes, results as numbers."""
    parsed = engine.parse(text)
    assert parsed["intent"]["name"] == intent
    assert entities(parsed).items() >= expected.items()


def test_a_shared_postal_code_names_all_its_places(engine: Engine) -> None:
    """69250 is several communes: each is a candidate."""
    found = {entity["value"] for entity in engine.parse("69250")["entities"]}
    assert len(found) > 1


@pytest.mark.parametrize("text", ["bonjour", "oui", "non", "merci", "d'autres", "stop", "aide", "humain"])
def test_small_words_name_nothing(engine: Engine, text: str) -> None:
    """No need and no place is heard in the words of the dialogue itself."""
    assert engine.parse(text)["entities"] == []
