"""Binds the jobs of the queue to what they do, and the clock to the jobs that nobody asks for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import procrastinate
from procrastinate.jobs import Status

from bot.alerts import Alerts
from bot.appointments.rounds import Rounds
from bot.connectors.errors import UpstreamError
from bot.connectors.reconcile import Reconciliation
from bot.connectors.write_back import WriteBack
from bot.delivery import Delivery
from bot.queue import ANSWER, DELIVER
from bot.sweep import Sweep
from bot.turn import Turns
from knowledge.catalogue_report import ImportReport, OfferError

log = logging.getLogger(__name__)

CONCURRENCY = 12
STALLED_SECONDS = 40


def bind(app: procrastinate.App, turns: Turns, delivery: Delivery, sweep: Sweep) -> None:
    """Register every job on the app; called once, by the worker."""

    @app.task(name=ANSWER)
    async def answer(conversation_id: str) -> None:
        await turns.answer(UUID(conversation_id))

    @app.task(name=DELIVER)
    async def deliver(conversation_id: str) -> None:
        await delivery.deliver(UUID(conversation_id))

    @app.periodic(cron="* * * * * */10")
    @app.task(name="sweep", queueing_lock="sweep")
    async def sweep_often(timestamp: int) -> None:
        await sweep.leases()
        await sweep.outbox()

    @app.periodic(cron="* * * * *")
    @app.task(name="settle_unknown", queueing_lock="settle_unknown")
    async def settle_unknown(timestamp: int) -> None:
        await sweep.settle_unknown()

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="fetch_missing", queueing_lock="fetch_missing")
    async def fetch_missing(timestamp: int) -> None:
        await sweep.fetch_missing()

    @app.periodic(cron="* * * * * */20")
    @app.task(name="retry_stalled", queueing_lock="retry_stalled")
    async def retry_stalled(timestamp: int) -> None:
        await free_stalled(app)


def bind_alerts(app: procrastinate.App, alerts: Alerts) -> None:
    """Look for urgent tasks of which nobody was told, every ten seconds."""

    @app.periodic(cron="* * * * * */10")
    @app.task(name="alert", queueing_lock="alert")
    async def alert(timestamp: int) -> None:
        await alerts.send_due()


def bind_sessions(app: procrastinate.App, rounds: Rounds) -> None:
    """Offer freed seats and tell of changed sessions, each minute."""

    @app.periodic(cron="* * * * *")
    @app.task(name="sessions", queueing_lock="sessions")
    async def sessions(timestamp: int) -> None:
        await rounds.scan()


def bind_refresh(app: procrastinate.App, refresh: Callable[[], Awaitable[ImportReport]]) -> None:
    """Read data·inclusion again each night; a night that fails leaves the offer as it was."""

    @app.periodic(cron="17 3 * * *")
    @app.task(name="refresh_offer", queueing_lock="refresh_offer")
    async def refresh_offer(timestamp: int) -> None:
        try:
            report = await refresh()
        except OfferError as error:
            log.error("the offer was not refreshed: %s", error)
        else:
            log.info("offer refreshed: %s services, %s skipped", report.services, report.skipped)


def bind_write_back(app: procrastinate.App, write_back: WriteBack) -> None:
    """Tell RDV Service Public what people decided, a few seconds after they did."""

    @app.periodic(cron="* * * * * */5")
    @app.task(name="write_back", queueing_lock="write_back")
    async def tell_upstream(timestamp: int) -> None:
        await write_back.send_due()


def bind_reconciliation(app: procrastinate.App, reconciliation: Reconciliation) -> None:
    """Read all meetings to come each night, when nothing is sent: what webhooks lost is found by the morning."""

    @app.periodic(cron="40 2 * * *")
    @app.task(name="reconcile", queueing_lock="reconcile")
    async def reconcile(timestamp: int) -> None:
        try:
            report = await reconciliation.run()
        except UpstreamError as error:
            log.error("the appointments were not read again: %s", error.code)
        else:
            log.info("reconciled: %s read, %s changed, %s removed", report.read, report.changed, report.removed)


async def free_stalled(app: procrastinate.App) -> int:
    """Put the jobs of dead workers back, one by one, so that a bad one holds up no other; how many."""
    freed = 0
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            await _free(app, job)
        except procrastinate.exceptions.ProcrastinateException as error:
            log.warning("stalled job %s stays: %s", job.id, type(error).__name__)
        else:
            freed += 1
    return freed


async def _free(app: procrastinate.App, job: Any) -> None:
    # What it had to do is in rows that the sweep finds: the job itself is worth nothing any more.
    await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
