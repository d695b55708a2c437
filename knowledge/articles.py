"""What people ask on their rights, and the answers that the public service re-reads: knowledge/articles/<topic>.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from knowledge.lexicons import normalise

FOLDER = Path(__file__).parent / "articles"
FRESH = timedelta(days=183)
"""An article that nobody has re-read for six months says when it was."""
_CLOSE = 0.5
_SMALL = 2
"""Words of two letters or fewer tell no question from another."""


@dataclass(frozen=True)
class Article:
    """One answer. `short` and `next_text` fit two SMS segments together; `long` is for the web."""

    id: str
    topic: str
    questions: tuple[str, ...]
    short: str
    long: str
    next_text: str
    next_url: str
    source_name: str
    source_url: str
    read_on: date
    to_validate: bool

    def is_stale(self, today: date) -> bool:
        return today - self.read_on > FRESH


class Articles:
    """All articles by topic, the main one first."""

    def __init__(self, by_topic: Mapping[str, tuple[Article, ...]]) -> None:
        self._by_topic = by_topic
        self._words = {
            article.id: [_words(question) for question in article.questions]
            for articles in by_topic.values()
            for article in articles
        }

    @classmethod
    def from_folder(cls, folder: Path = FOLDER) -> Articles:
        """Raises KeyError or ValueError for a file that lacks something; the file's name is in the message."""
        return cls({path.stem: _read(path) for path in sorted(folder.glob("*.yml"))})

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._by_topic)

    def of(self, topic: str) -> tuple[Article, ...]:
        """The articles of a topic; empty for a topic that has none."""
        return self._by_topic.get(topic, ())

    def stale(self, today: date) -> list[Article]:
        """Those that somebody ought to read again."""
        return [article for articles in self._by_topic.values() for article in articles if article.is_stale(today)]

    def choose(self, topic: str, text: str, article_id: str = "") -> Article | None:
        """The article asked for by its id, else the one whose question comes closest, else the topic's main one."""
        articles = self.of(topic)
        asked = [article for article in articles if article.id == article_id]
        if asked or not articles:
            return asked[0] if asked else None
        said = _words(text)
        near = max(articles, key=lambda article: self._likeness(article, said))
        return near if self._likeness(near, said) >= _CLOSE else articles[0]

    def _likeness(self, article: Article, said: frozenset[str]) -> float:
        """Share of words in common with its closest question."""
        return max((len(asked & said) / max(1, len(asked | said)) for asked in self._words[article.id]), default=0.0)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in normalise(text).split() if len(word) > _SMALL)


def _read(path: Path) -> tuple[Article, ...]:
    content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    try:
        return tuple(_article(path.stem, given) for given in content["articles"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _article(topic: str, given: Mapping[str, Any]) -> Article:
    return Article(
        id=given["id"],
        topic=topic,
        questions=tuple(given["questions"]),
        short=given["short"].strip(),
        long=given["long"].strip(),
        next_text=given["next"]["text"].strip(),
        next_url=given["next"].get("url", ""),
        source_name=given["source"]["name"],
        source_url=given["source"]["url"],
        read_on=given["read_on"],
        to_validate=bool(given["to_validate"]),
    )
