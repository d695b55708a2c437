"""The bounded storm; `make faults` runs the long ones."""

from tests.faults.invariants import broken, count, table
from tests.faults.storm import Plan, settle, storm
from tests.system import running


async def test_every_message_is_answered_once_and_in_order_whatever_dies() -> None:
    """300 messages of 30 people, while worker, engine, site and PostgreSQL are killed in turn."""
    async with running() as system:
        await storm(system, Plan())
        await settle(system, 180)
        counts = await count(system)
    print(table(counts))
    assert counts["written by people"] == counts["taken in"] == 300
    assert broken(counts) == {}
