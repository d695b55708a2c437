"""Questions on rights, answered from the articles by the real engine."""

from __future__ import annotations

import pytest

from channels import sms_text
from channels.base import Reply
from knowledge.articles import Articles
from tests.engine import Talk, keys, said

ARTICLES = Articles.from_folder()


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("combien on touche au rsa quand on est seul", "rsa_amount"),
        ("on m'a coupé le rsa pourquoi", "rsa_suspension"),
        ("c'est quoi les 15h par semaine", "weekly_hours"),
        ("comment contester une décision de la caf", "appeal"),
        ("g trouvé 1 boulo je garde le rsa ?", "work_and_rsa"),
        ("je demenage, je dois prevenir qui", "change_address"),
    ],
)
def test_question_gets_the_article_of_its_topic(sms: Talk, question: str, topic: str) -> None:
    """By SMS: the short answer and one next step, in two GSM-7 segments."""
    answer = sms.say(question)
    assert answer["intent"] == f"faq_{topic}"
    assert keys(answer) == ["utter_article"]
    assert any(article.short in said(answer) and article.next_text in said(answer) for article in ARTICLES.of(topic))
    segments = sms_text.segments(sms_text.body(Reply.from_json(answer["replies"][0])))
    assert (segments.encoding, segments.count <= 2) == ("GSM-7", True)


def test_web_answer_names_its_source_and_the_next_questions(talk: Talk) -> None:
    """The long answer, its source, the date it was read, and what people ask next, each a button that works."""
    answer = talk.say("combien on touche au rsa quand on est seul")
    main = ARTICLES.of("rsa_amount")[0]
    for part in (main.source_name, main.source_url, f"{main.read_on:%d/%m/%Y}", "à valider par la Métropole"):
        assert part in said(answer)
    offered = [choice["title"] for choice in answer["replies"][0]["choices"]]
    assert offered
    following = talk.choose(answer, 1)
    assert said(following) != said(answer)
    assert keys(following) == ["utter_article"]


@pytest.mark.parametrize("topic", ARTICLES.topics)
def test_every_article_can_be_said(sms: Talk, topic: str) -> None:
    """Asked for by its button, in the wording of an SMS."""
    for article in ARTICLES.of(topic):
        answer = sms.say(payload=f'/faq_{topic}{{"article": "{article.id}"}}')
        assert article.short in said(answer)
