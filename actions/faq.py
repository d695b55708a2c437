"""An answer on rights and duties, from the articles; nothing is ever decided or computed here."""

from __future__ import annotations

from dataclasses import dataclass

from actions.kit import Events, Kit, Turn, choices
from bot import clock
from knowledge.articles import Article

_INTENT = "faq_"
_RELATED = 3


@dataclass(frozen=True)
class Faq:
    """The article that the question asks for, its next step, and what people ask next."""

    kit: Kit
    name = "action_faq"

    async def run(self, turn: Turn) -> Events:
        topic = turn.intent.removeprefix(_INTENT)
        wanted = turn.heard("article")
        article = self.kit.articles.choose(topic, turn.text, wanted[0] if wanted else "")
        if article is None:
            turn.say("utter_article_missing")
            return []
        turn.say("utter_article", only_french=True, choices=self._related(turn, article), **_words(article))
        return []

    def _related(self, turn: Turn, said: Article) -> list[dict[str, object]]:
        """The topic's other questions, where there is room for buttons."""
        others = [article for article in self.kit.articles.of(said.topic) if article.id != said.id][:_RELATED]
        if turn.message.kind == "sms":
            return []
        payload = f'/{_INTENT}{said.topic}{{"article": "%s"}}'
        return choices("utter_article_question", [(payload % other.id, {"label": _title(other)}) for other in others])


def _words(article: Article) -> dict[str, object]:
    return {
        "short": article.short,
        "long": article.long,
        "next": article.next_text,
        "url": article.next_url,
        "source": article.source_name,
        "source_url": article.source_url,
        "read": f"{article.read_on:%d/%m/%Y}",
        "dated": {"say": "utter_article_dated"} if article.is_stale(clock.today()) else "",
        "pending": {"say": "utter_article_pending"} if article.to_validate else "",
    }


def _title(article: Article) -> str:
    question = article.questions[0]
    return question[:1].upper() + question[1:]


def actions(kit: Kit) -> list[Faq]:
    return [Faq(kit)]
