"""Branches: the nearest, by kind and place, and when they are open."""

from __future__ import annotations

from tests.engine import Talk, keys, said


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


def test_hours_by_kind_and_place(talk: Talk) -> None:
    """Hours in plain French, and whether it is open now."""
    answer = talk.say("le CCAS de Bron est ouvert samedi ?")
    assert keys(answer) == ["utter_branch_hours"]
    assert "Horaires" in said(answer)


def test_hours_of_nothing_ask_for_the_place(talk: Talk) -> None:
    """Without a branch, one question."""
    assert keys(talk.say("vous ouvrez à quelle heure")) == ["utter_ask_hours_place"]


def test_outside_the_metropole(talk: Talk) -> None:
    """No branch of ours there: it is said."""
    assert keys(talk.say("une mission locale à Villefranche-sur-Saône")) == ["utter_outside"]
