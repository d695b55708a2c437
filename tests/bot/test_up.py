"""The supervisor, over real processes."""

import asyncio
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import PortTaken
from bot.up import Program, Supervisor, address, require_free

TALKS = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"
HAS_A_CHILD = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print('pid', child.pid, flush=True); time.sleep(600)"
)
IGNORES = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('pid 0', flush=True); time.sleep(600)"
)


class Lines:
    """What the supervisor writes; waits for a line without polling."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._new = asyncio.Event()

    def write(self, line: str) -> None:
        self.all.append(line)
        self._new.set()

    async def until(self, true: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(20):
            while not true(self.all):
                self._new.clear()
                await self._new.wait()

    def pids(self) -> list[int]:
        return [int(line.rsplit(" ", 1)[1]) for line in self.all if " pid " in line]


def gone(pid: int) -> bool:
    """True once the process has ended, whoever's child it is."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([watched], [], [], 10)
    os.close(watched)
    return bool(ended)


async def test_process_that_dies_is_started_again() -> None:
    """kill -9 brings another process, and a line that says so."""
    lines = Lines()
    supervisor = Supervisor(lines.write)
    await supervisor.start(Program("worker", [sys.executable, "-c", TALKS]))
    await lines.until(lambda all: len(lines.pids()) == 1)
    os.kill(lines.pids()[0], signal.SIGKILL)
    await lines.until(lambda all: len(lines.pids()) == 2)
    assert any("started again" in line for line in lines.all)
    await supervisor.stop()
    assert all(gone(pid) for pid in lines.pids())


async def test_process_that_leaves_a_child_is_started_again() -> None:
    """The child keeps the output open, and perhaps the port: it is ended, and the program comes back."""
    lines = Lines()
    supervisor = Supervisor(lines.write)
    program = Program("web", [sys.executable, "-c", HAS_A_CHILD])
    await supervisor.start(program)
    await lines.until(lambda all: len(lines.pids()) == 1)
    assert program.process is not None
    os.kill(program.process.pid, signal.SIGKILL)
    await lines.until(lambda all: len(lines.pids()) == 2)
    assert gone(lines.pids()[0])
    await supervisor.stop()
    assert gone(lines.pids()[1])


async def test_stop_during_a_pause_starts_nothing(tmp_path: Path) -> None:
    """Ctrl-C while a program waits to be started again: it is not."""
    lines = Lines()
    supervisor = Supervisor(lines.write)
    once = (
        "import os, pathlib, sys, time; seen = pathlib.Path(sys.argv[1]); print('pid', os.getpid(), flush=True)\n"
        "if seen.exists(): time.sleep(600)\n"
        "seen.touch()"
    )
    await supervisor.start(Program("worker", [sys.executable, "-c", once, str(tmp_path / "seen")]))
    await lines.until(lambda all: any("started again" in line for line in all))
    await supervisor.stop()
    assert len(lines.pids()) == 1
    assert all(gone(pid) for pid in lines.pids())


async def test_program_that_can_not_be_started_is_tried_again(tmp_path: Path) -> None:
    """A start that fails is told, and does not end the keeping."""
    lines = Lines()
    supervisor = Supervisor(lines.write)
    script = tmp_path / "program"
    script.write_text('#!/bin/sh\necho " pid $$"\nexec sleep 600\n')
    script.chmod(0o755)
    await supervisor.start(Program("web", [str(script)]))
    await lines.until(lambda all: len(lines.pids()) == 1)
    away = script.rename(tmp_path / "away")
    os.kill(lines.pids()[0], signal.SIGKILL)
    await lines.until(lambda all: any("could not be started" in line for line in all))
    away.rename(script)
    await lines.until(lambda all: len(lines.pids()) == 2)
    await supervisor.stop()
    assert all(gone(pid) for pid in lines.pids())


async def test_stop_leaves_no_orphan() -> None:
    """A child of a child is ended too, at once: its hold on the output keeps nobody waiting."""
    lines = Lines()
    supervisor = Supervisor(lines.write)
    await supervisor.start(Program("web", [sys.executable, "-c", HAS_A_CHILD]))
    await lines.until(lambda all: len(lines.pids()) == 1)
    async with asyncio.timeout(5):
        await supervisor.stop()
    assert gone(lines.pids()[0])


async def test_programs_stop_in_order() -> None:
    """What others need stops last."""
    lines = Lines()
    supervisor = Supervisor(lines.write)
    says = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *a: (print('bye', flush=True), sys.exit()));"
    for name, order in (("postgres", 0), ("web", 3), ("engine", 1)):
        program = Program(
            name, [sys.executable, "-c", f"{says} print('pid', 0, flush=True); time.sleep(600)"], order=order
        )
        await supervisor.start(program)
    await lines.until(lambda all: len(lines.pids()) == 3)
    await supervisor.stop()
    assert [line.split()[0] for line in lines.all if "bye" in line] == ["web", "engine", "postgres"]


async def test_process_that_will_not_stop_is_killed() -> None:
    """Ctrl-C ends everything, even what does not listen."""
    lines = Lines()
    supervisor = Supervisor(lines.write, stop_seconds=0.3)
    program = Program("web", [sys.executable, "-c", IGNORES])
    await supervisor.start(program)
    await lines.until(lambda all: bool(lines.pids()))
    await supervisor.stop()
    assert program.process is not None
    assert program.process.returncode == -signal.SIGKILL


def test_taken_port_is_said_plainly() -> None:
    """The port and the setting to change are named."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Le port {port} .*RELAIS_PORT"):
            require_free("127.0.0.1", port, "RELAIS_PORT")


def test_address_of_a_url() -> None:
    """`bot up` listens where the setting's URL says."""
    assert address("http://127.0.0.1:5005/x") == ("127.0.0.1", 5005)
