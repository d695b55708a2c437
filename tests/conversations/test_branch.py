"""Branches: the nearest, by kind and place, and when they are open."""

from __future__ import annotations

import pytest

from tests.engine import Engine, Talk, begin, keys, said


def test_kind_and_place_in_one_sentence(talk: Talk) -> None:
    """The nearest of that kind, with address, distance, phone and whether it is open."""
    answer = talk.say("une maison de la métropole à Vénissieux")
    assert keys(answer) == ["utter_branches"]
    first = answer["replies"][0]["choices"][0]
    assert first["card"]["address"]
    assert first["card"]["phone"]
    assert any(word in first["title"] for word in ("ouvert", "ouvre", "horaires"))


def test_the_place_is_asked_for_and_understood(talk: Talk) -> None:
    """« la plus proche » needs a place; its answer alone is enough."""
    assert keys(talk.say("où est la MMIE la plus proche")) == ["utter_ask_branch_place"]
    assert keys(talk.say("bonjour"))[-1] == "utter_resume"
    assert keys(talk.say("Bron")) == ["utter_branches"]


def test_another_place_for_the_same_kind(talk: Talk) -> None:
    """« et à Bron ? » after a branch is about branches."""
    talk.say("où est le CCAS de Villeurbanne")
    answer = talk.say("et à Bron ?")
    assert keys(answer) == ["utter_branches"]
    assert "CCAS" in said(answer)


def test_more_branches_are_others(talk: Talk) -> None:
    """The next ones are not those already shown."""
    first = {choice["title"] for choice in talk.say("la MMIE à Bron")["replies"][0]["choices"]}
    second = {choice["title"] for choice in talk.say("d'autres")["replies"][0]["choices"]}
    assert first
    assert second
    assert not first & second


def test_hours_of_the_branch_just_shown(talk: Talk) -> None:
    """« vous êtes ouverts samedi ? » is about the nearest one that was shown."""
    name = talk.say("la mission locale de Bron")["replies"][0]["choices"][0]["card"]["name"]
    answer = talk.say("vous êtes ouverts samedi ?")
    assert keys(answer) == ["utter_branch_hours"]
    assert name in said(answer)


@pytest.mark.parametrize("kind", ["web", "sms"])
def test_hours_by_kind_and_place(engine: Engine, kind: str) -> None:
    """Hours in plain French, and whether it is open now, on every channel."""
    answer = begin(engine, kind).say("le CCAS de Bron est ouvert samedi ?")
    assert keys(answer) == ["utter_branch_hours"]
    assert "Horaires" in said(answer)


def test_hours_of_nothing_ask_for_the_place(talk: Talk) -> None:
    """Without a branch, one question."""
    assert keys(talk.say("vous ouvrez à quelle heure")) == ["utter_ask_hours_place"]


def test_outside_the_metropole(talk: Talk) -> None:
    """No branch of ours there: it is said."""
    assert keys(talk.say("une mission locale à Villefranche-sur-Saône")) == ["utter_outside"]


@pytest.mark.parametrize("kind", ["web", "sms"])
def test_hours_older_than_two_years_are_not_open_now(engine: Engine, kind: str) -> None:
    """Never « ouvert » by them: their date, and to call before going; asked for, they are told with the same words."""
    talk = begin(engine, kind)
    shown = said(talk.say("france services à Bron"))
    assert "appelez avant d'y aller (horaires de 08/2024)" in shown
    assert "ouvert" not in shown
    assert "ouvre" not in shown
    hours = said(talk.say("vous êtes ouverts quand ?"))
    assert "Horaires de 08/2024, à vérifier : " in hours
    assert ("de 9 h à 12 h 30" if kind == "web" else "9h-12h30") in hours
    assert "Appelez avant d'y aller." in hours
    assert "ouvert" not in hours


def test_hours_older_than_six_months_say_their_date(talk: Talk) -> None:
    """Open or closed is told, and when that was checked."""
    answer = talk.say("la mission locale de Vénissieux")
    first = answer["replies"][0]["choices"][0]["title"]
    assert "vérifié en 03/2026" in first
    assert any(word in first for word in ("ouvert", "ouvre"))
    assert "Vérifié en 03/2026." in said(talk.say("vous êtes ouverts samedi ?"))


def test_fresh_hours_say_no_date(talk: Talk) -> None:
    """Hours checked this month need none."""
    assert "vérifié" not in said(talk.say("le CCAS de Bron"))


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("le CCAS de Bron", "centres communaux d'action sociale (ccas)"),
        ("la MMIE à Bron", "maisons métropolitaines d'insertion pour l'emploi (mmie)"),
        ("le CCAS de Bron est ouvert samedi ?", "(centre communal d'action sociale)"),
        ("une antenne à Bron", "ccas : centre communal d'action sociale."),
    ],
)
def test_initials_are_explained(sms: Talk, words: str, meaning: str) -> None:
    """What the initials in a name stand for is said once."""
    answer = said(sms.say(words)).lower()
    assert answer.count(meaning) == answer.count("action sociale") + answer.count("pour l'emploi") == 1
