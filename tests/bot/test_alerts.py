"""Alerts of urgent tasks, to a real web server and a real mail server."""

from __future__ import annotations

import asyncio
import email
import logging
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import procrastinate.testing
import pytest
from aiosmtpd.controller import Controller

from bot.alerts import Alerts, road
from bot.assembly import Relais
from bot.errors import BadSettings
from bot.jobs import bind_alerts
from bot.settings import load
from channels.sms_text import segments
from tests.bot.conftest import Pipeline
from tests.standins.alerts import Hook, Mailbox
from tests.standins.server import serving

NUMBER = "+33639980001"


def alerts_to(pipeline: Pipeline, target: str, smtp_url: str = "smtp://127.0.0.1:25") -> Alerts:
    settings = load(_env_file=None, **{**pipeline.relais.settings.model_dump(), "alerts": target, "smtp_url": smtp_url})
    alerts = Relais(settings, pipeline.relais.keys, pipeline.relais.database, "test").alerts
    assert alerts is not None
    return alerts


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, Controller]]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port, authenticator=box.authenticate, auth_require_tls=False)
    server.start()
    yield box, server
    server.stop()


async def test_urgent_task_posts_one_alert_without_a_word_of_the_person(pipeline: Pipeline) -> None:
    """Reason, number and time; several workers at once send one, and a task that can wait sends none."""
    hook = Hook()
    await pipeline.say("je veux en finir")
    await pipeline.say("HUMAIN")
    urgent = next(task for task in await pipeline.tasks() if task.urgent)
    async with serving(hook.app) as url:
        alerts = alerts_to(pipeline, f"{url}/alerts")
        await asyncio.gather(*(alerts.send_due() for _ in range(4)))
        assert await alerts.send_due() == 0
    assert len(hook.posts) == 1
    (said,) = hook.posts
    assert (said["reason"], said["task"]) == ("distress", str(urgent.id)[:8])
    assert datetime.fromisoformat(said["at"]) == urgent.created_at
    assert hook.keys == [str(urgent.id)]
    for word in ("finir", NUMBER, NUMBER[1:], str(urgent.conversation_id), "suicide"):
        assert word not in str(said)


async def test_each_cry_for_help_is_an_alert(pipeline: Pipeline) -> None:
    """Two messages, two tasks, two alerts."""
    hook = Hook()
    await pipeline.say("il me frappe")
    await pipeline.say("je veux en finir")
    async with serving(hook.app) as url:
        assert await alerts_to(pipeline, f"{url}/alerts").send_due() == 2
    assert len({said["task"] for said in hook.posts}) == 2


async def test_refused_alert_is_tried_again_until_it_is_taken(
    pipeline: Pipeline, later: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    """After 500, 404 and nobody at all, the pauses grow; then it is taken once. The log has no address."""
    hook = Hook()
    hook.statuses = [500, 404]
    await pipeline.say("il me frappe")
    with caplog.at_level(logging.ERROR):
        async with serving(hook.app) as url:
            alerts = alerts_to(pipeline, f"{url}/alerts")
            assert await alerts.send_due() == 0
            assert await alerts.send_due() == 0
            assert len(hook.posts) == 1
            later(11)
            assert await alerts.send_due() == 0
        later(31)
        assert await alerts.send_due() == 0
        assert caplog.text.count("not taken") == 3
        assert "127.0.0.1" not in caplog.text
        later(61)
        async with serving(hook.app) as url:
            alerts = alerts_to(pipeline, f"{url}/alerts")
            assert await alerts.send_due() == 1
            later(3600)
            assert await alerts.send_due() == 0
    assert len(set(hook.keys)) == 1


async def test_alert_of_a_worker_that_died_is_made_again(pipeline: Pipeline, later: Callable[[float], None]) -> None:
    """A claim that nobody ended is taken over after a minute."""
    hook = Hook()
    await pipeline.say("il me frappe")
    async with serving(hook.app) as url:
        alerts = alerts_to(pipeline, f"{url}/alerts")
        assert await alerts._claim() is not None
        assert await alerts.send_due() == 0
        later(61)
        assert await alerts.send_due() == 1


async def test_task_that_was_closed_alerts_nobody(pipeline: Pipeline) -> None:
    """What a counsellor has seen and closed needs no alert any more."""
    hook = Hook()
    await pipeline.say("il me frappe")
    (task,) = await pipeline.tasks()
    async with pipeline.relais.database.begin() as connection:
        await pipeline.relais.tasks.close(connection, task.id, "vue")
    async with serving(hook.app) as url:
        assert await alerts_to(pipeline, f"{url}/alerts").send_due() == 0
    assert hook.posts == []


async def test_mail_goes_to_the_address(pipeline: Pipeline, mailbox: tuple[Mailbox, Controller]) -> None:
    """A plain mail with the number; its id is the task's, so that a second one is known as the same."""
    box, server = mailbox
    await pipeline.say("je veux en finir")
    (task,) = await pipeline.tasks()
    assert await alerts_to(pipeline, "garde@relais.test", f"smtp://127.0.0.1:{server.port}").send_due() == 1
    (mail,) = box.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("relais@localhost", ["garde@relais.test"])
    parsed = email.message_from_bytes(bytes(mail.content or b""))
    assert str(task.id) in parsed["Message-ID"]
    body = bytes(parsed.get_payload(decode=True) or b"").decode()
    assert f"python -m bot tasks show {str(task.id)[:8]}" in body
    assert "finir" not in body + parsed["Subject"]


async def test_mail_that_is_refused_is_tried_again(
    pipeline: Pipeline, mailbox: tuple[Mailbox, Controller], later: Callable[[float], None]
) -> None:
    """A server that is busy gets it later; a login is given when the setting has one."""
    box, server = mailbox
    box.refusals = ["451 busy"]
    await pipeline.say("je veux en finir")
    alerts = alerts_to(pipeline, "garde@relais.test", f"smtp://nom:mot%20clair@127.0.0.1:{server.port}")
    assert await alerts.send_due() == 0
    later(11)
    assert await alerts.send_due() == 1
    assert box.logins[-1] == (b"nom", b"mot clair")


async def test_the_worker_looks_for_alerts(pipeline: Pipeline) -> None:
    """The job of the queue sends what is due."""
    hook = Hook()
    await pipeline.say("je veux en finir")
    app = procrastinate.App(connector=procrastinate.testing.InMemoryConnector())
    async with serving(hook.app) as url:
        bind_alerts(app, alerts_to(pipeline, f"{url}/alerts"))
        async with app.open_async():
            await app.tasks["alert"].defer_async(timestamp=0)
            await app.run_worker_async(wait=False, install_signal_handlers=False)
    assert len(hook.posts) == 1


def test_nowhere_to_alert_is_no_road() -> None:
    """Without RELAIS_ALERTS nothing is posted."""
    assert road("", smtp_url="smtp://127.0.0.1", sender="relais@localhost") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("alerts", "garde"), ("alerts", "ftp://x.test"), ("alerts", "https://"), ("smtp_url", "mail.test:25")],
)
def test_address_that_can_not_be_alerted_is_refused_at_start(name: str, value: str) -> None:
    """The setting is named, and what it may be is said."""
    with pytest.raises(BadSettings, match=f"RELAIS_{name.upper()} : "):
        load(_env_file=None, **{name: value})


async def test_no_sentence_promises_an_alert(pipeline: Pipeline) -> None:
    """An alert may be set up nowhere: people are told what is done for sure."""
    said: list[Any] = [await pipeline.say(words) for words in ("il me frappe", "je veux en finir", "HUMAIN")]
    assert "préviens" not in str(said)
    assert "Je le transmets à un conseiller" in str(said)


async def test_numbers_to_call_at_once_fit_one_sms(pipeline: Pipeline) -> None:
    """Where a life may be at stake the sentence is not cut in two; hunger, which offers more, may be."""
    for kind in ("suicide", "violence", "danger", "child", "street"):
        said = pipeline.relais.texts.say(f"system_distress_{kind}", kind="sms").text
        assert segments(said).count == 1, said
