"""What is not understood."""

from __future__ import annotations

from tests.engine import Talk, keys, said


def offered(answer: dict) -> list[dict]:
    return [choice for reply in answer["replies"] for choice in reply["choices"]]


def test_first_suggestions_then_a_human(talk: Talk) -> None:
    """Three readable suggestions, then the way to a person."""
    first = talk.say("zzzz qqqq")
    assert keys(first) == ["utter_fallback_first"]
    assert len(offered(first)) == 3
    assert all("_" not in choice["title"] for choice in offered(first))
    second = talk.say("grmbl grmbl")
    assert keys(second) == ["utter_fallback_second"]
    assert "HUMAIN" in said(second)


def test_an_understood_message_in_between_begins_anew(talk: Talk) -> None:
    """Two misses that do not follow each other are two first misses."""
    talk.say("zzzz qqqq")
    talk.say("bonjour")
    assert keys(talk.say("grmbl grmbl")) == ["utter_fallback_first"]


def test_each_suggestion_leads_somewhere(talk: Talk) -> None:
    """Choosing a suggestion is answered."""
    first = talk.say("zzzz qqqq")
    for number in (1, 2, 3):
        assert talk.choose(first, number)["replies"]


def test_every_suggestion_is_written() -> None:
    """Each intent that may be suggested has its words."""
    import yaml

    from actions.fallback import SUGGESTED
    from bot.settings import ROOT
    from knowledge.articles import Articles

    written = yaml.safe_load((ROOT / "nlu/responses/fr.yml").read_text(encoding="utf-8"))["responses"]
    names = (*SUGGESTED, *(f"faq_{topic}" for topic in Articles.from_folder().topics))
    assert {f"utter_suggest_{name}" for name in names} <= written.keys()
