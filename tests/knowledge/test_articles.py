"""The answers on rights: each sub-intent has one, each fits its SMS, each says where it comes from and when."""

from __future__ import annotations

import dataclasses
import re
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.settings import ROOT
from channels import sms_text
from knowledge.articles import FOLDER, FRESH, Article, Articles

ARTICLES = Articles.from_folder()
ALL = [article for topic in ARTICLES.topics for article in ARTICLES.of(topic)]
TOPICS = frozenset(
    {
        "rsa_eligibility",
        "rsa_apply",
        "rsa_amount",
        "rsa_declaration",
        "rsa_payment_date",
        "rsa_suspension",
        "engagement_contract",
        "weekly_hours",
        "referent_role",
        "orientation_session",
        "change_address",
        "change_situation",
        "france_travail_registration",
        "health_cover",
        "transport_fares",
        "young_income",
        "work_and_rsa",
        "appeal",
    }
)
OFFICIAL = (
    "gouv.fr",
    "service-public.fr",
    "caf.fr",
    "msa.fr",
    "francetravail.fr",
    "grandlyon.com",
    "tcl.fr",
    "ameli.fr",
    "defenseurdesdroits.fr",
)


def by_id(article: Article) -> str:
    return article.id


def test_every_sub_intent_has_its_answer() -> None:
    assert set(ARTICLES.topics) == TOPICS
    assert len({article.id for article in ALL}) == len(ALL)


@pytest.mark.parametrize("article", ALL, ids=by_id)
def test_answer_fits_two_sms_and_is_whole(article: Article) -> None:
    """Short and next step are two GSM-7 segments, even with the date of an old answer; nothing lacks."""
    said = sms_text.segments(f"{article.short} {article.next_text} (relu le {article.read_on:%d/%m/%Y})")
    assert said.count <= 2
    assert said.encoding == "GSM-7"
    assert article.questions
    assert len(article.long) > len(article.short)


@pytest.mark.parametrize("article", ALL, ids=by_id)
def test_answer_names_an_official_source(article: Article) -> None:
    for url in filter(None, (article.source_url, article.next_url)):
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.hostname is not None
        assert parts.hostname.endswith(OFFICIAL), url
    assert article.source_name
    assert article.to_validate


@pytest.mark.parametrize("article", ALL, ids=by_id)
def test_answer_is_written_for_everybody(article: Article) -> None:
    """« Vous », short sentences, never « tu », never a threat, never a sum computed for somebody."""
    for text in (article.short, article.long):
        sentences = [sentence for sentence in re.split(r"[.!?]\s|\n|[.!?]$", text) if sentence.strip()]
        assert max(len(sentence.split()) for sentence in sentences) <= 26, text
        assert not re.search(r"\b(tu|toi|ton|tes|vous aurez droit|vous avez droit au rsa)\b", text, re.IGNORECASE)
        assert set(re.findall(r"\d+,\d\d", text)) <= {"651,69"}


def test_question_finds_its_own_answer() -> None:
    """Each question form leads to the article that it is written in."""
    lost = [
        (article.id, question)
        for article in ALL
        for question in article.questions
        if question not in article.topic
        and (found := ARTICLES.choose(article.topic, question)) is not None
        and found.id != article.id
    ]
    assert not lost


def test_main_answer_is_given_where_none_is_closer() -> None:
    main = ARTICLES.of("rsa_amount")[0]
    assert ARTICLES.choose("rsa_amount", "zut") == main
    assert ARTICLES.choose("rsa_amount", "", "no such id") == main
    assert ARTICLES.choose("no_such_topic", "zut") is None


def test_old_answer_is_found() -> None:
    """Six months after it was read, and not a day before."""
    one = dataclasses.replace(ALL[0], read_on=date(2026, 1, 1))
    articles = Articles({one.topic: (one,)})
    assert articles.stale(date(2026, 1, 1) + FRESH) == []
    assert articles.stale(date(2026, 1, 1) + FRESH + timedelta(days=1)) == [one]


def test_file_that_lacks_something_says_which(tmp_path: Path) -> None:
    written = (FOLDER / "rsa_amount.yml").read_text(encoding="utf-8")
    (tmp_path / "rsa_amount.yml").write_text(written.replace("read_on", "read"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"rsa_amount\.yml.*read_on"):
        Articles.from_folder(tmp_path)


def test_folder_holds_nothing_else() -> None:
    assert {path.suffix for path in (ROOT / "knowledge" / "articles").iterdir()} == {".yml"}
