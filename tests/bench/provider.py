"""The provider in a process of its own: accepts every SMS and tells at what instant, and for whom.

`async with Provider.started() as provider:` then `provider.api_url` and `await provider.next_call("+33…")`. A
`latency` is what each of its answers takes, in seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

from bot.settings import ROOT
from tests.standins.server import serving
from tests.standins.twilio import TwilioStandin


class Provider:
    """Calls by number, each at its instant of CLOCK_MONOTONIC, which all processes of a machine share."""

    def __init__(self) -> None:
        self.api_url = ""
        self.calls = 0
        self.first = self.last = 0.0
        self._waiting: defaultdict[str, asyncio.Queue[float]] = defaultdict(asyncio.Queue)

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, latency: float = 0) -> AsyncIterator[Self]:
        command = (sys.executable, "-m", "tests.bench.provider", str(latency))
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        provider = cls()
        provider.api_url = (await process.stdout.readline()).decode().strip()
        reading = asyncio.create_task(provider._read(process.stdout))
        try:
            yield provider
        finally:
            reading.cancel()
            process.kill()
            await process.wait()

    async def next_call(self, number: str) -> float:
        """The instant of the next call for this number, in seconds."""
        return await self._waiting[number].get()

    async def _read(self, lines: asyncio.StreamReader) -> None:
        while line := await lines.readline():
            instant, number = line.decode().split()
            self.calls += 1
            self.last = int(instant) / 1e9
            self.first = self.first or self.last
            self._waiting[number].put_nowait(int(instant) / 1e9)


class Slow(TwilioStandin):
    """Its answers take a while, as over a real network."""

    latency = 0.0

    async def _create(self, form: Mapping[str, str], client: Any) -> tuple[int, Any, dict[str, str]] | None:
        await asyncio.sleep(self.latency)
        return await super()._create(form, client)


async def serve(latency: float) -> None:
    """Until killed; the first line is the API's address."""

    def told(form: Mapping[str, str]) -> None:
        sys.stdout.write(f"{time.monotonic_ns()} {form['To']}\n")
        sys.stdout.flush()

    twilio = Slow()
    twilio.latency = latency
    twilio.fault = told
    async with serving(twilio) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
