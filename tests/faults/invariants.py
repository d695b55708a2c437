"""What has to be true after a storm, counted in the database and at the provider."""

from __future__ import annotations

from collections import Counter, defaultdict
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select

from bot import vault
from bot.models import message, task
from tests.faults.storm import CRY
from tests.system import System


async def count(system: System) -> dict[str, int]:
    """Every count that matters; those of `broken` must be 0."""
    async with system.relais.database.begin() as connection:
        rows = list(await connection.execute(select(message).order_by(message.c.conversation_id, message.c.seq)))
        told = {(row.reason, row.message_id) for row in await connection.execute(select(task))}
    inbound = [row for row in rows if row.direction == "in"]
    outbound = [row for row in rows if row.direction == "out"]
    written = [row["sid"] for row in system.twilio.messages.values() if row["direction"] == "inbound"]
    accepted = [_message_of(row["_callback"]) for row in system.twilio.messages.values() if "_callback" in row]
    times = Counter(accepted)
    answers = Counter((row.cause, row.part) for row in outbound)
    states = Counter(row.state for row in outbound)
    helped = {about for _, about in told}
    cries = [row.id for row in inbound if system.relais.vault.open(vault.BODY, row.body_secret)["text"] == CRY]
    ended = {row.cause for row in outbound if row.part.startswith("reply:") or row.part == "task"}
    return {
        "written by people": len(written),
        "taken in": len(inbound),
        "answered": sum(row.state == "answered" for row in inbound),
        "cries for help": len(cries),
        "given to a human": sum(row.state == "task" for row in inbound),
        "replies stored": len(outbound),
        "accepted by the provider": len(accepted),
        **{f"  {state}": number for state, number in sorted(states.items())},
        "lost: never taken in": len(set(written) - {row.provider_id for row in inbound}),
        "lost: still waiting": sum(row.state == "waiting" for row in inbound),
        "lost: no answer stored": sum(row.id not in ended for row in inbound),
        "lost: a cry for help without a task": sum(("distress", one) not in told for one in cries),
        "lost: did not arrive, and no task": sum(
            row.state in ("failed", "undelivered") and row.id not in helped for row in outbound
        ),
        "lost: queued for ever": sum(row.state in ("queued", "sending") for row in outbound),
        "lost: sent, but never accepted": sum(
            row.state in ("sent", "delivered") and not times[str(row.id)] for row in outbound
        ),
        "doubled: taken in twice": len(inbound) - len({row.provider_id for row in inbound}),
        "doubled: answered twice": sum(number > 1 for number in answers.values()),
        "doubled: sent twice": sum(number > 1 for number in times.values()),
        "doubled: sent though not recorded": len(times.keys() - {str(row.id) for row in outbound}),
        "skipped without a reason": sum(row.state == "skipped" and not row.reason for row in outbound),
        "out of order: stored": _disorder(
            # A cry for help is answered at once, before what waits: the order is the assistant's.
            [(row.conversation_id, _place(row, inbound)) for row in outbound if row.author == "assistant"]
        ),
        "out of order: sent": _sent_in_disorder(outbound, accepted),
    }


def broken(counts: dict[str, int]) -> dict[str, int]:
    """The counts that must be 0 and are not."""
    wrong = ("lost", "doubled", "skipped without", "out of order")
    return {name: number for name, number in counts.items() if name.startswith(wrong) and number}


def table(counts: dict[str, int]) -> str:
    return "\n".join(f"{name:<36}{number:>8}" for name, number in counts.items())


def _message_of(callback: str) -> str:
    return parse_qs(urlsplit(callback).query)["message"][0]


def _place(row: object, inbound: list[object]) -> int:
    places = {one.id: one.seq for one in inbound}  # type: ignore[attr-defined]
    return int(places[row.cause])  # type: ignore[attr-defined]


def _disorder(pairs: list[tuple[object, int]]) -> int:
    last: dict[object, int] = defaultdict(int)
    wrong = 0
    for thread, place in pairs:
        wrong += place < last[thread]
        last[thread] = max(last[thread], place)
    return wrong


def _sent_in_disorder(outbound: list[object], accepted: list[str]) -> int:
    where = {str(row.id): (row.conversation_id, row.seq) for row in outbound}  # type: ignore[attr-defined]
    return _disorder([where[one] for one in accepted if one in where])
