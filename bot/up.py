"""Runs all of Relais on one machine: starts each process, restarts the one that dies, stops all of them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.errors import PortTaken

log = logging.getLogger(__name__)

STOP_SECONDS = 20
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0
STEADY_SECONDS = 30
LOOK_SECONDS = 0.1
LAST_WORDS_SECONDS = 1
_COLOURS = {"web": 36, "worker": 32, "actions": 35, "engine": 33, "postgres": 34}


@dataclass
class Program:
    """One process to keep running. `order` says when it stops: the highest first."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    options: Mapping[str, object] = field(default_factory=dict)
    order: int = 1
    stop_signal: signal.Signals = signal.SIGTERM
    process: asyncio.subprocess.Process | None = None


class Supervisor:
    """Starts programs in process groups of their own, so that a Ctrl-C reaches us alone and no orphan stays."""

    def __init__(self, write: Callable[[str], None] | None = None, *, stop_seconds: float = STOP_SECONDS) -> None:
        self._write = write or _print
        self._stop_seconds = stop_seconds
        self._keepers: list[tuple[Program, asyncio.Task[None]]] = []
        self._stopping = asyncio.Event()
        self._spawning = asyncio.Lock()

    async def start(self, program: Program) -> None:
        """Start a program, and keep it running from now on."""
        await self._spawn(program)
        self._keepers.append((program, asyncio.create_task(self._keep(program))))

    async def stop(self) -> None:
        """Stop all programs, highest order first; those of one order together."""
        self._stopping.set()
        async with self._spawning:  # what is just being started is there to be stopped; nothing is started after it
            pass
        for order in sorted({program.order for program, _ in self._keepers}, reverse=True):
            together = [program for program, _ in self._keepers if program.order == order]
            await asyncio.gather(*(self._end(program) for program in together))
        keepers = [keeper for _, keeper in self._keepers]
        if keepers:
            await asyncio.wait(keepers, timeout=LAST_WORDS_SECONDS)
        for keeper in keepers:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def _spawn(self, program: Program) -> None:
        async with self._spawning:
            if self._stopping.is_set():
                return
            program.process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(program.environment),
                **{"start_new_session": True, **program.options},  # type: ignore[arg-type]
            )

    async def _spawn_again(self, program: Program, pause: float) -> None:
        """Start it after a pause, and try until it starts: files or memory may be short for a while."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            try:
                await self._spawn(program)
                break
            except OSError as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                self._write(_line(program.name, f"could not be started ({error.strerror}); again in {pause:.1f} s"))

    async def _keep(self, program: Program) -> None:
        pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
        while True:
            process, born = program.process, loop.time()
            assert process is not None and process.stdout is not None  # noqa: S101
            copying = asyncio.create_task(self._copy_lines(program.name, process.stdout))
            try:
                code = await _ended(process)
            except asyncio.CancelledError:
                copying.cancel()
                raise
            _kill_group(process)  # what it left behind may hold its port
            with suppress(TimeoutError):
                await asyncio.wait_for(copying, LAST_WORDS_SECONDS)
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE if loop.time() - born > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE)
            self._write(_line(program.name, f"ended with {code}; started again in {pause:.1f} s"))
            await self._spawn_again(program, pause)

    async def _copy_lines(self, name: str, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than the buffer: let it go
                continue
            if not line:
                return
            self._write(_line(name, line.decode(errors="replace").rstrip()))

    async def _end(self, program: Program) -> None:
        process = program.process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(program.stop_signal)
        try:
            await asyncio.wait_for(_ended(process), self._stop_seconds)
        except TimeoutError:
            log.warning("%s did not stop in %s s and is killed", program.name, self._stop_seconds)
        _kill_group(process)
        await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> int:
    """The exit code, once the process itself has ended: `wait` also waits for its children to close its output."""
    while process.returncode is None:  # noqa: ASYNC110 (asyncio itself tells it only with the last pipe)
        await asyncio.sleep(LOOK_SECONDS)
    return process.returncode


def _kill_group(process: asyncio.subprocess.Process) -> None:
    """End what a program left behind, and itself if need be."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def require_free(host: str, port: int, what: str) -> None:
    """Raise PortTaken, in plain words, when something listens there already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"Le port {port} de {host} est déjà pris ({what}). "
                f"Arrêtez le programme qui l'occupe, ou changez de port."
            ) from error


def address(url: str) -> tuple[str, int]:
    """Host and port of a loopback URL."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _line(name: str, text: str) -> str:
    if not sys.stdout.isatty():
        return f"{name:<8} | {text}"
    return f"\x1b[{_COLOURS.get(name, 37)}m{name:<8} |\x1b[0m {text}"


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
