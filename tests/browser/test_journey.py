"""One person's way through the whole system, as `bot up` runs it, on a phone's screen: no stand-in answers here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from bot import vault
from bot.commands.load import demo
from tests.browser.test_chat import ask, bubbles
from tests.engine import trained_model
from tests.system import System, running


@contextmanager
def whole_system() -> Iterator[System]:
    """All processes over the fictional offer, in a thread of their own: Playwright has the main one."""
    started: Future[System] = Future()
    finished = threading.Event()

    async def run() -> None:
        async with running() as system:
            await demo(system.relais)
            started.set_result(system)
            await asyncio.to_thread(finished.wait)

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(asyncio.run, run())
        wait((started, ending), return_when=FIRST_COMPLETED)
        try:
            if ending.done():
                ending.result()
            yield started.result()
        finally:
            finished.set()
        ending.result()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        locale="fr-FR", timezone_id="Europe/Paris", viewport={"width": 390, "height": 844}, has_touch=True
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_from_a_need_to_a_human_and_to_an_empty_page(phone: Page) -> None:
    """Three cards, three others, the details of an older one, an error told, a human asked for, all erased."""
    trained_model()
    with whole_system() as system:
        phone.goto(system.url)
        searches(phone)
        reads_an_older_card(phone)
        tells_an_error(phone)
        asks_for_a_human(phone)
        assert [task["reason"] for task in tasks(system)] == ["offer_error", "human"]
        erases(phone)
        assert_nothing_is_left(system)


def searches(phone: Page) -> None:
    ask(phone, "je cherche une garde d'enfants à Vaulx")
    cards = phone.locator(".card")
    expect(cards).to_have_count(3)
    for number in range(3):
        card = cards.nth(number)
        expect(card.locator(".card-name")).not_to_be_empty()
        expect(card.locator(".where")).to_contain_text(" km ")
        expect(card).to_contain_text("Information mise à jour : ")
        expect(card.get_by_role("link", name="Appeler 04 65 71")).to_be_visible()
    expect(phone.get_by_text("exemple fictif").first).to_be_visible()
    first = phone.locator(".card-name").all_inner_texts()
    ask(phone, "d'autres")
    expect(phone.locator(".message.assistant")).to_have_count(2)
    others = phone.locator(".card-name").all_inner_texts()[3:]
    assert others
    assert not set(others) & set(first)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def reads_an_older_card(phone: Page) -> None:
    card = phone.locator(".card").nth(1)
    name = card.locator(".card-name").inner_text()
    assert name not in phone.locator(".message.assistant").nth(1).inner_text()
    card.get_by_role("button", name="En savoir plus").tap()
    expect(phone.locator(".message.assistant")).to_have_count(3)
    assert bubbles(phone)[-2] == name
    expect(phone.locator(".message.assistant").last).to_contain_text(name)


def tells_an_error(phone: Page) -> None:
    name = phone.locator(".card-name").nth(1).inner_text()
    ask(phone, "le numéro de téléphone est faux")
    expect(phone.get_by_text(f"une personne va vérifier « {name} »")).to_be_visible()


def asks_for_a_human(phone: Page) -> None:
    phone.get_by_role("button", name="Parler à quelqu'un").tap()
    expect(phone.get_by_text("Votre demande est transmise à un conseiller.")).to_be_visible()
    expect(phone.locator(".holder")).to_have_text("Une personne va vous répondre")


def erases(phone: Page) -> None:
    phone.get_by_role("button", name="Effacer la conversation").tap()
    phone.get_by_role("button", name="Oui, effacer").tap()
    expect(phone.get_by_text("La conversation est effacée.")).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("Par exemple :")).to_be_visible()
    assert bubbles(phone) == []


def tasks(system: System) -> list[dict[str, Any]]:
    found = rows(system, "SELECT reason, details_secret, closed_at IS NULL FROM task ORDER BY created_at")
    return [
        {"reason": reason, "open": open, **system.relais.vault.open(vault.DETAILS, secret)}
        for reason, secret, open in found
    ]


def assert_nothing_is_left(system: System) -> None:
    """Only the error of the offer is still to do, without the person's words."""
    assert rows(system, "SELECT 1 FROM message WHERE body_secret IS NOT NULL") == []
    assert rows(system, "SELECT 1 FROM rasa.events") == []
    assert rows(system, "SELECT 1 FROM rasa.turns") == []
    error, human = tasks(system)
    assert error["open"]
    assert error["service"]
    assert "text" not in error
    assert human == {"reason": "human", "open": False}


def rows(system: System, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(system.relais.database.url) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]
