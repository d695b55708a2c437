"""The chat over bad connections, in a real Chromium: nothing is lost, nothing is said twice."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ChatServer
from tests.browser.test_chat import ask, bubbles


def test_nothing_is_lost_or_said_twice_over_a_cut(page: Page, server: ChatServer) -> None:
    """The server dies and comes back: the state is told, what was written meanwhile goes out, all is there once."""
    page.goto(server.url)
    ask(page, "un")
    expect(page.get_by_text("Vous avez écrit : un")).to_be_visible()
    server.kill()
    expect(page.get_by_text("La connexion est coupée.")).to_be_visible()
    expect(page.locator(".link")).to_have_text("hors ligne")
    ask(page, "trois")
    expect(page.get_by_text("gardé, part dès que possible")).to_be_visible()
    ask(page, "quatre")
    server.start()
    expect(page.get_by_text("Vous avez écrit : quatre")).to_be_visible(timeout=40_000)
    expect(page.locator(".link")).to_have_text("en ligne")
    said = ["un", "Vous avez écrit : un", "trois", "quatre", "Vous avez écrit : trois", "Vous avez écrit : quatre"]
    assert sorted(bubbles(page)) == sorted(said)
    page.reload()
    expect(page.get_by_text("Vous avez écrit : quatre")).to_be_visible()
    assert sorted(bubbles(page)) == sorted(said)


def test_an_answer_that_came_during_a_cut_is_replayed(page: Page, server: ChatServer) -> None:
    """What was said while the browser was away is shown when it is back, after what it had."""
    page.goto(server.url)
    ask(page, "un")
    expect(page.get_by_text("Vous avez écrit : un")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("La connexion est coupée.")).to_be_visible()
    httpx.post(server.url + "/as-counsellor", params={"text": "Je suis Samira."}).raise_for_status()
    page.context.set_offline(False)
    expect(page.get_by_text("Je suis Samira.")).to_be_visible()
    expect(page.locator(".author")).to_have_text(["Vous", "Assistant", "Conseiller·ère"])
    expect(page.locator(".holder")).to_have_text("Vous parlez avec une personne")


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_browser_says_where_it_was_and_knows_what_it_had(page: Page, server: ChatServer, forgetful: bool) -> None:
    """After a cut only what is new is asked for; a server that replays everything all the same repeats nothing."""
    page.goto(server.url)
    ask(page, "deux")
    expect(page.get_by_text("Deuxième phrase.")).to_be_visible()
    asked: list[str | None] = []

    def listen(route: Route) -> None:
        headers = dict(route.request.headers)
        asked.append(headers.pop("last-event-id", None))
        route.continue_(headers=headers) if forgetful else route.continue_()

    page.route("**/channels/web/events", listen)
    page.context.set_offline(True)
    expect(page.locator(".link")).to_have_text("hors ligne")
    page.context.set_offline(False)
    expect(page.locator(".link")).to_have_text("en ligne")
    ask(page, "encore")
    expect(page.get_by_text("Vous avez écrit : encore")).to_be_visible()
    assert set(asked) == {"3"}
    assert bubbles(page) == ["deux", "Première phrase.", "Deuxième phrase.", "encore", "Vous avez écrit : encore"]


def test_a_message_written_offline_survives_a_reload(page: Page, server: ChatServer) -> None:
    """What could not be sent is kept by the tab, and sent once."""
    page.goto(server.url)
    ask(page, "un")
    expect(page.get_by_text("Vous avez écrit : un")).to_be_visible()
    page.route("**/channels/web/messages", lambda route: route.abort())
    ask(page, "deux fois non")
    expect(page.get_by_text("gardé, part dès que possible")).to_be_visible()
    page.unroute("**/channels/web/messages")
    page.reload()
    expect(page.get_by_text("Deuxième phrase.")).to_be_visible()
    assert bubbles(page).count("deux fois non") == 1


def test_an_answer_lost_on_the_way_makes_no_second_message(page: Page, server: ChatServer) -> None:
    """The server took the message but its answer was lost: sent again under the same id, it is there once."""
    page.goto(server.url)
    ask(page, "un")
    expect(page.get_by_text("Vous avez écrit : un")).to_be_visible()
    tries = []

    def lose_the_first_answer(route: Route) -> None:
        tries.append(route.request.post_data_json["id"])
        route.fetch()
        route.abort() if len(tries) == 1 else route.continue_()

    page.route("**/channels/web/messages", lose_the_first_answer)
    with page.expect_response("**/channels/web/messages"):
        ask(page, "encore")
    expect(page.get_by_text("Vous avez écrit : encore")).to_be_visible()
    expect(page.locator(".pending")).to_have_count(0)
    assert len(tries) == 2
    assert len(set(tries)) == 1
    assert bubbles(page).count("encore") == 1
