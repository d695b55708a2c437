"""A terminal is a channel too: numbered choices, one line in, one reply out."""

from __future__ import annotations

import io

import pytest

from channels.base import Choice, Inbound, Outbound, Reply
from channels.terminal import Terminal
from tests.channels.contract import ChannelContract, Rig, outbound


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestTerminal(ChannelContract):
    @pytest.fixture
    def rig(self) -> Rig:
        screen = io.StringIO()
        terminal = Terminal(screen)

        async def shown(sent: Outbound) -> str:
            return screen.getvalue()

        async def received(provider_id: str, text: str) -> Inbound:
            return terminal.read(f"  {text}\n", provider_id)

        return Rig(terminal, "terminal", shown, received)


async def converse(screen: io.StringIO, typed: str) -> list[Inbound]:
    terminal = Terminal(screen)
    taken: list[Inbound] = []

    async def receive(inbound: Inbound) -> None:
        taken.append(inbound)
        rig = Rig(terminal, inbound.address, None, None)  # type: ignore[arg-type]
        await terminal.send(outbound(rig, Reply("Voici :", (Choice("Crèche", "/a"), Choice("Halte", "/b")))))

    await terminal.converse(receive, io.StringIO(typed))
    return taken


async def test_takes_lines_until_the_end() -> None:
    """Each line is a message with an id of its own, empty ones are not, and a number stays a number."""
    taken = await converse(io.StringIO(), "je cherche une crèche\n\n  \n1\n")
    assert [inbound.text for inbound in taken] == ["je cherche une crèche", "1"]
    assert len({inbound.provider_id for inbound in taken}) == 2


async def test_stops_when_asked() -> None:
    """« /quit » ends the conversation; what follows is not taken in."""
    assert [inbound.text for inbound in await converse(io.StringIO(), "bonjour\n/quit\nencore\n")] == ["bonjour"]


async def test_prints_above_the_line_being_typed() -> None:
    """On a screen the prompt gives way to the reply and comes back under it."""
    screen = Screen()
    await converse(screen, "bonjour\n")
    assert screen.getvalue() == ("vous  > \r\x1b[Krelais> Voici :\n        1. Crèche\n        2. Halte\n\nvous  > \n")
