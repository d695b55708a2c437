"""Taking messages in."""

import asyncio

import psycopg
import pytest
from sqlalchemy import select

from bot.assembly import Relais
from bot.database import Database
from bot.errors import DatabaseUnavailable
from bot.masking import NIR
from bot.models import conversation, message
from channels.base import Inbound
from tests.bot.conftest import Pipeline


async def test_message_and_job_are_stored_together(pipeline: Pipeline) -> None:
    """A message accepted is a waiting row and one job."""
    await pipeline.write("bonjour")
    assert await pipeline.states("in") == [("waiting", "")]
    assert await pipeline.jobs() == ["answer"]


async def test_repeat_changes_nothing(pipeline: Pipeline) -> None:
    """The same provider id twenty times at once is one message, one sequence number, one job."""
    inbound = pipeline.sms("bonjour", sid="SM1")
    received = await asyncio.gather(*(pipeline.relais.inbox.receive(inbound) for _ in range(20)))
    assert sum(one.fresh for one in received) == 1
    assert {one.message_id for one in received} == {received[0].message_id}
    assert (await pipeline.thread()).last_seq == 1
    assert await pipeline.jobs() == ["answer"]


async def test_sequence_has_no_hole_under_concurrency(pipeline: Pipeline) -> None:
    """Fifty messages at once get the numbers 1 to 50."""
    await asyncio.gather(*(pipeline.write(f"message {n}") for n in range(50)))
    assert sorted(row.seq for row in await pipeline.rows("in")) == list(range(1, 51))


async def test_text_and_address_are_unreadable_in_the_tables(pipeline: Pipeline, database_url: str) -> None:
    """Neither the words nor the number stand in the clear in any column."""
    await pipeline.write("je dors chez ma soeur")
    with psycopg.connect(database_url) as connection:
        dump = str([connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("message", "conversation")])
    assert "soeur" not in dump
    assert "33639980001" not in dump


async def test_two_people_have_two_conversations(pipeline: Pipeline) -> None:
    """A conversation belongs to one address on one channel."""
    await pipeline.write("bonjour")
    await pipeline.write("bonjour", address="+33639980002")
    async with pipeline.relais.database.begin() as connection:
        assert len((await connection.execute(select(conversation.c.id))).all()) == 2


async def test_nothing_is_stored_when_the_store_is_away(pipeline: Pipeline, postgres, own_database_url: str) -> None:
    """A dead database is DatabaseUnavailable, and the message may be sent again."""
    away = Relais(pipeline.relais.settings, pipeline.relais.keys, Database(own_database_url), "away")
    postgres.drop(own_database_url)
    with pytest.raises(DatabaseUnavailable):
        await away.inbox.receive(pipeline.sms("bonjour"))
    await away.close()


async def test_same_id_on_another_channel_is_another_message(pipeline: Pipeline) -> None:
    """Provider ids are unique within a channel only."""
    await pipeline.relais.inbox.receive(Inbound("phone", "1", "+33639980001", "", "a"))
    await pipeline.relais.inbox.receive(Inbound("web", "1", "visitor", "", "b"))
    async with pipeline.relais.database.begin() as connection:
        assert len((await connection.execute(select(message.c.id))).all()) == 2


async def test_social_security_number_is_never_kept(pipeline: Pipeline) -> None:
    """It becomes what it is before the message is stored; the phone number stays for the counsellor."""
    await pipeline.write("mon numéro de sécu est 1 85 05 78 006 084 91, rappelez le 06 39 98 12 34")
    [row] = await pipeline.rows("in")
    assert pipeline.text_of(row) == f"mon numéro de sécu est {NIR}, rappelez le 06 39 98 12 34"
