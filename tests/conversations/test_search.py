"""Looking for a service, from sentence to sentence, with the real model, the real actions and a real offer."""

from __future__ import annotations

import pytest

from tests.engine import Engine, Talk, begin, keys, said

TWO_SEGMENTS = 306


def septets(answer: dict) -> int:
    """What the answer weighs as one SMS in GSM-7."""
    numbered = []
    for reply in answer["replies"]:
        titles = [f"{number}. {choice['title']}" for number, choice in enumerate(reply["choices"], 1)]
        numbered += [reply["text"], *titles, reply["footer"]]
    return len("\n".join(line for line in numbered if line))


def titles(answer: dict) -> list[str]:
    return [choice["title"] for reply in answer["replies"] for choice in reply["choices"]]


def cards(answer: dict) -> list[dict]:
    return [choice["card"] for reply in answer["replies"] for choice in reply["choices"]]


def test_need_and_place_in_one_sentence(talk: Talk) -> None:
    """Three results with name, distance, phone and date; the fiction is told once."""
    answer = talk.say("je cherche une garde d'enfants à Vaulx")
    assert keys(answer) == ["utter_search_results"]
    assert len(titles(answer)) == 3
    for title in titles(answer):
        assert "Halte-garderie" in title
        assert "km" in title
        assert "04 65 71 00 0" in title
        assert "10/2026" in title
    assert said(answer).count("exemple fictif") == 1
    assert all(card["map_url"].startswith("https://www.openstreetmap.org/") for card in cards(answer))


def test_the_first_answer_fits_two_sms_segments(sms: Talk) -> None:
    """Names are shortened, nothing else, until three choices fit."""
    answer = sms.say("je cherche une garde d'enfants à Vaulx")
    assert len(titles(answer)) == 3
    assert septets(answer) <= TWO_SEGMENTS
    assert "Halte-garderie" in titles(answer)[0]
    assert "D'AUTRES" in said(answer)


def test_one_question_at_a_time(talk: Talk) -> None:
    """The need first, then the place, then the results."""
    assert keys(talk.say("je cherche un service")) == ["utter_ask_need"]
    asked = talk.say("une crèche")
    assert keys(asked) == ["utter_ask_place"]
    assert "Garde d'enfants" in said(asked)
    assert keys(talk.say("Vaulx-en-Velin")) == ["utter_search_results"]


def test_a_place_alone_changes_the_place(talk: Talk) -> None:
    """« et à Bron ? » looks for the same thing elsewhere."""
    talk.say("je cherche une garde d'enfants à Vaulx")
    answer = talk.say("et à Bron ?")
    assert "Bron" in said(answer)
    assert "Garde d'enfants" in said(answer)


def test_a_need_alone_keeps_the_place(talk: Talk) -> None:
    """Another need is looked for at the place already told."""
    talk.say("je cherche une garde d'enfants à Bron")
    answer = talk.say("et pour passer le permis ?")
    assert keys(answer) == ["utter_search_results"]
    assert "Bron" in said(answer)


def test_others_are_never_the_same(talk: Talk) -> None:
    """Five results are shown once each, then there are no more."""
    first = titles(talk.say("je cherche une garde d'enfants à Vaulx"))
    second = titles(talk.say("d'autres"))
    assert (len(first), len(second)) == (3, 2)
    assert not set(first) & set(second)
    assert keys(talk.say("encore")) == ["utter_no_more"]


def test_others_of_nothing(talk: Talk) -> None:
    """Without a search, what is looked for is asked."""
    assert keys(talk.say("d'autres")) == ["utter_more_nothing"]


@pytest.mark.parametrize("hello", ["bonjour", "merci", "aide", "t'es un robot ?", "quel temps fait-il", "oui"])
def test_an_open_question_survives_a_digression(talk: Talk, hello: str) -> None:
    """The question comes again, and its answer is understood."""
    talk.say("je voudrais passer le permis")
    assert keys(talk.say(hello))[-1] == "utter_resume"
    assert keys(talk.say("Bron")) == ["utter_search_results"]


def test_no_stops_the_search(talk: Talk) -> None:
    """There is always a way out."""
    talk.say("je voudrais passer le permis")
    assert keys(talk.say("non laisse tomber")) == ["utter_search_stopped"]
    assert keys(talk.say("bonjour")) == ["utter_greet"]


def test_a_shared_postal_code_asks_which(talk: Talk) -> None:
    """The choices are places, and choosing one goes on with the search."""
    asked = talk.say("passer le permis dans le 69250")
    assert keys(asked) == ["utter_ask_which_place"]
    assert len(titles(asked)) > 1
    answer = talk.choose(asked, 1)
    assert titles(asked)[0] in said(answer)


def test_outside_the_metropole(talk: Talk) -> None:
    """It is said, with whom to ask; the need is kept for another place."""
    answer = talk.say("passer le permis à Villefranche-sur-Saône")
    assert keys(answer) == ["utter_outside"]
    assert keys(talk.say("et à Bron ?")) == ["utter_search_results"]


def test_an_unknown_place_is_told(talk: Talk) -> None:
    """What we do not know as a place is asked again, with a way out."""
    talk.say("passer le permis")
    answer = talk.say("à Trifouilly")
    assert keys(answer) == ["utter_place_unknown"]
    assert "NON" in said(answer)


OLD = "attention, ces informations ont plus de 2 ans. Appelez avant d'y aller."


@pytest.mark.parametrize(("kind", "warning"), [("web", OLD), ("sms", "informations de plus de 2 ans, appelez avant.")])
def test_old_information_is_told(engine: Engine, kind: str, warning: str) -> None:
    """When all there is to show is over two years old, every answer warns first: the first one and the next ones."""
    talk = begin(engine, kind)
    answer = talk.say("je cherche des vêtements à Bron")
    assert keys(answer) == ["utter_search_results"]
    assert warning in said(answer)
    assert "03/2023" in said(answer)
    more = talk.say("d'autres")
    assert keys(more) == ["utter_search_more"]
    assert warning in said(more)


def test_old_information_is_told_of_what_comes_near(talk: Talk) -> None:
    """A widened answer warns as well."""
    answer = talk.say("je cherche un électroménager pas cher à Bron")
    assert keys(answer) == ["utter_search_results_widened"]
    assert OLD in said(answer)


def test_old_information_is_told_of_own_words(talk: Talk) -> None:
    """So does an answer to a person's own words."""
    talk.say("je cherche un service à Bron")
    answer = talk.say("poterie")
    assert keys(answer) == ["utter_search_words"]
    assert OLD in said(answer)


def test_fresh_information_is_shown_without_a_warning(talk: Talk) -> None:
    """No warning where there is nothing to warn of."""
    assert "attention" not in said(talk.say("je cherche une garde d'enfants à Vaulx")).lower()


def test_nothing_exact_widens_and_says_so(talk: Talk) -> None:
    """A theme without a service is answered by its category, and it is said."""
    answer = talk.say("je cherche un électroménager pas cher à Bron")
    assert keys(answer) == ["utter_search_results_widened"]


def test_nothing_at_all(talk: Talk) -> None:
    """No service: an honest answer and a human."""
    answer = talk.say("je veux créer mon entreprise à Bron")
    assert keys(answer) == ["utter_search_nothing"]
    assert "HUMAIN" in said(answer)


def test_for_professionals_only(talk: Talk) -> None:
    """Such a service shows no phone and says to ask the referent."""
    answer = talk.say("passer le permis à Bron")
    line = next(title for title in titles(answer) if title.startswith("Permis pour tous"))
    assert "demandez à votre référent" in line
    assert "04 65" not in line


def test_own_words_when_no_need_is_known(talk: Talk) -> None:
    """Words that no theme knows are looked up in the offer itself."""
    talk.say("je cherche un service à Bron")
    answer = talk.say("du macramé")
    assert keys(answer) == ["utter_search_words"]
    assert "Le macramé du jeudi" in said(answer)


def test_own_words_with_a_place_are_a_new_search(talk: Talk) -> None:
    """An unknown wish never brings the results of the wish before."""
    talk.say("je cherche une garde d'enfants à Vaulx")
    answer = talk.say("des cours de tricot à Bron")
    assert "Halte-garderie" not in said(answer)
