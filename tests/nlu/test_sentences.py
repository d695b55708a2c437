"""Responses: which variation is said, how choices are worded, what fits an SMS."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.settings import ROOT
from nlu.sentences import Ask, MissingVariable, Sentences, UnknownSentence, units

FRENCH = {
    "utter_hello": [
        {"text": "Bonjour {name}"},
        {"text": "Bjr {name}", "channel": "sms"},
        {"text": "Bonsoir {name}", "condition": [{"type": "slot", "name": "late", "value": True}]},
    ],
    "utter_list": [{"text": "Voici :", "channel": "sms", "metadata": {"units": 100}}, {"text": "Voici :"}],
    "utter_line": [{"text": "{name}, {phone}, {distance}"}],
    "utter_end": [{"text": "Fin {mark}."}],
    "utter_mark": [{"text": "(exemple)"}],
    "utter_either": [{"text": "a"}, {"text": "b"}],
}
SENTENCES = Sentences({"fr": FRENCH, "en": {"utter_hello": [{"text": "Hello {name}"}]}})


@pytest.mark.parametrize(
    ("ask", "variables", "text"),
    [
        (Ask("web"), {}, "Bonjour Zoé"),
        (Ask("sms"), {}, "Bjr Zoé"),
        (Ask("sms"), {"late": True}, "Bonsoir Zoé"),
        (Ask("sms", "en"), {}, "Hello Zoé"),
        (Ask("web", "uk"), {}, "Bonjour Zoé"),
    ],
)
def test_the_most_demanding_variation_is_said(ask: Ask, variables: dict, text: str) -> None:
    """Language first, then situation, then channel; French where a language is missing."""
    assert SENTENCES.reply("utter_hello", ask, {"name": "Zoé", **variables})["text"] == text


def test_a_repeat_says_the_same() -> None:
    """Among equal variations the message's id decides."""
    said = {SENTENCES.reply("utter_either", Ask("web", seed=str(n)), {})["text"] for n in range(50)}
    assert said == {"a", "b"}
    assert len({SENTENCES.reply("utter_either", Ask("web", seed="7"), {})["text"] for _ in range(9)}) == 1


def test_choices_are_worded_one_by_one() -> None:
    """Each item has its title, its payload and its card; what is empty leaves no comma behind."""
    item = {
        "each": "utter_line",
        "payload": "/a",
        "name": "Crèche",
        "phone": "",
        "distance": None,
        "card": {"name": "C"},
    }
    reply = SENTENCES.reply("utter_list", Ask("web"), {"choices": [item]})
    assert reply["choices"] == [{"title": "Crèche", "payload": "/a", "card": {"name": "C"}}]


@pytest.mark.parametrize(("mark", "footer"), [("", "Fin."), ({"say": "utter_mark"}, "Fin (exemple).")])
def test_a_variable_may_be_another_response(mark: object, footer: str) -> None:
    """`{"say": …}` is said in place; an empty one leaves no blank."""
    reply = SENTENCES.reply("utter_list", Ask("web"), {"choices": [], "footer": "utter_end", "mark": mark})
    assert reply["footer"] == footer


def test_names_are_shortened_until_the_sms_fits() -> None:
    """Only names give way, and as little as needed."""
    item = {"each": "utter_line", "payload": "/a", "phone": "04 65 71 00 01", "distance": "2 km"}
    name = "Halte-garderie associative et participative du quartier"
    reply = SENTENCES.reply("utter_list", Ask("sms"), {"choices": [{**item, "name": name}] * 2})
    assert units(reply) <= 100
    assert all(choice["title"].endswith("04 65 71 00 01, 2 km") for choice in reply["choices"])


def test_what_is_missing_is_told() -> None:
    """An unknown response or a variable that nobody gave is an error that names it."""
    with pytest.raises(UnknownSentence, match="utter_nothing"):
        SENTENCES.reply("utter_nothing", Ask("web"), {})
    with pytest.raises(MissingVariable, match="utter_hello: name"):
        SENTENCES.reply("utter_hello", Ask("web"), {})


def written() -> dict[str, list[dict]]:
    return yaml.safe_load((ROOT / "nlu/responses/fr.yml").read_text(encoding="utf-8"))["responses"]


def used() -> set[str]:
    """Names of responses in actions, rules and responses, except those composed of a prefix and a value."""
    sources = [*(ROOT / "actions").glob("*.py"), *(ROOT / "nlu/topics").glob("*.yml")]
    names = set(re.findall(r"utter_[a-z_]+", "\n".join(path.read_text(encoding="utf-8") for path in sources)))
    footers = {(variation.get("metadata") or {}).get("footer") for rows in written().values() for variation in rows}
    return {name for name in names | footers if name and not name.endswith("_")} - {"utter_message"}


_COMPOSED = ("utter_suggest_", "utter_type_", "utter_line_")


def test_every_response_that_is_used_is_written() -> None:
    """No name in the code or in the rules leads to nothing."""
    assert used() - written().keys() == set()


def test_every_response_that_is_written_is_used() -> None:
    """No sentence is left over."""
    ours = {name for name in written() if name.startswith("utter_") and not name.startswith(_COMPOSED)}
    assert ours - used() - {"utter_default", "utter_search_results_old"} == set()


def test_texts_are_fit_for_sms() -> None:
    """What is said on every channel uses « vous », and no letter outside of GSM-7 and the few that are mended."""
    mended = set("êâîôûçœŒ’«»ËÊÀÈÇ…–—")
    gsm = set("@£$¥èéùìòÇØøÅåÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà€[]{}\\^~|\n_")
    for key, rows in written().items():
        for variation in rows:
            odd = {c for c in variation["text"] if not (c.isascii() and c.isalpha()) and c not in gsm | mended}
            assert not odd, (key, odd)
            assert not re.search(r"\b(tu|toi|ton|tes)\b", variation["text"].lower()), key


def test_languages_keep_the_placeholders() -> None:
    """A translation has the same variables as the French."""
    french = written()
    for path in Path(ROOT / "nlu/responses").glob("*.yml"):
        for key, rows in yaml.safe_load(path.read_text(encoding="utf-8"))["responses"].items():
            known = {name for row in french[key] for name in re.findall(r"\{(\w+)\}", row["text"])}
            assert {name for row in rows for name in re.findall(r"\{(\w+)\}", row["text"])} <= known, (path.name, key)
