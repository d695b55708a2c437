"""The figures by which the reader is judged, on a few sentences counted by hand."""

from __future__ import annotations

import pytest

from nlu.components.tongue import looks_french
from nlu.evaluate import figures
from nlu.evaluate.figures import FALLBACK, Read
from nlu.evaluate.heldout import Sentence, flat, told


def read(meant: str, name: str, confidence: float = 0.9, first: str = "") -> Read:
    return Read(Sentence("…", meant, "clean", "A"), name, first or name, confidence, 1.0)


def test_asked_again_is_neither_right_nor_wrong() -> None:
    """Three shares that make one."""
    share = figures.share(
        [read("greet", "greet"), read("greet", "thank"), read("thank", FALLBACK), read("help", "help")]
    )
    assert (share.right, share.wrong, share.asked) == (0.5, 0.25, 0.25)


def test_f1_counts_what_was_taken_for_the_intent() -> None:
    """One of two is found, one of two readings is right: F1 is a half."""
    rows = [read("greet", "greet"), read("greet", "thank"), read("thank", "greet")]
    assert figures.f1(rows, "greet") == pytest.approx(0.5)


def test_a_reader_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    """Three right answers in four, told with 0.75."""
    rows = [read("greet", name, 0.75) for name in ("greet", "greet", "greet", "thank")]
    assert figures.calibration_error(rows) == pytest.approx(0.0)


def test_the_threshold_is_the_lowest_that_keeps_strangers_out() -> None:
    """Strangers are read with 0.3, our own sentences with 0.9."""
    inside = [read("greet", "greet", 0.9)] * 10
    outside = [read("out_of_scope", "greet", 0.3)] * 10
    assert figures.justified(inside, outside) == pytest.approx(0.32)
    assert figures.justified([read("greet", "greet", 0.2)] * 10, outside) is None


def test_people_are_asked_again_where_answers_are_mostly_wrong() -> None:
    """Two wrong answers at 0.2, a right one at 0.5: asking again ends between."""
    rows = [read("greet", "thank", 0.2), read("greet", "thank", 0.2), *[read("greet", "greet", 0.5)] * 3]
    assert figures.doubtful_below(rows) == pytest.approx(0.5)


def test_names_of_answers_are_told_as_the_contract_writes_them() -> None:
    """Only the first underscore was a slash."""
    assert told("faq_rsa_amount") == "faq/rsa_amount"
    assert flat("faq/rsa_amount") == "faq_rsa_amount"
    assert told("find_branch") == "find_branch"


@pytest.mark.parametrize(
    ("text", "french"),
    [
        ("jvoudré savoir c kan mn rdv", True),
        ("bonjour", True),
        ("ouais", True),
        ("when is my appointment", False),
        ("necesito ayuda para mi hijo", False),
        ("أريد موعدا", False),
        ("unde este biroul", False),
        ("коли моя зустріч", False),
    ],
)
def test_french_is_told_from_other_languages(text: str, french: bool) -> None:
    """By script, letters and small words; what is in doubt is French."""
    assert looks_french(text) is french
