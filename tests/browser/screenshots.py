"""Makes the pictures of the documentation: `python -m tests.browser.screenshots [folder]`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from bot.migrate import migrate
from bot.postgres import stop
from bot.settings import ROOT
from tests.browser.conftest import ChatServer, chromium
from tests.conftest import _QUICK, start_postgres

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


@contextmanager
def running() -> Iterator[ChatServer]:
    """A database and a chat for the time of the pictures."""
    folder = Path(tempfile.mkdtemp(prefix="relais-images-"))
    folder.chmod(0o755)
    postgres = start_postgres(folder / "pg", _QUICK)
    url = postgres.embedded.url("postgres")
    migrate(url)
    server = ChatServer(
        url, folder / "data", twilio_account_sid="AC0", twilio_auth_tokens="jeton", twilio_from="+33939980000"
    )
    server.start()
    try:
        yield server
    finally:
        server.kill()
        stop(postgres.process)
        shutil.rmtree(folder, ignore_errors=True)


def ask(page: Page, text: str) -> None:
    page.get_by_label("Votre message").fill(text)
    page.keyboard.press("Enter")


def opened(browser: Browser, url: str, size: dict[str, int], *, dark: bool = False) -> Page:
    page = browser.new_page(
        viewport=size, locale="fr-FR", timezone_id="Europe/Paris", device_scale_factor=2 if size is PHONE else 1,
        color_scheme="dark" if dark else "light",
    )  # fmt: skip
    page.goto(url)
    page.get_by_label("Votre message").wait_for()
    return page


def shoot(browser: Browser, url: str, folder: Path) -> None:
    for name, size in (("telephone", PHONE), ("ordinateur", DESK)):
        page = opened(browser, url, size)
        page.screenshot(path=folder / f"accueil-{name}.png")
        ask(page, "je cherche une garde d'enfants à Vaulx")
        page.get_by_role("button", name="En savoir plus sur Halte-garderie").wait_for()
        page.screenshot(path=folder / f"chat-{name}.png")
        page.context.close()
    page = opened(browser, url, PHONE, dark=True)
    ask(page, "je cherche une garde d'enfants à Vaulx")
    page.get_by_role("button", name="En savoir plus sur Halte-garderie").click()
    page.get_by_role("button", name="Signaler une erreur").wait_for()
    page.screenshot(path=folder / "chat-sombre.png")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with running() as server, chromium() as browser:
        shoot(browser, server.url, folder)


if __name__ == "__main__":
    main()
