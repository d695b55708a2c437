"""Reminders in bulk: planned, sent by one worker and by two, and what replies wait meanwhile.

`python -m tests.bench.reminders 3000` measures with fewer. The workers are real processes over a durable PostgreSQL,
the provider answers in 50 ms, and the clock stands on a working morning.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select

from bot import clock, vault
from bot.appointment_models import appointment, person, reminder
from bot.assembly import Relais
from bot.commands import start
from bot.migrate import migrate
from bot.postgres import Embedded
from bot.settings import ROOT, Settings
from bot.up import Supervisor
from tests.bench import people
from tests.bench.provider import Provider
from tests.bench.report import Figure, quantile
from tests.bench.road import warm_up
from tests.standins.twilio import ACCOUNT, NUMBER, TOKENS
from tests.system import PUBLIC_URL, System, environment, running

COUNT = 50_000
LATENCY = 0.05
CHUNK = 1000
NOW = datetime(2026, 12, 8, 10, 30, tzinfo=clock.PARIS)
"""A Tuesday morning; the reminders of the 10th are due since 10 h, and they were made five days before."""
WARM = 200
"""The first ones are not counted: the worker starts, statements are prepared."""
REPLIES = 150


@dataclass(frozen=True)
class Office:
    """A database with the embedded server under it, and the workers' environment."""

    relais: Relais
    settings: Settings

    async def start_worker(self) -> Process:
        command = (sys.executable, "-m", "bot", "worker")
        with (self.settings.data_dir / "worker.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=environment(self.settings), stdout=log, stderr=log
            )

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        process = await self.start_worker()
        try:
            yield
        finally:
            process.terminate()
            await process.wait()


async def sending(count: int = COUNT) -> list[Figure]:
    """One worker's rate and two workers' are taken on the same database, one after the other."""
    async with Provider.started(LATENCY) as provider, office(provider.api_url) as place:
        ids = await known(place.relais, count)
        seconds = await planned(place.relais, ids)
        one = await sent(place, provider, count, workers=1)
        await planned(place.relais, await known(place.relais, count))
        two = await sent(place, provider, count, workers=2)
    return [
        Figure(f"reminders of {count} appointments planned", seconds, "s", most=30 * count / COUNT),
        Figure(f"{count} reminders sent, provider at 50 ms, 1 worker", one, "/s", least=200),
        Figure(f"{count} reminders sent, provider at 50 ms, 2 workers", two, "/s"),
        Figure("reminders, two workers against one", two / one, "×", least=1.7),
    ]


async def known(relais: Relais, count: int) -> list[UUID]:
    """As many appointments as a source would have told, each of somebody else."""
    ids: list[UUID] = []
    serial = int(time.time()) % 100_000 * 100_000
    starts_at = NOW + timedelta(days=2, hours=4)
    for chunk in itertools.batched(range(serial, serial + count), CHUNK):
        those = [(uuid4(), uuid4(), number) for number in chunk]
        async with relais.database.begin() as connection:
            await connection.execute(insert(person), [_person(relais, who, number) for who, _, number in those])
            await connection.execute(insert(appointment), [_told(of, who, starts_at) for who, of, _ in those])
        ids += [of for _, of, _ in those]
    return ids


def _person(relais: Relais, who: UUID, number: int) -> dict[str, object]:
    phone = f"+3363998{number}"  # longer than any number is: nobody's
    return {
        "id": who,
        "key_index": who.bytes,
        "first_name_secret": relais.vault.seal(vault.FIRST_NAME, "Marie-Christine"),
        "phone_index": relais.vault.phone_index(phone),
        "phone_secret": relais.vault.seal(vault.PHONE, phone),
        "created_at": NOW,
    }


def _told(of: UUID, who: UUID, starts_at: datetime) -> dict[str, object]:
    dates = {"starts_at": starts_at, "told_at": NOW, "created_at": NOW, "updated_at": NOW}
    place = "Maison de la Métropole, Vaulx-en-Velin"
    return {"id": of, "source": "bench", "source_id": str(of), "person_id": who, "place": place, **dates}


async def planned(relais: Relais, ids: list[UUID]) -> float:
    """Seconds to plan the reminders of these."""
    began = time.monotonic()
    for chunk in itertools.batched(ids, CHUNK):
        async with relais.database.begin() as connection:
            await relais.planner.replan(connection, chunk, now=NOW - timedelta(days=6))
    return time.monotonic() - began


async def sent(place: Office, provider: Provider, count: int, *, workers: int) -> float:
    """Messages a second at the provider's door, once the workers are warm."""
    before = provider.calls
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(workers):
            await stack.enter_async_context(place.worker())
        await _until(provider, before + WARM * workers)
        began, from_here = provider.last, provider.calls
        await _until(provider, before + count)
        rate = (provider.calls - from_here) / (provider.last - began)
        await _until_settled(place.relais)
    assert provider.calls == before + count, "a reminder was lost or doubled"
    return rate


async def _until(provider: Provider, calls: int) -> None:
    silent, seen = 0, -1
    while provider.calls < calls:
        await asyncio.sleep(0.1)
        silent = silent + 1 if provider.calls == seen else 0
        seen = provider.calls
        assert silent < 600, f"{provider.calls} of {calls}, and nothing more for a minute"


async def _until_settled(relais: Relais) -> None:
    of = select(func.count()).where(reminder.c.state == "planned", reminder.c.due_at <= NOW)
    async with relais.database.begin() as connection:
        assert await connection.scalar(of) == 0


async def replies() -> list[Figure]:
    """The whole system's answers, idle and while reminders leave at 50 a second."""
    async with (
        Provider.started(LATENCY) as provider,
        running(twilio_api_url=provider.api_url, clock=NOW, sms_per_second=50) as system,
    ):
        idle = await _asked(system, provider)
        await planned(system.relais, await known(system.relais, 50 * 120))
        await _until(provider, provider.calls + WARM)
        busy = await _asked(system, provider)
    return [
        Figure("replies, p95, idle", idle, "ms"),
        Figure("replies, p95, while reminders leave at 50/s", busy, "ms"),
        Figure("replies while reminders leave, against idle", busy / idle, "×", most=1.5),
    ]


async def _asked(system: System, provider: Provider) -> float:
    """p95 in ms of what a few people ask one after the other."""
    group = await warm_up(system, provider, list(itertools.islice(people.numbers(0), 4)))
    turns = zip(range(REPLIES), itertools.cycle(group), itertools.cycle(people.TURNS), strict=False)
    return quantile([await who.ask(text) * 1000 for _, who, text in turns], 0.95)


@contextlib.asynccontextmanager
async def office(api_url: str, rate: float = 100_000) -> AsyncIterator[Office]:
    folder = Path(tempfile.mkdtemp(prefix="relais-bulk-"))
    folder.chmod(0o755)
    supervisor = Supervisor(lambda line: None)
    embedded = Embedded(folder)
    try:
        await asyncio.to_thread(embedded.prepare)
        postgres = start.postgres(embedded)
        await supervisor.start(postgres)
        assert postgres.process is not None
        await embedded.wait_ready(postgres.process)
        await embedded.ensure_database()
        await asyncio.to_thread(migrate, embedded.url())
        settings = _settings(folder, api_url, rate)
        relais = Relais.build(settings, name="relais bench", pool_size=4)
        yield Office(relais, settings)
        await relais.close()
    finally:
        await supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, api_url: str, rate: float) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=folder,
        clock=NOW,
        public_urls=(PUBLIC_URL,),
        twilio_account_sid=ACCOUNT,
        twilio_auth_tokens=TOKENS,
        twilio_from=NUMBER,
        twilio_api_url=api_url,
        sms_per_second=rate,
    )  # type: ignore[arg-type]


async def main() -> int:
    show(await sending(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
    show(await replies())
    return 0


def show(found: list[Figure]) -> None:
    sys.stdout.write("".join(f"{one.line()}\n" for one in found))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
