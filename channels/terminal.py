"""A conversation in a terminal, for development: what is typed goes in, what is answered is printed."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TextIO
from uuid import uuid4

from channels import sms_text
from channels.base import Inbound, Listing, Lookup, Outbound, Sent

PROMPT = "vous  > "
MARGIN = "        "
CLEAR_LINE = "\r\x1b[K"
ADDRESS = "terminal"


class Terminal:
    name = "terminal"
    kind = "terminal"

    def __init__(self, output: TextIO | None = None, address: str = ADDRESS) -> None:
        self._output = output or sys.stdout
        self._address = address
        self._waiting = False

    async def send(self, outbound: Outbound) -> Sent:
        """Print a reply above the line that is being typed; a choice is answered by its number."""
        shown = sms_text.render(outbound.reply).replace("\n", f"\n{MARGIN}")
        self._write(f"{self._cleared()}relais> {shown}\n\n")
        self._ask()
        return Sent(provider_id=str(outbound.message_id))

    async def received_since(self, since: datetime) -> Listing:
        return Listing()

    async def find_sent(self, outbound: Outbound) -> Lookup:
        return Lookup()

    async def close(self) -> None:
        self._waiting = False

    def read(self, line: str, provider_id: str = "") -> Inbound:
        """One line as a message; a number stays a number, for the conversation to resolve."""
        text = line.strip()
        return Inbound(self.name, provider_id or str(uuid4()), self._address, "", text)

    async def converse(self, receive: Callable[[Inbound], Awaitable[object]], source: TextIO | None = None) -> None:
        """Take in each line that is typed, until the end of input or « /quit »."""
        self._waiting = True
        self._ask()
        async for line in _lines(source or sys.stdin):
            if line.strip() in ("/quit", "/q"):
                break
            if line.strip():
                await receive(self.read(line))
            else:
                self._ask()
        self._waiting = False
        self._write("\n")

    def _ask(self) -> None:
        if self._waiting:
            self._write(PROMPT)

    def _cleared(self) -> str:
        if not self._waiting:
            return ""
        return CLEAR_LINE if self._output.isatty() else "\n"

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()


async def _lines(source: TextIO) -> AsyncIterator[str]:
    """Lines as they come. A daemon thread reads, so that Ctrl-C need not wait for a last Enter."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        # The conversation may be over before the last line is typed: nobody listens any more.
        with suppress(RuntimeError):
            for line in source:
                loop.call_soon_threadsafe(queue.put_nowait, line)
            loop.call_soon_threadsafe(queue.put_nowait, "")

    threading.Thread(target=read, name="terminal-input", daemon=True).start()
    while line := await queue.get():
        yield line
