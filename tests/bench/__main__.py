"""`make bench`: every figure of the road, measured on this machine in one run. 1 when one is not reached."""

from __future__ import annotations

import itertools
import statistics
import sys
from collections.abc import Iterator

from bot.commands.load import demo
from tests.bench import people, ready, reminders, road, search, stock, webhook, words
from tests.bench.provider import Provider
from tests.bench.report import Figure, table
from tests.bench.road import Throughput
from tests.system import System, run_to_the_end, running

ROUNDS = 3


async def main() -> int:
    """Measure, tell each figure as it comes, then the table."""
    _say("the model of stock Rasa is trained if it has to be (six minutes)")
    await stock.trained()
    figures = [*words.figures(), *await ready.figures()]
    async with Provider.started() as provider, running(twilio_api_url=provider.api_url) as system:
        await demo(system.relais)
        figures += await _road(system, provider, people.numbers(0))
        _say("webhooks")
        figures.append(await webhook.accepted(system, 2000, worker=True))
        figures.append(await webhook.accepted(system, 3000, worker=False))
        _say("search: an offer is made up and imported")
        figures += await search.figures(system)
    _say("reminders: planned, sent by one worker and by two, and replies meanwhile")
    figures += await reminders.sending()
    figures += await reminders.replies()
    sys.stdout.write("\n" + table(figures) + "\n")
    return 0 if all(figure.reached for figure in figures) else 1


async def _road(system: System, provider: Provider, numbers: Iterator[str]) -> list[Figure]:
    _say("one message at a time")
    group = await road.warm_up(system, provider, list(itertools.islice(numbers, road.AT_ONCE)))
    figures = await road.idle(group)
    figures.append(await road.late_turns(system, provider, list(itertools.islice(numbers, 4))))
    _say(f"{road.AT_ONCE} conversations at once, against stock Rasa, {ROUNDS} rounds each")
    async with stock.started(system) as other:
        rounds = [await _round(system, provider, other, numbers) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(pair[side].rate for pair in rounds) for side in (0, 1))
    for name, side in (("Relais", 0), ("stock Rasa", 1)):
        _say(rounds[-1][side].cost_line(name))
    return [
        *figures,
        Figure("messages a second, end to end, 8 at once: Relais", ours, "/s"),
        Figure("messages a second, end to end, 8 at once: stock Rasa", theirs, "/s"),
        Figure("Relais against stock Rasa", ours / theirs, "×", least=2),
    ]


async def _round(
    system: System, provider: Provider, other: stock.Stock, numbers: Iterator[str]
) -> tuple[Throughput, Throughput]:
    group = await road.warm_up(system, provider, list(itertools.islice(numbers, road.AT_ONCE)))
    pair = await road.throughput(system, group), await other.throughput()
    _say(f"  Relais {pair[0].rate:.1f}/s, stock Rasa {pair[1].rate:.1f}/s")
    return pair


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_to_the_end(main()))
