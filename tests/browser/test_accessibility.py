"""What can be measured of accessibility in a real Chromium: axe, reflow, zoom, dark, forced colours, live regions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ChatServer
from tests.browser.test_chat import ask, field

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
WAYS = ["light", "dark"]
PAGES = ["/", "/mentions-legales", "/accessibilite"]


@contextmanager
def seen(browser: Browser, width: int = 1280, height: int = 900, **ways: Any) -> Iterator[Page]:
    context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": height}, **ways)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response
    assert len(found["passes"]) > 8
    return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"]]


def overflow(page: Page) -> int:
    widest = "element => element.scrollWidth - element.clientWidth"
    inner = page.locator(".log").evaluate(widest) if page.locator(".log").count() else 0
    return max(inner, page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", PAGES)
def test_no_violation_on_a_public_page(browser: Browser, server: ChatServer, path: str, way: str) -> None:
    """axe finds nothing at levels A and AA, in light and in dark."""
    with seen(browser, color_scheme=way) as page:
        page.goto(server.url + path)
        if path == "/":
            field(page).wait_for()
        assert violations(page) == []


@pytest.mark.parametrize("way", WAYS)
def test_no_violation_in_a_conversation(browser: Browser, server: ChatServer, way: str) -> None:
    """Nor with cards, links, choices taken, a text too long, or the question before erasing."""
    with seen(browser, color_scheme=way) as page:
        page.goto(server.url)
        ask(page, "garde")
        page.get_by_role("button", name="En savoir plus sur Halte-garderie").click()
        expect(page.get_by_role("button", name="Signaler une erreur")).to_be_visible()
        assert violations(page) == []
        ask(page, "lien")
        expect(page.get_by_text("Ou appelez le")).to_be_visible()
        field(page).fill("a" * 1700)
        assert violations(page) == []
        page.get_by_role("button", name="Effacer la conversation").click()
        assert violations(page) == []


@pytest.mark.parametrize("way", WAYS)
def test_no_violation_on_another_site(browser: Browser, server: ChatServer, site: str, way: str) -> None:
    """Nor as a bubble, closed, open, and cut from the server."""
    with seen(browser, color_scheme=way) as page:
        page.goto(site)
        launcher = page.get_by_role("button", name="Poser une question")
        expect(launcher).to_be_visible()
        assert violations(page) == []
        launcher.click()
        ask(page, "garde")
        expect(page.locator(".card").first).to_be_visible()
        assert violations(page) == []
        page.context.set_offline(True)
        ask(page, "encore")
        expect(page.get_by_text("La connexion est coupée.")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 450), (390, 844)])
def test_nothing_scrolls_sideways(browser: Browser, server: ChatServer, site: str, width: int, height: int) -> None:
    """At 320 px, and at 200 % zoom (half of 1280 × 900), text is wrapped and the writing zone stays on screen."""
    with seen(browser, width, height) as page:
        for path in PAGES:
            page.goto(server.url + path)
            assert overflow(page) <= 0, path
        for address in (server.url, site):
            page.goto(address)
            if address == site:
                page.get_by_role("button", name="Poser une question").click()
            ask(page, "garde")
            expect(page.locator(".card").first).to_be_visible()
            ask(page, "motsanslafin" * 30)
            expect(page.get_by_text("Vous avez écrit").first).to_be_visible()
            assert overflow(page) <= 0, address
            page.get_by_role("button", name="Effacer la conversation").click()
            page.get_by_role("button", name="Non, garder").click()
            assert overflow(page) <= 0, address
            if address == site:
                expect(page.get_by_role("button", name="Envoyer")).to_be_in_viewport(ratio=1)
                expect(page.get_by_role("button", name="Parler à quelqu'un")).to_be_in_viewport(ratio=1)


def test_targets_are_large_enough(browser: Browser, server: ChatServer) -> None:
    """Every button and every link of a card can be hit by a thumb: 44 px at least, each way."""
    with seen(browser, 390, 844) as page:
        page.goto(server.url)
        ask(page, "garde")
        expect(page.locator(".card").first).to_be_visible()
        for target in page.locator(".frame button:visible, .card a").all():
            box = target.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 43.5, target.inner_text()


def test_one_live_region_and_no_other_inside_or_beside(browser: Browser, server: ChatServer) -> None:
    """Only the log speaks by itself, and history is not read out again on return."""
    with seen(browser) as page:
        page.goto(server.url)
        ask(page, "un")
        expect(page.get_by_text("Vous avez écrit : un")).to_be_visible()
        lives = "[aria-live], [role=log], [role=status], [role=alert]"
        assert page.locator(lives).count() == 1
        page.add_init_script(
            """const attach = Element.prototype.attachShadow; window.live = [];
            Element.prototype.attachShadow = function (options) {
              const root = attach.call(this, options);
              new MutationObserver(() => { const log = root.querySelector('.log');
                if (log && log.querySelector('.message')) window.live.push(log.getAttribute('aria-live')); })
                .observe(root, { childList: true, subtree: true });
              return root; }"""
        )
        page.reload()
        expect(page.get_by_text("Vous avez écrit : un")).to_be_visible()
        expect(page.get_by_role("log")).not_to_have_attribute("aria-live", "off")
        assert page.evaluate("window.live[0]") == "off"


def test_calm_and_forced_colours(browser: Browser, server: ChatServer) -> None:
    """Nothing moves for those who asked for calm; with forced colours, bubbles and buttons keep their outline."""
    with seen(browser, reduced_motion="reduce", forced_colors="active") as page:
        page.goto(server.url)
        ask(page, "patience")
        expect(page.get_by_text("L'assistant écrit…")).to_be_visible()
        assert page.locator(".dots").evaluate("node => getComputedStyle(node).animationName") == "none"
        for part in (".message .bubble", ".send"):
            style = page.locator(part).first.evaluate("node => getComputedStyle(node).borderTopWidth")
            assert float(style.removesuffix("px")) >= 1
        assert violations(page) == []
