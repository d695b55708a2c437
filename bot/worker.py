"""The worker process: answers and delivers, several conversations at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.assembly import Relais
from bot.jobs import (
    CONCURRENCY,
    STALLED_SECONDS,
    bind,
    bind_alerts,
    bind_reconciliation,
    bind_refresh,
    bind_sessions,
    bind_write_back,
)
from bot.real_data import require_real_data
from bot.reminders.bulk import Bulk
from bot.settings import Settings

log = logging.getLogger(__name__)

BULK_CONNECTIONS = 2
BULK_ENDS_SECONDS = 15
LOST_NOTICE_SECONDS = 0.5
"""procrastinate forgets a notice that comes while it looks for jobs in vain (it clears its flag after looking): seen
once in about 5,000 messages, and the job then waits for the next look."""


async def run(settings: Settings) -> None:
    """Work until told to stop; what is under way ends first."""
    relais = Relais.build(settings, name="relais worker", pool_size=CONCURRENCY + BULK_CONNECTIONS)
    bind(relais.app, relais.turns, relais.delivery, relais.sweep)
    bind_write_back(relais.app, relais.write_back)
    if relais.reconciliation is not None:
        bind_reconciliation(relais.app, relais.reconciliation)
    bind_sessions(relais.app, relais.rounds)
    if relais.alerts is not None:
        bind_alerts(relais.app, relais.alerts)
    if settings.data_inclusion_token.get_secret_value():
        bind_refresh(relais.app, relais.refresh_offer)
    try:
        await require_real_data(settings, relais.database.url)
        async with relais.app.open_async(), _reminding(relais.bulk):
            log.info("worker ready, %s at once", CONCURRENCY)
            await relais.app.run_worker_async(
                concurrency=CONCURRENCY,
                delete_jobs="always",
                fetch_job_polling_interval=LOST_NOTICE_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                shutdown_graceful_timeout=15,
                install_signal_handlers=True,
            )
    except asyncio.CancelledError:
        log.info("worker stopped")
    finally:
        await relais.close()


@asynccontextmanager
async def _reminding(bulk: Bulk | None) -> AsyncIterator[None]:
    """Send reminders beside the jobs; what is under way at the end may still come back."""
    if bulk is None:
        yield
        return
    stopping = asyncio.Event()
    sending = asyncio.create_task(bulk.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait({sending}, timeout=BULK_ENDS_SECONDS)
        sending.cancel()
