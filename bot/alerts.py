"""Tells somebody outside that a task is urgent: one alert a task, to a webhook or by mail, tried until it is taken.

An alert says the reason, the task's number and the time, and nothing of the person. Whoever gets it reads the rest
with `python -m bot tasks show`.
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx
from sqlalchemy import select, update

from bot import clock
from bot.database import Database
from bot.models import task

log = logging.getLogger(__name__)

RETRY_SECONDS = (10, 30, 60, 120, 300)
"""Then every ten minutes, until the alert is taken or the task is closed."""
SLOWEST_SECONDS = 600
POST_SECONDS = 10
LOST_AFTER = timedelta(minutes=1)
"""A post ends within 10 s: one that was claimed longer ago belongs to a worker that died, and is made again."""
PORTS = {"smtp": 25, "starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class Alert:
    """What an alert says. The same `task_id` is the same alert, should it come twice."""

    task_id: UUID
    reason: str
    at: datetime
    attempts: int

    @property
    def number(self) -> str:
        return str(self.task_id)[:8]

    @property
    def text(self) -> str:
        when = self.at.astimezone(clock.PARIS).strftime("%d/%m %H:%M")
        return f"Relais : tâche urgente {self.number} ({self.reason}), {when}. python -m bot tasks show {self.number}"


class Road(Protocol):
    """How alerts leave."""

    async def post(self, alert: Alert) -> None:
        """Return once it was taken; raises OSError, httpx.HTTPError or smtplib.SMTPException."""


@dataclass(frozen=True)
class Webhook:
    """JSON by POST; `text` is what most chat tools show."""

    url: str

    async def post(self, alert: Alert) -> None:
        said = {"text": alert.text, "reason": alert.reason, "task": alert.number, "at": alert.at.isoformat()}
        async with httpx.AsyncClient(timeout=POST_SECONDS, trust_env=False) as client:
            response = await client.post(self.url, json=said, headers={"Idempotency-Key": str(alert.task_id)})
        if not response.is_success:
            raise httpx.HTTPStatusError(str(response.status_code), request=response.request, response=response)


@dataclass(frozen=True)
class Mail:
    """One message to one address, by the server of `RELAIS_SMTP_URL`."""

    server: str
    sender: str
    address: str

    async def post(self, alert: Alert) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, self.address
        mail["Subject"] = f"Relais : tâche urgente {alert.number}"
        mail["Date"] = alert.at
        mail["Message-ID"] = f"<task-{alert.task_id}@relais>"
        mail.set_content(alert.text)
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: EmailMessage) -> None:
        parts = urlsplit(self.server)
        where = (parts.hostname or "", parts.port or PORTS[parts.scheme])
        secure = ssl.create_default_context()
        if parts.scheme == "smtps":
            opened: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=POST_SECONDS, context=secure)
        else:
            opened = smtplib.SMTP(*where, timeout=POST_SECONDS)
        with opened as server:
            if parts.scheme == "starttls":
                server.starttls(context=secure)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail)


def road(target: str, *, smtp_url: str, sender: str) -> Road | None:
    """The way to `RELAIS_ALERTS`; None when it is empty."""
    if not target:
        return None
    return Webhook(target) if "://" in target else Mail(smtp_url, sender, target)


class Alerts:
    def __init__(self, database: Database, road: Road) -> None:
        self._database = database
        self._road = road

    async def send_due(self) -> int:
        """Send what is due, one after the other; how many were taken."""
        taken = 0
        while (alert := await self._claim()) is not None:
            try:
                await self._road.post(alert)
            except (OSError, httpx.HTTPError, smtplib.SMTPException) as error:
                await self._postpone(alert, error)
            else:
                await self._settle(alert)
                taken += 1
        return taken

    async def _claim(self) -> Alert | None:
        now = clock.now()
        due = (
            select(task.c.id)
            .where(task.c.alert_due_at <= now, task.c.closed_at.is_(None))
            .order_by(task.c.alert_due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        claimed = (
            update(task)
            .where(task.c.id == due.scalar_subquery())
            .values(alert_due_at=now + LOST_AFTER, alert_attempts=task.c.alert_attempts + 1)
            .returning(task.c.id, task.c.reason, task.c.created_at, task.c.alert_attempts)
        )
        async with self._database.begin() as connection:
            row = (await connection.execute(claimed)).one_or_none()
        return Alert(*row) if row else None

    async def _settle(self, alert: Alert) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                update(task).where(task.c.id == alert.task_id).values(alert_due_at=None, alerted_at=clock.now())
            )

    async def _postpone(self, alert: Alert, error: Exception) -> None:
        seconds = RETRY_SECONDS[alert.attempts - 1] if alert.attempts <= len(RETRY_SECONDS) else SLOWEST_SECONDS
        log.error("alert of task %s not taken, again in %s s: %s", alert.number, seconds, type(error).__name__)
        async with self._database.begin() as connection:
            await connection.execute(
                update(task)
                .where(task.c.id == alert.task_id, task.c.alerted_at.is_(None))
                .values(alert_due_at=clock.now() + timedelta(seconds=seconds))
            )
