"""Numbers that say who somebody is."""

import pytest

from bot.masking import CARD, NIR, PHONE, conceal, mask


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
        ("06  39  98  12  34", PHONE),
        ("06,39,98,12,34", PHONE),
        ("06, 39, 98, 12, 34", PHONE),
        ("06_39_98_12_34", PHONE),
        ("06:39:98:12:34", PHONE),
        ("06\u00a039\u00a098\u00a012\u00a034", PHONE),
        ("tel0639981234", f"tel{PHONE}"),
        ("0639981234merci", f"{PHONE}merci"),
        ("(06)39981234", PHONE),
        ("(06) 39 98 12 34", PHONE),
        ("O6 39 98 12 34", PHONE),
        ("0 6 3 9 9 8 1 2 3 4", PHONE),
        ("06 39 98 12 34 07 39 98 12 35", f"{PHONE} {PHONE}"),
        ("0639981234 0739981235", f"{PHONE} {PHONE}"),
        ("06 39 98 12 34/07 39 98 12 35", f"{PHONE}/{PHONE}"),
        ("06.39.98.12.34,07.39.98.12.35", f"{PHONE},{PHONE}"),
        ("1850578006084 06 39 98 12 34", f"{NIR} {PHONE}"),
        ("0033639981234", PHONE),
        ("+33 (0)6 39 98 12 34", PHONE),
        ("+33_6_39_98_12_34", PHONE),
        ("0639 98 12 34", PHONE),
        ("06 39 981 234", PHONE),
        ("rdv le 24/11/2026 à 14h30, mon tel 06  39  98  12  34", f"rdv le 24/11/2026 à 14h30, mon tel {PHONE}"),
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
        "rdv 01 02 2026 14 h",
        "le 01/02/2026 10 h 30",
        "le 01/02/26 10 30",
        "01.02.2026 10 h ou 03.02.2026 11 h",
        "2026-11-24 14:30:00",
        "du 01/02/2026 au 03/04/2026",
        "09:30, 10:30, 11:30, 12:30",
        "ouvert de 08h30 à 12h00 et de 13h30 à 17h00",
        "69001 69002 69003 69004",
        "69100, 69003, 01000",
        "1 234 567,89 euros et 02,50",
        "607,75 euros par mois, 1215,50 euros pour 2",
        "3 enfants : 2011, 2014, 2019",
        "numéro d'allocataire 1234567",
        "1",
        "réf 20261124",
    ],
)
def test_left_alone(text: str) -> None:
    """Postal codes, dates, amounts and references stay: the assistant needs them."""
    assert mask(text) == text


def test_what_is_kept_holds_no_number_that_could_be_misused() -> None:
    """The counsellor sees the phone number, not the social-security number nor the card."""
    text = "mon num 06 39 98 12 34, sécu 1 85 05 78 006 084 91, carte 4970 1012 3456 7893"
    kept = conceal(text)
    assert "06 39 98 12 34" in kept
    assert NIR in kept
    assert not any(part in kept for part in ("006 084", "4970"))
