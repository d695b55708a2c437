"""`python -m tests.faults [--long] [--seed N]`: storms, one after the other, each with its counts."""

from __future__ import annotations

import argparse
import sys

from tests.faults.invariants import broken, count, table
from tests.faults.storm import Plan, settle, settle_unknown, storm
from tests.system import run_to_the_end, running


async def run(plan: Plan, *, to_the_end: bool) -> int:
    """One storm over a system of its own; 1 when an invariant is broken."""
    async with running() as system:
        await storm(system, plan)
        await settle(system, 300)
        if to_the_end:
            await settle_unknown(system, 900)
        counts = await count(system)
    print(f"seed {plan.seed}: {plan.messages} messages, {plan.people} people, {plan.kills} kills\n{table(counts)}")
    print("broken:", broken(counts) or "nothing", flush=True)
    return 1 if broken(counts) else 0


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--long", action="store_true", help="five storms of 1,500 messages, each to its very end")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if not chosen.long:
        return await run(Plan(seed=chosen.seed), to_the_end=False)
    plans = [Plan(1500, 60, 180, 30, seed) for seed in range(chosen.seed, chosen.seed + 5)]
    return max([await run(plan, to_the_end=True) for plan in plans])


if __name__ == "__main__":
    sys.exit(run_to_the_end(main()))
