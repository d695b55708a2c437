"""Another language: asked for, confirmed in itself, kept; and what is said when we have it not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.kit import Kit, Turn
from actions.language import ChangeLanguage
from knowledge.languages import Languages
from tests.engine import Engine, Talk, keys

NAMES = {Languages.from_file().own_name(code) for code in Languages.from_file().codes}


def kept(engine: Engine, talk: Talk) -> tuple[Any, ...]:
    [row] = engine.rows("SELECT language, language_asked FROM conversation WHERE id = %s", talk.id)
    return row


def test_wish_is_confirmed_in_the_new_language(engine: Engine, talk: Talk) -> None:
    """The confirmation is in the language asked for, which the conversation keeps."""
    [reply] = talk.say("vous parlez anglais ?")["replies"]
    assert (reply["key"], reply["language"]) == ("utter_language_changed", "en")
    assert "English" in reply["text"]
    assert kept(engine, talk) == ("en", True)


def test_question_that_waited_is_asked_again_in_the_new_language(engine: Engine, talk: Talk) -> None:
    """In the middle of a search, the search goes on, its need named in the new language."""
    talk.say("je cherche une garde d'enfants")
    answer = talk.say("en anglais svp")
    assert keys(answer) == ["utter_language_changed", "utter_resume"]
    assert "Childcare" in answer["replies"][1]["text"]
    shown = replace(talk, language="en").say("Bron")["replies"][0]
    assert shown["language"] == "en"


@pytest.mark.parametrize("words", ["je ne parle pas français", "changer de langue"])
def test_language_that_was_not_named_is_asked_for(engine: Engine, talk: Talk, words: str) -> None:
    """The nine are listed by their own names; one is chosen by its button."""
    answer = talk.say(words)
    assert keys(answer) == ["utter_ask_language"]
    assert {choice["title"] for choice in answer["replies"][0]["choices"]} == NAMES
    [reply] = talk.say(payload='/change_language{"language": "en"}')["replies"]
    assert reply["language"] == "en"
    assert kept(engine, talk) == ("en", True)


def test_language_heard_already_is_the_one_wanted(engine: Engine, talk: Talk) -> None:
    """« i don't speak french », which the door has heard as English, is no wish for French."""
    [reply] = replace(talk, language="en").say("i don't speak french")["replies"]
    assert reply["language"] == "en"
    assert kept(engine, talk) == ("en", True)


@pytest.mark.parametrize("words", ["/change_language", "change language", "i do not understand", "cambiar de idioma"])
def test_language_that_may_be_misheard_is_not_locked(words: str) -> None:
    """In a conversation that is in English already, the button and the bare wish list the nine, and choose none."""
    latest = {"text": words, "intent": {"name": "change_language"}, "metadata": {"language": "en"}}
    tracker = Tracker("", {}, latest, [], False, None, {}, "")
    dispatcher = CollectingDispatcher()
    no_database = cast(Kit, None)
    action = ChangeLanguage(no_database, Languages.from_file())
    assert asyncio.run(action.run(Turn(dispatcher, tracker))) == []
    [message] = dispatcher.messages
    assert message["response"] == "utter_ask_language"
    assert {choice["label"] for choice in message["choices"]} == NAMES


def test_language_that_we_have_not_is_said_so(engine: Engine, talk: Talk) -> None:
    """Kindly, with those that we have; nothing changes."""
    answer = talk.say("vous parlez farsi ?")
    assert keys(answer) == ["utter_language_unknown"]
    assert {choice["title"] for choice in answer["replies"][0]["choices"]} == NAMES
    assert kept(engine, talk) == ("fr", False)
