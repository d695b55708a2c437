"""Every language says everything: the same keys, shapes and variables as in French, within what an SMS may cost."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.sentences import Ask, Sentences
from bot.settings import ROOT
from bot.texts import Texts
from channels import sms_text
from knowledge.languages import Languages
from knowledge.lexicons import Lexicon

FOLDER = ROOT / "nlu" / "responses"
WRITTEN = sorted(path.stem for path in FOLDER.glob("*.yml") if path.stem != "fr")
ONLY_IN_FRENCH: frozenset[str] = frozenset()
"""Keys that make sense in French alone: a language need not have them."""
MOST_SEGMENTS = 3
"""Arabic and Cyrillic take 70 letters an SMS, 67 when there are several."""
_COMMANDS = {"HUMAIN": "human", "MENU": "menu", "REPRENDRE": "resume", "STOP": "stop", "START": "resume"}

Shape = tuple[str | None, tuple[tuple[str, Any], ...]]


@cache
def responses(code: str) -> dict[str, list[dict[str, Any]]]:
    return yaml.safe_load((FOLDER / f"{code}.yml").read_text(encoding="utf-8"))["responses"]


def shapes(rows: list[dict[str, Any]]) -> dict[Shape, tuple[set[str], list[str], str]]:
    """For each channel and situation: the variables, the payloads of the buttons, the footer."""
    found: dict[Shape, tuple[set[str], list[str], str]] = defaultdict(lambda: (set(), [], ""))
    for row in rows:
        conditions = tuple(sorted((one["name"], one["value"]) for one in row.get("condition") or ()))
        shape = (row.get("channel"), conditions)
        variables = found[shape][0] | set(re.findall(r"\{(\w+)\}", row["text"]))
        buttons = [button["payload"] for button in row.get("buttons") or ()]
        found[shape] = (variables, buttons, (row.get("metadata") or {}).get("footer", ""))
    return dict(found)


@pytest.mark.parametrize("code", WRITTEN)
def test_a_language_has_the_same_keys(code: str) -> None:
    """Nothing is missing and nothing is left over."""
    assert code in Languages.from_file().codes
    assert responses("fr").keys() - responses(code).keys() - ONLY_IN_FRENCH == set()
    assert responses(code).keys() - responses("fr").keys() == set()


@pytest.mark.parametrize("code", WRITTEN)
def test_a_language_has_the_same_shapes(code: str) -> None:
    """Each channel and situation is there, with the same variables, buttons and footer."""
    french = responses("fr")
    different = {
        key: (shapes(french[key]), shapes(rows))
        for key, rows in responses(code).items()
        if shapes(french[key]) != shapes(rows)
    }
    assert different == {}


def cost(text: str) -> sms_text.Segments:
    return sms_text.segments(sms_text.fit(text.strip()))


def plain(code: str) -> list[tuple[str, str]]:
    """What goes out by SMS as it is written: key and text."""
    return [
        (key, row["text"])
        for key, rows in responses(code).items()
        for row in rows
        if row.get("channel") in (None, "sms") and "buttons" not in row and "{" not in row["text"] and row["text"]
    ]


@pytest.mark.parametrize("code", WRITTEN)
def test_a_plain_sentence_costs_three_sms_at_most(code: str) -> None:
    """The whole cost is printed: how many sentences take one, two or three segments, in which alphabet."""
    costs = {(key, text): cost(text) for key, text in plain(code)}
    for count in range(1, MOST_SEGMENTS + 1):
        alphabets = [paid.encoding for paid in costs.values() if paid.count == count]
        print(f"{code}: {count} SMS: {len(alphabets)} sentences, {alphabets.count('UCS-2')} of them in UCS-2")
    assert {key: paid for key, paid in costs.items() if paid.count > MOST_SEGMENTS} == {}


@pytest.mark.parametrize("code", WRITTEN)
def test_the_words_to_reply_are_understood(code: str) -> None:
    """Where the French says HUMAIN or MENU, the translation gives a word that is read as that command."""
    read = Lexicon.from_file().first_reading
    for key, rows in responses(code).items():
        french = "\n".join(row["text"] for row in responses("fr")[key])
        for word, command in _COMMANDS.items():
            if not re.search(rf"\b{word}\b", french):
                continue
            texts = [row["text"] for row in rows if row["text"]]
            heard = [any(getattr(read(said), command) for said in _words(text)) for text in texts]
            assert any(heard), (code, key, word)


def _words(text: str) -> list[str]:
    """Single words, and pairs of them: a command may take two."""
    single = re.findall(r"[^\W\d_]+", text)
    return [*single, *(" ".join(pair) for pair in pairwise(single))]


@pytest.mark.parametrize("code", [code for code in Languages.from_file().codes if code != "fr"])
def test_a_language_that_is_not_written_is_french_and_says_so(code: str, tmp_path: Path) -> None:
    """The system and the engine alike put one line in that language first."""
    shutil.copy(FOLDER / "fr.yml", tmp_path)
    line = Languages.from_file().in_french(code)
    assert line
    said = Texts(tmp_path).say("system_queued", kind="sms", language=code)
    assert said.text.split("\n")[0] == line
    assert said.language == "fr"
    reply = Sentences.from_folder(tmp_path).reply("utter_thank", Ask("sms", code), {})
    assert reply["notice"] == line


@pytest.mark.parametrize("code", ["fr", *WRITTEN])
def test_no_key_is_written_twice(code: str) -> None:
    """YAML keeps the last one and says nothing: whoever mends the first would mend in vain."""
    keys = re.findall(r"^  (\w+):", (FOLDER / f"{code}.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert [key for key in set(keys) if keys.count(key) > 1] == []


def test_system_sentences_are_said_in_the_language() -> None:
    """Without any notice, and marked as what they are."""
    said = Texts().say("system_queued", kind="sms", language="en")
    assert "counsellor" in said.text
    assert said.language == "en"


def test_signs_stand_where_the_language_puts_them() -> None:
    """A space before « : » and « ? » in French alone, when what came before turned out empty."""
    rows = {"utter_list": [{"text": "{label} {mark} :"}]}
    translated = {"utter_list": [{"text": "{label} {mark}:"}]}
    sentences = Sentences({"fr": rows, "en": translated})
    words = {"label": "Bron", "mark": ""}
    assert sentences.reply("utter_list", Ask("web"), words)["text"] == "Bron :"
    assert sentences.reply("utter_list", Ask("web", "en"), words)["text"] == "Bron:"
