"""What an import tells, and what may stop it.

OfferError
├── BadFile         the file is not a whole JSON array of records
├── NoStructures    only the services were given
├── EmptyOffer      no valid service in it
├── TooFewServices  more than a third of the services would go
└── ApiError        data·inclusion's API did not give everything
    ├── BadToken
    └── BrokenPage
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[str, int, int], None]
"""Called with the stage (« structures », « services », « swap »), what is done, and the whole (0 when unknown)."""

KEPT_PROBLEMS = 1000


class OfferError(Exception):
    """The offer could not be imported. The one loaded before goes on serving."""


class BadFile(OfferError):
    """The file is not a whole JSON array of records. Download it again."""


class NoStructures(OfferError):
    """The name of the services' file does not tell that of the structures: give both."""


class EmptyOffer(OfferError):
    """The file holds no valid service. Look at the reasons; perhaps it is another format."""


class TooFewServices(OfferError):
    """More than a third of the services would disappear. Check the file; force the import if it is right."""

    def __init__(self, *, before: int, after: int) -> None:
        super().__init__(f"{self.__doc__} ({before} → {after})")
        self.before, self.after = before, after


class ApiError(OfferError):
    """data·inclusion's API did not give everything. Try again later."""


class BadToken(ApiError):
    """data·inclusion refuses the token. Set RELAIS_DATA_INCLUSION_TOKEN to a valid one."""


class BrokenPage(ApiError):
    """A page of the API is not what its description promises. Nothing was imported."""


class BadRow(Exception):
    """One record cannot be used; the reason is « field: code »."""


@dataclass(frozen=True)
class Problem:
    kind: str  # "structure" | "service"
    record: int  # place in the file, from 1
    id: str
    reason: str


@dataclass
class Problems:
    """Counts every skipped record, keeps the first thousand."""

    reasons: Counter[str] = field(default_factory=Counter)
    kept: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.reasons[f"{problem.kind}.{problem.reason}"] += 1
        if len(self.kept) < KEPT_PROBLEMS:
            self.kept.append(problem)


@dataclass(frozen=True)
class ImportReport:
    source: str
    structures: int
    services: int
    added: int  # services
    changed: int
    removed: int
    skipped: int  # records of both kinds
    reasons: dict[str, int]
    problems: tuple[Problem, ...]  # the first thousand
