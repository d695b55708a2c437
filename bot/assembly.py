"""Builds every part once and hands it down; nothing connects until it is used."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from uuid import UUID

import procrastinate
from sqlalchemy.ext.asyncio import AsyncConnection

import channels as providers
from bot import clock
from bot.alerts import Alerts, road
from bot.appointments.people import People
from bot.appointments.programme import Programme
from bot.appointments.reach import Pace, Reach
from bot.appointments.register import Register
from bot.appointments.rounds import Rounds
from bot.appointments.sessions import Sessions
from bot.appointments.talk import Talk
from bot.appointments.told import ByOne
from bot.appointments.waiting_list import Terms, WaitingList
from bot.connectors.backfill import Backfill
from bot.connectors.hearing import Hearing
from bot.connectors.rdvsp_api import RdvServicePublic, connect
from bot.connectors.reconcile import Reconciliation
from bot.connectors.write_back import WriteBack
from bot.database import Database
from bot.delivery import Delivery
from bot.dialogue import Dialogue
from bot.first_reading import FirstReading
from bot.handoff import Handoff
from bot.inbox import Inbox
from bot.keys import Keys, load_keys
from bot.lane import Lane
from bot.language import Listening
from bot.outbox import Outbox
from bot.outcome import Outcome
from bot.postgres import Embedded
from bot.queue import Queue, build_app
from bot.receipts import Receipts
from bot.reminders.bucket import Bucket
from bot.reminders.bulk import Bulk
from bot.reminders.due import Due, Road
from bot.reminders.hold import Hold
from bot.reminders.plan import Plans
from bot.reminders.planner import SMS, Planner
from bot.reminders.wording import Wording
from bot.settings import Settings
from bot.sweep import Sweep
from bot.tasks import Tasks
from bot.texts import Texts
from bot.thread import Threads
from bot.tickets import Tickets
from bot.turn import Turns
from bot.unanswered import Unanswered
from bot.vault import Vault
from channels.base import Channel
from channels.twilio import http_client
from channels.twilio_setup import TwilioSettings
from knowledge.catalogue import silent
from knowledge.catalogue_report import ImportReport, Progress
from knowledge.data_inclusion import DataInclusion, refresh
from knowledge.languages import Languages
from knowledge.lexicons import Lexicon
from knowledge.places import Places


def database_url(settings: Settings) -> str:
    """The URL of the own server, or of the embedded one."""
    return settings.database_url or Embedded(settings.data_dir).url()


def twilio_settings(settings: Settings) -> TwilioSettings:
    return TwilioSettings(
        account_sid=settings.twilio_account_sid,
        auth_tokens=tuple(token.get_secret_value() for token in settings.twilio_auth_tokens),
        sender=settings.twilio_from,
        api_url=settings.twilio_api_url,
        public_urls=settings.public_urls,
    )


@dataclass(frozen=True)
class Relais:
    """All parts of one process."""

    settings: Settings
    keys: Keys
    database: Database
    name: str

    @classmethod
    def build(cls, settings: Settings, *, name: str = "relais", pool_size: int = 10) -> Relais:
        clock.start(settings.data_dir, settings.clock)
        database = Database(database_url(settings), pool_size=pool_size, name=name)
        return cls(settings, load_keys(settings), database, name)

    @cached_property
    def worker_name(self) -> str:
        return f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.keys)

    @cached_property
    def app(self) -> procrastinate.App:
        return build_app(self.database.url)

    @cached_property
    def queue(self) -> Queue:
        return Queue(self.app)

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self.vault)

    @cached_property
    def tickets(self) -> Tickets:
        return Tickets(self.vault)

    @cached_property
    def texts(self) -> Texts:
        return Texts()

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The channels that are set up, by name."""
        built: list[Channel] = [providers.build("web")]
        if self.settings.twilio_ready:
            built.append(providers.build("twilio", twilio_settings(self.settings), http_client(), clock.now))
        return {channel.name: channel for channel in built}

    @cached_property
    def kinds(self) -> dict[str, str]:
        """How each channel's people read: the kind by which responses are worded."""
        return {name: channel.kind for name, channel in self.channels.items()}

    @cached_property
    def inbox(self) -> Inbox:
        listening = Listening(Languages.from_file())
        return Inbox(self.database, self.vault, self.queue, self.first_reading, listening)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.database, self.vault, self.queue)

    @cached_property
    def people(self) -> People:
        return People(self.vault)

    @cached_property
    def planner(self) -> Planner:
        return Planner(Plans.from_file())

    @cached_property
    def register(self) -> Register:
        return Register(self.people, self.planner)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.register, Places.from_file())

    @cached_property
    def reach(self) -> Reach:
        pace = Pace(self.settings.sms_per_second, self.settings.reminders_a_day)
        return Reach(self.vault, self.people, self.outbox, self.texts, self.kinds, pace)

    @cached_property
    def waiting_list(self) -> WaitingList:
        hours = (timedelta(hours=count) for count in (self.settings.offer_hours, self.settings.offer_hours_soon))
        return WaitingList(self.reach, self.tasks, Terms(*hours))

    @cached_property
    def programme(self) -> Programme:
        return Programme(self.register, self.waiting_list, self.reach)

    @cached_property
    def rounds(self) -> Rounds:
        return Rounds(self.database, self.programme)

    @cached_property
    def by_one(self) -> ByOne:
        return ByOne(self.register, self.people, self.planner, self.settle)

    @cached_property
    def hold(self) -> Hold:
        return Hold(self.tasks, self.settings.reminders_ask_above)

    async def settle(self, connection: AsyncConnection, intake_id: UUID) -> bool:
        """Judge the reminders of what came in together; True when they wait for a human's yes."""
        return await self.hold.settle(connection, intake_id)

    @cached_property
    def hearing(self) -> Hearing:
        """Takes in what RDV Service Public and RDV-Insertion tell."""
        return Hearing(self.database, self.register, self.planner, Backfill(self.hold.settle))

    @cached_property
    def talk(self) -> Talk:
        return Talk.build(self.vault, self.people, self.planner, self.tasks)

    @cached_property
    def rdv_service_public(self) -> RdvServicePublic | None:
        """Its API; None when Relais may not use it."""
        return connect(self.database, self.vault, self.settings)

    @cached_property
    def reconciliation(self) -> Reconciliation | None:
        api = self.rdv_service_public
        wanted = self.settings.rdvsp_organisations
        return Reconciliation(self.database, api, self.hearing, self.hold.settle, wanted) if api else None

    @cached_property
    def write_back(self) -> WriteBack:
        parts = (self.planner, self.outbox, self.tasks, self.texts, self.kinds)
        return WriteBack(self.database, self.rdv_service_public, *parts)

    @cached_property
    def handoff(self) -> Handoff:
        return Handoff(self.outbox, self.tasks, self.texts)

    @cached_property
    def delivery(self) -> Delivery:
        return Delivery(self.database, self.vault, self.channels, self.tasks, self.worker_name)

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self.database, self.tasks, self.settings.reminders_a_day)

    @cached_property
    def bulk(self) -> Bulk | None:
        """What sends the reminders; None when no channel reaches a phone."""
        channel = next((channel for channel in self.channels.values() if channel.kind == SMS), None)
        if channel is None:
            return None
        road = Road(channel.name, channel.kind, self.worker_name, self.settings.reminders_a_day)
        due = Due(self.vault, Wording(self.texts), self.tasks, road)
        bucket = Bucket(channel.name, self.settings.sms_per_second)
        return Bulk(self.database, self.queue, due, bucket, Outcome(self.database, self.tasks), channel)

    @cached_property
    def dialogue(self) -> Dialogue:
        return Dialogue(self.settings.rasa_url, self.keys.rasa_token)

    @cached_property
    def first_reading(self) -> FirstReading:
        read = Lexicon.from_file().first_reading
        return FirstReading(self.database, self.outbox, self.handoff, self.texts, read, self.kinds)

    @cached_property
    def turns(self) -> Turns:
        return Turns(
            self.database,
            Lane(self.database),
            Threads(self.vault, self.kinds),
            self.first_reading,
            self.dialogue,
            self.outbox,
            Unanswered(self.database, self.vault, self.outbox, self.tasks, self.texts, self.talk.overhearing),
            self.texts,
            self.talk,
        )

    @cached_property
    def sweep(self) -> Sweep:
        return Sweep(self.database, self.queue, self.inbox, self.delivery, self.channels)

    @cached_property
    def alerts(self) -> Alerts | None:
        """None when nobody is to be alerted."""
        given = self.settings
        smtp = given.smtp_url.get_secret_value()
        way = road(given.alerts.get_secret_value(), smtp_url=smtp, sender=given.alerts_from)
        return Alerts(self.database, way) if way else None

    async def refresh_offer(self, *, force: bool = False, progress: Progress = silent) -> ImportReport:
        """Replace the offer by data·inclusion's, read whole before anything changes; raises OfferError."""
        settings = self.settings
        async with DataInclusion(
            settings.data_inclusion_api_url, settings.data_inclusion_token.get_secret_value()
        ) as api:
            return await refresh(self.database.begin, api, now=clock.now(), force=force, progress=progress)

    async def close(self) -> None:
        for built in (
            "dialogue",
            "rdv_service_public",
            *(self.channels.values() if "channels" in self.__dict__ else ()),
        ):
            part = self.__dict__.get(built) if isinstance(built, str) else built
            if part is not None:
                await part.close()
        await self.database.close()
