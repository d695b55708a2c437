"""Numbers that say who somebody is."""

import pytest

from bot.masking import CARD, NIR, PHONE, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("appelez moi au 06 39 98 12 34", f"appelez moi au {PHONE}"),
        ("+33 6 39 98 12 34 merci", f"{PHONE} merci"),
        ("0639981234", PHONE),
        ("ma sécu 1 85 05 78 006 084 91", f"ma sécu {NIR}"),
        ("285052a00608436", NIR),
        ("carte 4111 1111 1111 1111.", f"carte {CARD}."),
        ("1 85 05 78 006 084 et 06.39.98.12.34", f"{NIR} et {PHONE}"),
    ],
)
def test_masked(text: str, masked: str) -> None:
    """Phone, social-security and card numbers become what they are, whatever the spaces."""
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "69100 Villeurbanne",
        "le 12/03/2026 à 14h30",
        "Lyon 8, 3 enfants, 651,69 euros",
        "rdv 24 11 2026 14 30",
        "1",
        "réf 20261124",
    ],
)
def test_left_alone(text: str) -> None:
    """Postal codes, dates, amounts and references stay: the assistant needs them."""
    assert mask(text) == text
