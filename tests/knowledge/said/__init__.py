"""Tables of what people say, read by the tests under both interpreters."""

from collections.abc import Iterator
from pathlib import Path


def lines(name: str) -> Iterator[str]:
    """The lines of a table, without comments and blank ones."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def pairs(name: str) -> Iterator[tuple[str, str]]:
    """The lines "said => expected" of a table."""
    for line in lines(name):
        said, _, expected = line.rpartition(" => ")
        yield said, expected.strip()
