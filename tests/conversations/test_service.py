"""More on one result, or something wrong with it."""

from __future__ import annotations

import json

import pytest

from tests.engine import Engine, Talk, begin, keys, said

SEARCH = "je cherche une garde d'enfants à Vaulx"


def tasks(talk: Talk) -> list[tuple]:
    return talk.engine.rows("SELECT reason, cause, message_id FROM task WHERE conversation_id = %s", talk.id)


@pytest.mark.parametrize("words", ["plus d'infos sur le 2", "le deuxième", "le 2", "2", "n°2"])
def test_more_on_the_second(talk: Talk, words: str) -> None:
    """The second result is described: what, where, how much, whom to call, how old."""
    talk.say(SEARCH)
    answer = talk.say(words)
    assert keys(answer) == ["utter_service_details"]
    for fact in ("Grappinière 2", "2 rue de l'Exemple", "04 65 71 00 02", "gratuit", "10/2026"):
        assert fact in said(answer)


def test_a_choice_tells_which_one_for_good(talk: Talk) -> None:
    """A button of an earlier page still means the service that it showed."""
    first = talk.say(SEARCH)
    talk.say("d'autres")
    assert "Grappinière 1" in said(talk.choose(first, 1))


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("c'est gratuit ?", "gratuit"),
        ("c'est à quelle adresse", "3 rue de l'Exemple"),
        ("leur numéro svp", "04 65 71 00 03"),
    ],
)
def test_one_fact_of_the_one_spoken_of(talk: Talk, question: str, fact: str) -> None:
    """After details, a short question is about the same service and is answered shortly."""
    talk.say(SEARCH)
    talk.say("le 3")
    answer = talk.say(question)
    assert fact in said(answer)
    assert keys(answer)[0].startswith("utter_aspect_")


@pytest.mark.parametrize("kind", ["web", "sms"])
def test_details_of_old_information_warn(engine: Engine, kind: str) -> None:
    """Over two years: the date and the warning, in the details and in each short answer."""
    talk = begin(engine, kind)
    talk.say("je cherche des vêtements à Bron")
    for question in ("le 1", "c'est gratuit ?", "c'est à quelle adresse", "leur numéro svp", "les horaires du 1"):
        answer = said(talk.say(question))
        assert "03/2023" in answer, question
        assert "Attention : cette information a plus de 2 ans. Appelez avant d'y aller." in answer, question


def test_short_answers_date_what_is_over_six_months_old(talk: Talk) -> None:
    """Over six months: the date, without the warning; under, neither."""
    talk.say("passer le permis à Bron")
    talk.say("le 1")
    answer = said(talk.say("c'est gratuit ?"))
    assert "Information de 02/2026." in answer
    assert "Attention" not in answer
    talk.say(SEARCH)
    talk.say("le 1")
    assert "Information de" not in said(talk.say("c'est gratuit ?"))


def test_which_one_is_asked_when_it_is_not_clear(talk: Talk) -> None:
    """Three results and « c'est gratuit ? »: which one, as choices."""
    talk.say(SEARCH)
    asked = talk.say("c'est gratuit ?")
    assert keys(asked) == ["utter_which_service"]
    assert "Grappinière 2" in said(talk.choose(asked, 2))


def test_details_of_nothing(talk: Talk) -> None:
    """Without results, what is looked for is asked."""
    assert keys(talk.say("plus d'infos sur le 2")) == ["utter_no_service"]


def test_an_arrondissement_is_no_result(talk: Talk) -> None:
    """« le 3e », said when a place was asked for, is a place."""
    talk.say("passer le permis")
    assert "Lyon 3e" in said(talk.say("le 3e"))


def test_an_error_is_told_to_the_team_once(talk: Talk) -> None:
    """A task is opened, caused by the message; the same message again opens nothing."""
    talk.say(SEARCH)
    talk.say("le 1")
    message_id = talk.new_message("le numéro marche pas")
    answer = talk.say("le numéro marche pas", message_id=message_id)
    assert keys(answer) == ["utter_error_reported"]
    talk.say("le numéro marche pas", message_id=message_id)
    assert tasks(talk) == [("offer_error", str(message_id), message_id)]


def test_which_one_is_wrong_is_asked(talk: Talk) -> None:
    """An error in one of three results: which one, then the task."""
    talk.say(SEARCH)
    asked = talk.say("l'adresse est fausse")
    assert keys(asked) == ["utter_error_which"]
    assert json.loads(asked["replies"][0]["choices"][1]["payload"].removeprefix("/report_error"))["service"]
    assert keys(talk.choose(asked, 2)) == ["utter_error_reported"]
    assert [row[0] for row in tasks(talk)] == ["offer_error"]


def test_an_error_of_nothing_is_told_all_the_same(talk: Talk) -> None:
    """Without a result, a human reads the message."""
    assert keys(talk.say("vos infos sont fausses")) == ["utter_error_reported_unknown"]
    assert len(tasks(talk)) == 1
