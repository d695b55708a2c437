"""The chat as people meet it, in a real Chromium: by keyboard, on another site, erased, read aloud."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import ChatServer


def field(page: Page) -> Locator:
    return page.get_by_label("Votre message")


def ask(page: Page, words: str) -> None:
    field(page).fill(words)
    field(page).press("Enter")


def bubbles(page: Page) -> list[str]:
    return page.locator(".message .bubble").all_inner_texts()


def test_a_whole_exchange_by_keyboard(page: Page, server: ChatServer) -> None:
    """Write, get cards, choose one, all without a mouse; the focus stays where it was; each voice is named."""
    page.goto(server.url)
    field(page).focus()
    page.keyboard.type("je cherche une garde")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("d'enfants à Vaulx")
    assert field(page).input_value() == "je cherche une garde\nd'enfants à Vaulx"
    page.keyboard.press("Enter")
    details = page.get_by_role("button", name="En savoir plus sur Halte-garderie")
    expect(details).to_be_visible()
    expect(field(page)).to_be_focused()
    page.get_by_role("log").focus()
    while not details.evaluate("button => button.getRootNode().activeElement === button"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Signaler une erreur")).to_be_visible()
    expect(details).to_be_focused()
    expect(page.locator(".author")).to_have_text(["Vous", "Assistant", "Vous", "Assistant"])
    assert bubbles(page)[2] == "Halte-garderie Les Petits Pas"
    page.reload()
    expect(page.locator(".author")).to_have_text(["Vous", "Assistant", "Vous", "Assistant"])
    assert bubbles(page)[2] == "Halte-garderie Les Petits Pas"


def test_a_card_of_an_older_list_still_answers(page: Page, server: ChatServer) -> None:
    """Cards, then other buttons: the first card is pressed all the same, twice, and is answered once."""
    page.goto(server.url)
    ask(page, "garde")
    details = page.get_by_role("button", name="En savoir plus sur Halte-garderie")
    expect(details).to_be_visible()
    ask(page, "menu")
    expect(page.get_by_role("button", name="Autres services")).to_be_visible()
    details.dblclick()
    expect(page.get_by_role("button", name="Signaler une erreur")).to_be_visible()
    ask(page, "fin")
    expect(page.get_by_text("Vous avez écrit : fin")).to_be_visible()
    assert bubbles(page)[4] == "Halte-garderie Les Petits Pas"
    assert bubbles(page).count("Halte-garderie Les Petits Pas") == 1


def test_a_card_gives_the_ways_to_go_on(page: Page, server: ChatServer) -> None:
    """Name, distance, phone to call, map in a new tab, the date of the information, and the mark of an example."""
    page.goto(server.url)
    ask(page, "garde")
    card = page.locator(".card").first
    expect(card).to_contain_text("1,2 km")
    expect(card).to_contain_text("Exemple fictif")
    expect(card).to_contain_text("Information mise à jour : 14 septembre 2026")
    expect(card.get_by_role("link", name="Appeler 04 65 71 00 12")).to_have_attribute("href", "tel:0465710012")
    plan = card.get_by_role("link", name="Voir sur la carte (nouvel onglet)")
    expect(plan).to_have_attribute("href", re.compile(r"^https://www\.openstreetmap\.org/"))
    expect(plan).to_have_attribute("rel", "noopener noreferrer")


def test_nothing_is_asked_of_anybody_else(page: Page, server: ChatServer) -> None:
    """Pages, chat and cards speak to our own address only, and store no other cookie."""
    asked: set[str] = set()
    faults: list[str] = []
    page.context.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    for path in ("/mentions-legales", "/accessibilite", "/"):
        page.goto(server.url + path)
    ask(page, "garde")
    expect(page.locator(".card").first).to_be_visible()
    assert asked == {urlsplit(server.url).netloc}
    assert faults == []
    assert [cookie["name"] for cookie in page.context.cookies()] == [f"relais_visitor_{server.port}"]


def test_words_are_never_markup(page: Page, server: ChatServer) -> None:
    """Tags are shown as they were written; addresses and phone numbers become links, and nothing more."""
    page.goto(server.url)
    ask(page, "lien <img src=x onerror=alert(1)>")
    answer = page.locator(".message.assistant .bubble")
    expect(answer).to_have_text("<b>gras</b> https://exemple.test/page?a=1&b=2 (nouvel onglet). Ou appelez le 3114.")
    links = answer.get_by_role("link")
    hrefs = [links.nth(place).get_attribute("href") for place in range(links.count())]
    assert hrefs == ["https://exemple.test/page?a=1&b=2", "tel:3114"]
    assert page.locator(".bubble img, .bubble b").count() == 0


def test_on_another_site(page: Page, server: ChatServer, site: str) -> None:
    """One script tag: the bubble opens, talks by bearer without cookie, comes back after a reload, and closes."""
    page.goto(site)
    launcher = page.get_by_role("button", name="Poser une question")
    launcher.focus()
    page.keyboard.press("Enter")
    expect(field(page)).to_be_focused()
    ask(page, "bonjour")
    expect(page.get_by_text("Vous avez écrit : bonjour")).to_be_visible()
    assert page.context.cookies() == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(launcher).to_be_focused()
    httpx.post(server.url + "/as-counsellor", params={"text": "Je suis Samira."}).raise_for_status()
    expect(page.get_by_role("button", name="Poser une question, 1 nouveau message")).to_be_visible()
    page.reload()
    launcher.click()
    expect(page.get_by_text("Vous avez écrit : bonjour")).to_be_visible()
    expect(page.get_by_text("Je suis Samira.")).to_be_visible()
    assert bubbles(page) == ["bonjour", "Vous avez écrit : bonjour", "Je suis Samira."]


def test_erasing(page: Page, server: ChatServer) -> None:
    """One plain question, refused then accepted by keyboard; nothing is left, here or after a reload."""
    page.goto(server.url)
    ask(page, "secret")
    expect(page.get_by_text("Vous avez écrit : secret")).to_be_visible()
    erase = page.get_by_role("button", name="Effacer la conversation")
    erase.press("Enter")
    expect(page.get_by_role("button", name="Non, garder")).to_be_focused()
    page.keyboard.press("Escape")
    expect(erase).to_be_focused()
    assert "secret" in bubbles(page)
    erase.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("La conversation est effacée.")
    expect(field(page)).to_be_focused()
    assert bubbles(page) == []
    ask(page, "bonjour")
    expect(page.get_by_text("Vous avez écrit : bonjour")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Vous avez écrit : bonjour")).to_be_visible()
    assert bubbles(page) == ["bonjour", "Vous avez écrit : bonjour"]


def test_erasing_clears_the_other_tab(page: Page, server: ChatServer) -> None:
    """Erased in one tab, a conversation is not left on the screen of another."""
    page.goto(server.url)
    ask(page, "secret")
    expect(page.get_by_text("Vous avez écrit : secret")).to_be_visible()
    other = page.context.new_page()
    other.goto(server.url)
    expect(other.get_by_text("Vous avez écrit : secret")).to_be_visible()
    page.get_by_role("button", name="Effacer la conversation").click()
    page.get_by_role("button", name="Oui, effacer").click()
    expect(other.locator(".message")).to_have_count(0)


def test_reading_aloud_uses_local_voices_only(browser: Browser, server: ChatServer) -> None:
    """With a voice on the device, each answer can be heard, by that voice; with a remote one alone, no button."""
    stub = """
      const voices = [{ lang: 'fr-FR', localService: false, name: 'remote' }, ...LOCAL];
      window.spoken = [];
      window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
      Object.defineProperty(window, 'speechSynthesis', { value: {
        getVoices: () => voices, addEventListener() {}, cancel() {},
        speak: (utterance) => window.spoken.push([utterance.voice.name, utterance.text]) } });
    """
    for local, visible in (("[]", False), ("[{ lang: 'fr-FR', localService: true, name: 'local' }]", True)):
        page = browser.new_page()
        page.add_init_script(stub.replace("LOCAL", local))
        page.goto(server.url)
        ask(page, "garde")
        expect(page.locator(".card").first).to_be_visible()
        listen = page.get_by_role("button", name="Écouter")
        expect(listen).to_have_count(1 if visible else 0)
        if visible:
            listen.click()
            voice, words = page.evaluate("window.spoken[0]")
            assert voice == "local"
            assert "Halte-garderie Les Petits Pas, 1,2 km." in words
            expect(page.get_by_role("button", name="Arrêter")).to_be_visible()
        page.context.close()


def test_a_long_text_is_kept_and_explained(page: Page, server: ChatServer) -> None:
    """Past 1,600 characters nothing is lost and nothing is sent; near the end the room left is told."""
    page.goto(server.url)
    field(page).fill("a" * 1590)
    expect(page.get_by_text("Encore 10 caractères.")).to_be_visible()
    ask(page, "a" * 1605)
    expect(page.get_by_text("Votre message est trop long (5 caractères en trop).")).to_be_visible()
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    assert len(field(page).input_value()) == 1605
    assert bubbles(page) == []


def test_a_human_is_always_within_reach(page: Page, server: ChatServer) -> None:
    """One press says that a person is wanted, whatever is on the screen."""
    page.goto(server.url)
    page.get_by_role("button", name="Parler à quelqu'un").click()
    expect(page.get_by_text("Vous avez écrit : Je veux parler à quelqu'un")).to_be_visible()


def test_waiting_is_shown(page: Page, server: ChatServer) -> None:
    """While an answer takes its time, the screen says that it is being written; then no longer."""
    page.goto(server.url)
    ask(page, "patience")
    expect(page.get_by_text("L'assistant écrit…")).to_be_visible()
    expect(page.get_by_text("Vous avez écrit : patience")).to_be_visible()
    expect(page.get_by_text("L'assistant écrit…")).to_be_hidden()


@pytest.mark.parametrize("words", ["arabe", "مرحبا"])
def test_each_bubble_finds_its_own_direction(page: Page, server: ChatServer, words: str) -> None:
    """Arabic runs from right to left inside its bubble, whoever wrote it."""
    page.goto(server.url)
    ask(page, words)
    bubble = page.locator(".bubble").filter(has_text="مرحبا").first
    expect(bubble).to_be_visible()
    assert bubble.evaluate("node => getComputedStyle(node).direction") == "rtl"


def test_arabic_message_is_marked_and_its_names_stand_apart(page: Page, server: ChatServer) -> None:
    """The message says its language and direction; French names, numbers and cards inside keep their own order."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(server.url)
    ask(page, "arabe")
    message = page.locator(".message.assistant")
    expect(message).to_have_attribute("lang", "ar")
    expect(message).to_have_attribute("dir", "rtl")
    expect(message.locator(".bubble a")).to_have_attribute("dir", "ltr")
    expect(message.locator(".card-name bdi")).to_have_text("Halte-garderie Les Petits Pas")
    expect(message.locator(".meta")).to_have_attribute("lang", "fr")
    expect(message.locator(".card .choice")).to_contain_text("معرفة المزيد")
    expect(message.locator(".card")).not_to_contain_text("nouvel onglet")
    expect(message.locator(".card a[href^='tel:'] bdi")).to_have_attribute("dir", "ltr")
    expect(message.locator(".card")).to_contain_text("تاريخ تحديث المعلومة: 14 سبتمبر 2026")
    assert message.evaluate("node => node.scrollWidth <= node.clientWidth")
    expect(page.locator(".message.person")).not_to_have_attribute("dir", re.compile("."))
