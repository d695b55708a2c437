"""RDV Service Public's API: tokens that rotate, answers that are no answers, pages that lie."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot import clock
from bot.appointment_models import connector
from bot.connectors.errors import Refused, Unauthorised, Unreachable
from tests.bot.appointments.conftest import in_days
from tests.bot.connectors.conftest import Site
from tests.standins.rdv_service_public import FIRST_TOKEN, meeting, seat, user


def api(site: Site) -> Any:
    found = site.relais.rdv_service_public
    assert found is not None
    return found


async def test_a_token_is_kept_sealed_and_used_again(site: Site) -> None:
    """One renewal for several calls; the refresh token that came with it is the next one, and nowhere in the clear."""
    assert [await api(site).organisations() for _ in range(3)] == [["3"]] * 3
    assert site.upstream.renewed == 1
    (row,) = await site.rows(connector)
    assert site.upstream.token.encode() not in bytes(row.token_secret)
    site.upstream.faults.append("401")
    assert await api(site).organisations() == ["3"]
    assert site.upstream.renewed == 2


async def test_two_at_once_renew_once(site: Site) -> None:
    """A refresh token serves once: whoever comes second waits for the first."""
    answers = await asyncio.gather(*(api(site).organisations() for _ in range(6)))
    assert (answers, site.upstream.renewed) == ([["3"]] * 6, 1)


async def test_an_authorisation_that_is_gone_says_its_cure(site: Site) -> None:
    """Somebody has to authorise Relais again; a new token in the settings takes the place of the old."""
    site.upstream.refresh = "another"
    with pytest.raises(Unauthorised, match="RELAIS_RDVSP_REFRESH_TOKEN"):
        await api(site).organisations()
    site.upstream.refresh = FIRST_TOKEN
    assert await api(site).organisations() == ["3"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("500", Unreachable),
        ("429", Unreachable),
        ("html", Unreachable),
        ("404", Refused),
        ("422", Refused),
        ("302", Refused),
    ],
)
async def test_what_is_worth_trying_again(site: Site, fault: str, error: type[Exception]) -> None:
    """Not what it refuses; a page of a firewall with 200 is not done."""
    site.upstream.meetings = [meeting(1, in_days(20), seat(11, user(21)))]
    site.upstream.faults.append(fault)
    with pytest.raises(error):
        await api(site).excuse("11")
    assert site.upstream.patched == []
    await api(site).excuse("11")
    assert site.upstream.patched == [(11, "excused")]


async def test_all_pages_are_read(site: Site) -> None:
    """Each once."""
    site.upstream.per_page = 3
    site.upstream.meetings = [meeting(number, in_days(20)) for number in range(1, 8)]
    pages = [page async for page in api(site).meetings("3", clock.now())]
    assert [item["id"] for page in pages for item in page.items] == [*range(1, 8)]
