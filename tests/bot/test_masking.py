"""Numbers that say who somebody is."""

import pytest

from bot import masking
from bot.masking import CARD, NIR, PHONE, conceal, mask

ARABIC = {48 + digit: 0x660 + digit for digit in range(10)}
PERSIAN = {48 + digit: 0x6F0 + digit for digit in range(10)}
GAPS = ["", "\u00a0", "\u202f", "  ", "\n", ",", ", ", "،", "_", "–", " - ", ".", "/", "\u200e"]


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("4111 1111 1111 1111 12/27", f"{CARD} 12/27"),
        ("4111 1111 1111 1111 123", f"{CARD} 123"),
        ("4111-1111-1111-1111-12-27", f"{CARD}-12-27"),
        ("carte4111111111111111", f"carte{CARD}"),
        ("4111111111111111exp", f"{CARD}exp"),
        ("41111111111111111227", f"{CARD}1227"),
        ("exp 04 2027 4111 1111 1111 1111", f"exp 04 2027 {CARD}"),
        ("41 11 11 11 11 11 11 11", CARD),
        ("3782 822463 10005 1234", f"{CARD} 1234"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", CARD),
        ("4111 1111 1111 1111".translate(PERSIAN), CARD),
        ("06 39 98 12 34 4111 1111 1111 1111", f"06 39 98 12 34 {CARD}"),
        ("1 8 5 0 5 7 8 0 0 6 0 8 4 9 1", NIR),
        ("1 8 5 1 2 7 5 1 1 2 3 4 5", NIR),
        ("2 8 5 0 5 2 A 0 0 6 0 8 4", NIR),
        ("285052A006084 06 39 98 12 34", f"{NIR} 06 39 98 12 34"),
        ("sécu1850578006084", f"sécu{NIR}"),
        ("رقمي ١ ٨٥ ٠٥ ٧٨ ٠٠٦ ٠٨٤ ٩١", f"رقمي {NIR}"),
        ("1 85 05 78 006 084 12, rappelez moi", f"{NIR}, rappelez moi"),
        ("1 85 20 99 006 084", NIR),
        ("+33 6 39 98 12 34 1 85 05 78 006 084 91", f"+33 6 39 98 12 34 {NIR}"),
        ("sécu 1 85 05 78 006 084 91 carte 4111 1111 1111 1111", f"sécu {NIR} carte {CARD}"),
        ("siret 73282932000074, carte 4111 1111 1111 1111", f"siret 73282932000074, carte {CARD}"),
    ],
)
def test_concealed(text: str, kept: str) -> None:
    """What surrounds a card or a social-security number, and how it is cut, does not save it."""
    assert conceal(text) == kept


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize(("number", "name"), [("1 85 05 78 006 084 91", NIR), ("4111 1111 1111 1111", CARD)])
def test_concealed_whatever_stands_between_the_digits(gap: str, number: str, name: str) -> None:
    """Any space, dash, comma or line break, in European or Arabic digits; what stands around keeps its place."""
    written = number.replace(" ", gap)
    assert conceal(f"é {written} à") == f"é {name} à"
    assert mask(f"é {written.translate(ARABIC)} à") == f"é {name} à"


@pytest.mark.parametrize(
    "text",
    ["+2348031234567", "+4915112345678", "+234 803 123 4567", "00 234 803 123 4567", "002348031234567"],
)
def test_foreign_phone_is_kept_for_the_counsellor_only(text: str) -> None:
    """It is no social-security number: someone may have to call it back."""
    assert conceal(f"tel {text} merci") == f"tel {text} merci"
    assert mask(f"tel {text} merci") == f"tel {PHONE} merci"


@pytest.mark.parametrize(
    "text",
    [
        "06 39 98 12 34 07 39 98 12 35",
        "06 39 98 12 34 07 39 98 12 36, 07 39 98 12 37",
        "0 6 3 9 9 8 1 2 3 4 0 7 3 9 9 8 1 2 3 6",
        "69100 06 39 98 12 34 07 39 98 12 35",
        "+49 151 12345678, +234 803 123 4567",
        "1851378006084",
        "1854378006084",
        "1850500006084",
    ],
)
def test_kept(text: str) -> None:
    """Phones in a row, and thirteen digits without a month or a department, are not taken for something else."""
    assert conceal(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "siret 73282932000074",
        "mon SIRET c'est le 732 829 320 00074",
        "siren : 732 829 320",
        "2011, 2014, 2019, 2023",
        "09:30, 10:30, 11:30, 12:30, 13:30, 14:30",
        "69001 69002 69003 69004 69005 69006",
        "4 rdv : 12/03/2026 14:30, 13/03/2026 15:30",
        "450, 500, 600, 700, 800 euros",
    ],
)
def test_companies_and_lists_are_left_alone(text: str) -> None:
    """The number of a company, years, hours, postal codes and amounts in a row say nothing of anybody."""
    assert mask(text) == text


@pytest.mark.parametrize("text", ["4", "4 ", "6 ", "44 ", "001 ", "1 85 05 78 006 084 ", "4111 1111 1111 1112 "])
def test_work_grows_with_the_length_only(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long message of digits is looked at a fixed number of times for each of them."""
    counted = 0
    cuts, luhn = masking._Run.cuts, masking._Run.luhn

    def counting(wrapped):
        def call(run, start, end):
            nonlocal counted
            counted += 1
            assert end - start <= 19
            return wrapped(run, start, end)

        return call

    monkeypatch.setattr(masking._Run, "cuts", counting(cuts))
    monkeypatch.setattr(masking._Run, "luhn", counting(luhn))
    conceal((text * 1600)[:1600])
    assert counted <= 16 * 1600
