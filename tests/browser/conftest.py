"""A real Chromium, the chat as a process of its own, and another site that embeds it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bot.settings import ROOT
from tests.conftest import Server
from tests.needed import needed

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
_START_SECONDS = 40
_EMBEDDING = """<!doctype html>
<html lang="fr">
<head><title>Mairie</title><script src="{api}/widget.js" defer></script></head>
<body><main><h1>Mairie</h1><p>Bienvenue.</p></main></body>
</html>
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ChatServer:
    """The stand-in of `tests/standins/webchat_server.py`; it may be killed and started again."""

    def __init__(self, database_url: str, data_dir: Path, **settings: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = {"database_url": database_url, "data_dir": str(data_dir), "port": self.port, **settings}
        self._command = [sys.executable, "-m", "tests.standins.webchat_server", orjson.dumps(given).decode()]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=ROOT, start_new_session=True)
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            try:
                httpx.get(self.url + "/favicon.svg", timeout=1)
            except httpx.HTTPError:
                assert self._process.poll() is None, "the stand-in stopped"
                threading.Event().wait(0.1)
            else:
                return
        raise TimeoutError("the stand-in did not start")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        if self._process is None or not self.running:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...


@contextmanager
def other_site(folder: Path) -> Iterator[str]:
    """A site of somebody else's, on another host name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield opened
        opened.close()


# Playwright's loop runs as long as it is open: it must begin after PostgreSQL, and end with this folder's tests.
@pytest.fixture(scope="package")
def browser(postgres: Server) -> Iterator[Browser]:
    needed(CHROMIUM, "the browser of the tests (variable CHROMIUM)")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="package")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="package")
def site(site_folder: Path) -> Iterator[str]:
    with other_site(site_folder) as url:
        yield url


# Each test is a visitor of its own: one server and one database do for all.
@pytest.fixture(scope="package")
def shared_server(
    postgres: Server, tmp_path_factory: pytest.TempPathFactory, site: str, site_folder: Path
) -> Iterator[ChatServer]:
    database_url = postgres.create()
    made = ChatServer(database_url, tmp_path_factory.mktemp("chat"), widget_origins=site)
    (site_folder / "index.html").write_text(_EMBEDDING.format(api=made.url), encoding="utf-8")
    yield made
    made.kill()
    postgres.drop(database_url)


@pytest.fixture
def server(shared_server: ChatServer) -> ChatServer:
    if not shared_server.running:
        shared_server.start()
    return shared_server


@pytest.fixture
def page(browser: Browser, server: ChatServer) -> Iterator[Page]:
    context = browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    opened = context.new_page()
    yield opened
    context.close()
