"""Responses: which variation is said, how choices are worded, what fits an SMS."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import yaml

from actions.hits import footer, shown
from bot.sentences import Ask, MissingVariable, Sentences, UnknownSentence, segments
from bot.settings import ROOT
from channels import sms_text
from channels.base import Reply
from knowledge.branches_file import TYPES, read
from knowledge.needs import Needs
from knowledge.places import Place, Places
from knowledge.search import Hit, SearchPage, Stale
from knowledge.words import fold

FRENCH = {
    "utter_hello": [
        {"text": "Bonjour {name}"},
        {"text": "Bjr {name}", "channel": "sms"},
        {"text": "Bonsoir {name}", "condition": [{"type": "slot", "name": "late", "value": True}]},
    ],
    "utter_list": [{"text": "Voici :", "channel": "sms", "metadata": {"segments": 1}}, {"text": "Voici :"}],
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
        (Ask("web", "uk"), {}, "(На жаль, це є лише французькою.)\nBonjour Zoé"),
    ],
)
def test_the_most_demanding_variation_is_said(ask: Ask, variables: dict, text: str) -> None:
    """Language first, then situation, then channel; French where a language is missing."""
    reply = SENTENCES.reply("utter_hello", ask, {"name": "Zoé", **variables})
    assert f"{reply.get('notice', '')}\n{reply['text']}".strip() == text


def test_what_is_only_in_french_is_said_to_be_so_once() -> None:
    """One line in their language stands beside it, however many parts are missing, and the reply is French."""
    item = {"each": "utter_line", "payload": "/a", "name": "Crèche", "phone": "", "distance": ""}
    reply = SENTENCES.reply("utter_list", Ask("web", "en"), {"choices": [item] * 3, "footer": "utter_end", "mark": ""})
    assert (reply["notice"], reply["text"]) == ("(Sorry, I only have this in French.)", "Voici :")
    assert reply["language"] == "fr"
    assert SENTENCES.reply("utter_hello", Ask("web", "en"), {"name": "Zoé"})["language"] == "en"
    assert SENTENCES.reply("utter_hello", Ask("web"), {"name": "Zoé"})["language"] == "fr"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("04 65 71 00 01", "\u200e04 65 71 00 01"),
        ("8 rue des Lilas, 69120 Vaulx", "\u200e8 rue des Lilas, 69120 Vaulx"),
        ("Maison (Vaulx)", "Maison (Vaulx)\u200e"),
        ("Restos du Coeur", "Restos du Coeur"),
        ("09/2025", "09/2025"),
        ("رعاية الأطفال", "رعاية الأطفال"),
        ("", ""),
    ],
)
def test_names_and_numbers_keep_their_order_in_arabic(value: str, shown: str) -> None:
    """Marks stand where the order would change, and nowhere else: they cost letters."""
    sentences = Sentences({"fr": {}, "ar": {"utter_call": [{"text": "اتصل {value} الآن"}]}})
    reply = sentences.reply("utter_call", Ask("sms", "ar"), {"value": value})
    assert reply["text"] == " ".join(f"اتصل {shown} الآن".split())


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
    reply = SENTENCES.reply("utter_list", Ask("sms"), {"choices": [{**item, "name": name}] * 4})
    assert segments(reply) == 1
    assert all(choice["title"].endswith("04 65 71 00 01, 2 km") for choice in reply["choices"])


def test_the_wording_gives_way_after_the_names() -> None:
    """When short names are not enough, the brief wording is said; ligatures and dots count as they are sent."""
    rows = {
        "utter_list": [
            {"text": "œ…" * 40, "channel": "sms", "metadata": {"segments": 1}},
            {"text": "Bref", "channel": "sms", "condition": [{"type": "slot", "name": "brief", "value": True}]},
        ],
        "utter_line": FRENCH["utter_line"],
    }
    item = {"each": "utter_line", "payload": "/a", "name": "Atelier 🌟 couture", "phone": "", "distance": None}
    reply = Sentences({"fr": rows}).reply("utter_list", Ask("sms"), {"choices": [item]})
    assert (reply["text"], reply["choices"][0]["title"]) == ("Bref", "Atelier couture")


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


_COMPOSED = (
    "utter_suggest_",
    "utter_type_",
    "utter_line_",
    "utter_meaning_",
    "utter_ccas",
    "utter_mmie",
    "utter_resume_",
)


def test_every_response_that_is_used_is_written() -> None:
    """No name in the code or in the rules leads to nothing."""
    assert used() - written().keys() == set()


def test_every_response_that_is_written_is_used() -> None:
    """No sentence is left over."""
    ours = {name for name in written() if name.startswith("utter_") and not name.startswith(_COMPOSED)}
    assert ours - used() - {"utter_default"} == set()


def test_texts_are_fit_for_sms() -> None:
    """What is said on every channel uses « vous », and no letter outside of GSM-7 and the few that are mended."""
    mended = set("êâîôûçœŒ’«»ËÊÀÈÇ…–—")
    gsm = set("@£$¥èéùìòÇØøÅåÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà€[]{}\\^~|\n_")
    for key, rows in written().items():
        for variation in rows:
            odd = {c for c in variation["text"] if not (c.isascii() and c.isalpha()) and c not in gsm | mended}
            assert not odd, (key, odd)
            assert not re.search(r"\b(tu|toi|ton|tes)\b", variation["text"].lower()), key


def test_a_plain_sentence_is_one_sms() -> None:
    """What has no list and nothing to fill in takes one segment; help and the numbers to call in danger, two."""
    for key, rows in written().items():
        for variation in rows:
            if (
                variation.get("channel") in (None, "sms")
                and "buttons" not in variation
                and "{" not in variation["text"]
            ):
                most = 2 if key in ("utter_help", "utter_distress") or key.startswith("system_") else 1
                assert sms_text.segments(sms_text.fit(variation["text"])).count <= most, key


def test_initials_and_slang_are_not_said_bare() -> None:
    """Nothing familiar, and no initials without their meaning."""
    bare = re.compile(r"\b(infos|tlj|CAF|CPAM|MDPH|ok|svp|RDV)\b|répondez un ")
    for key, rows in written().items():
        assert not any(bare.search(variation["text"]) for variation in rows), key


def test_languages_keep_the_placeholders() -> None:
    """A translation has the same variables as the French."""
    french = written()
    for path in Path(ROOT / "nlu/responses").glob("*.yml"):
        for key, rows in yaml.safe_load(path.read_text(encoding="utf-8"))["responses"].items():
            known = {name for row in french[key] for name in re.findall(r"\{(\w+)\}", row["text"])}
            assert {name for row in rows for name in re.findall(r"\{(\w+)\}", row["text"])} <= known, (path.name, key)


def hits(*, professionals_only: bool, fictional: bool, age: Stale) -> list[Hit]:
    """Three results whose lines are as long as they get."""
    names = (
        "Accompagnement anticonstitutionnellement pluridisciplinaire des bénéficiaires œuvrant à leur réinsertion",
        "Halte-garderie associative et participative du quartier de la Grappinière « L’Œuf… »",
        "Intermédiation locative, sous-location et bail glissant en Auvergne-Rhône-Alpes",
    )
    about = {"professionals_only": professionals_only, "fictional": fictional, "stale": age}
    nothing = {"structure": "", "email": "", "url": "", "address": "", "commune": "", "fee": "", "themes": ()}
    where = {"distance_km": 9.94, "remote": False, "lat": None, "lon": None, "updated": date(2023, 12, 1)}
    return [Hit(id=name, name=name, phone="+33465710001", **nothing, **where, **about) for name in names]


RESULTS = ("utter_search_results", "utter_search_results_widened", "utter_search_words", "utter_search_more")


@pytest.mark.parametrize("response", RESULTS)
@pytest.mark.parametrize("professionals_only", [False, True])
@pytest.mark.parametrize("age", ["fresh", "old"])
def test_three_results_are_two_sms(response: str, professionals_only: bool, age: Stale) -> None:
    """Every need at every place, whatever the names: the text that is sent takes two segments at most."""
    found = hits(professionals_only=professionals_only, fictional=True, age=age)
    words = {**shown(found), **footer(SearchPage(tuple(found), 9))}
    for need, place, short in labels():
        about = {"need_label": need, "wanted_label": need, "place_label": place, "place_name": short}
        reply = written_sentences().reply(response, Ask("sms"), {**words, **about})
        sent = sms_text.segments(sms_text.body(Reply.from_json(reply)))
        assert (sent.encoding, sent.count <= 2) == ("GSM-7", True), (need, place, reply)
        assert all(len(choice["title"].split(", ")[0]) >= 8 for choice in reply["choices"]), reply


@pytest.mark.parametrize("branch_type", TYPES)
@pytest.mark.parametrize("old", [False, True])
def test_three_branches_are_three_sms(branch_type: str, old: bool) -> None:
    """The three longest of a kind, closed until Wednesday or to be asked, at the place with the longest name."""
    lines = [branch_words(row, old) for _, row in read(ROOT / "knowledge/branches.csv") if row["type"] == branch_type]
    longest = sorted(lines, key=lambda line: -len(line["name"] + line["address"]))[:3]
    words = {"mark": {"say": "utter_fictional"}, "footer": "utter_branch_footer", "choices": longest}
    kind = {"type_label": {"say": f"utter_type_{branch_type}"}}
    initials = {name: {"say": f"utter_{name}"} for name in ("ccas", "mmie")}
    place = max((place.label or place.name for place in places()), key=len)
    for response in ("utter_branches", "utter_branches_any"):
        about = {**words, **kind, **initials, "place_label": place}
        reply = written_sentences().reply(response, Ask("sms"), about)
        assert sms_text.segments(sms_text.body(Reply.from_json(reply))).count <= 3, reply


def branch_words(row: dict[str, str], old: bool) -> dict:
    opens = {"say": "utter_opens", "day": "wednesday", "hour": "13 h 30"}
    return {
        "each": "utter_branch_line",
        "payload": "/a",
        "name": row["label"],
        "address": row["address"],
        "phone": row["phone"],
        "distance": "9,9 km",
        "opening": {"say": "utter_opening_old"} if old else opens,
        "dated": "" if old else {"say": "utter_branch_dated"},
        "updated": "08/2024",
    }


@cache
def written_sentences() -> Sentences:
    return Sentences.from_folder(ROOT / "nlu/responses")


@cache
def labels() -> list[tuple[str, str, str]]:
    """For each length of a need and a place together, the pair that is longest in short: nothing else counts."""
    needs = Needs.from_file()
    said = [
        (needs.label(value), place.label or place.name, place.name) for value in needs.values() for place in places()
    ]
    said.sort(key=lambda words: len(sms_text.spelled(words[0] + words[2])))
    by_length = {len(sms_text.spelled(need + full)): (need, full, short) for need, full, short in said}
    return list(by_length.values())


@cache
def places() -> list[Place]:
    """Each commune, arrondissement and quarter of the Métropole."""
    known = Places.from_file()
    communes = json.loads((ROOT / "knowledge/communes.json").read_text(encoding="utf-8"))["rows"]
    quarters = yaml.load((ROOT / "knowledge/quarters.yml").read_bytes(), Loader=yaml.CSafeLoader)["quarters"]
    keys = [*(row[0] for row in communes), *(f"{row['in']}/{fold(row['name']).replace(' ', '-')}" for row in quarters)]
    found = [place for key in keys if (place := known.get(key)) and place.kind != "outside"]
    assert len(found) > len(quarters) + 60
    return found


def test_letters_outside_gsm_get_room_for_the_same_words() -> None:
    """Two GSM-7 segments are five of UCS-2: the names of the choices stay readable in Arabic."""
    rows = {
        "utter_list": [{"text": "خدمات :", "channel": "sms", "metadata": {"segments": 2}}],
        "utter_line": [{"text": "{name}, 1,2 km, 04 72 00 00 00"}],
    }
    items = [{"each": "utter_line", "payload": "/a", "name": f"Crèche associative des petits pas {n}"} for n in "abc"]
    reply = Sentences({"fr": rows, "ar": rows}).reply("utter_list", Ask("sms", "ar"), {"choices": items})
    assert 2 < segments(reply) <= 5
    assert all("petits" in choice["title"] for choice in reply["choices"])
