"""Segments as the provider counts them, plainer letters where they save one, and cuts between words only."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Choice, Reply
from channels.sms_text import BASIC, EXTENDED, GSM, body, clip, fit, plain, render, segments

DIGITS = "1234567890"
FLAG = "🇮🇹"
RAINBOW = "🏳️\u200d🌈"

# The values that Twilio's own calculator publishes in its test suite.
PUBLISHED = [
    ((DIGITS * 16), "GSM-7", 1),
    ((DIGITS * 16) + "1", "GSM-7", 2),
    ((DIGITS * 30) + "1234567", "GSM-7", 3),
    *((sign + DIGITS * 15 + "12345678", "GSM-7", 1) for sign in "|^€{}[]~\\"),
    *((sign + DIGITS * 15 + "123456789", "GSM-7", 2) for sign in "|^€{}[]~\\"),
    *((sign * 70, "UCS-2", 1) for sign in "ÁÚúçíÍóÓ"),
    *((sign * 71, "UCS-2", 2) for sign in "ÁÚúçíÍóÓ"),
    ("😜" + "2" * 68, "UCS-2", 1),
    ("😜" + "2" * 69, "UCS-2", 2),
    ("😜" + "2" * 133, "UCS-2", 3),
    (FLAG + "2" * 66, "UCS-2", 1),
    (FLAG + "2" * 67, "UCS-2", 2),
    (RAINBOW + "2" * 64, "UCS-2", 1),
    (RAINBOW + "2" * 65, "UCS-2", 2),
    ("😀" + "]" * 68, "UCS-2", 1),
    ("😀" + "]" * 69, "UCS-2", 2),
    ("e\u0301\u0301\u0301" + "a" * 66, "UCS-2", 1),
    ("e\u0301\u0301\u0301" + "a" * 67, "UCS-2", 2),
    ("\rabcde\r\n123", "GSM-7", 1),
]
# Values read from a run of the calculator (npm sms-segments-calculator 1.3.0), where packing matters.
RUN = [
    ("", "GSM-7", 1),
    ("a" * 152 + "€" + "a" * 151, "GSM-7", 2),
    ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
    ("a" * 306, "GSM-7", 2),
    ("€" * 76 + "€" * 76, "GSM-7", 2),
    ("€" * 153, "GSM-7", 3),
    ("ж" * 66 + "😀" + "ж" * 65, "UCS-2", 2),
    ("ж" * 66 + "😀" + "ж" * 66, "UCS-2", 3),
    ("ж" * 64 + "🇫🇷" + "ж" * 64, "UCS-2", 3),
    ("ж" * 134, "UCS-2", 2),
    ("Vous êtes à l’accueil", "UCS-2", 1),
]


@pytest.mark.parametrize(("text", "encoding", "count"), PUBLISHED + RUN)
def test_counts_as_the_published_calculator(text: str, encoding: str, count: int) -> None:
    """Encoding and number of segments are the calculator's."""
    assert (segments(text).encoding, segments(text).count) == (encoding, count)


def pieces(signs: list[str], sizes: list[int], single: int, joined: int) -> list[str]:
    """An independent packing that builds the segments themselves."""
    if sum(sizes) <= single:
        return ["".join(signs)]
    made: list[list[int]] = [[]]
    for index, size in enumerate(sizes):
        if sum(sizes[i] for i in made[-1]) + size > joined:
            made.append([])
        made[-1].append(index)
    return ["".join(signs[i] for i in piece) for piece in made]


gsm_text = st.text(st.sampled_from(sorted(GSM)), max_size=700)
wide_text = st.lists(st.sampled_from([*"abжيê€ \n", "😀", FLAG, RAINBOW, "e\u0302"]), max_size=250).map("".join)


@given(gsm_text)
def test_packs_septets_without_splitting_an_escape(text: str) -> None:
    """GSM-7: 160 septets alone, 153 joined, and an extended character stays whole."""
    sizes = [2 if sign in EXTENDED else 1 for sign in text]
    expected = pieces(list(text), sizes, 160, 153)
    assert segments(text).count == len(expected)
    assert segments(text).units == sum(sizes)


@given(wide_text.filter(lambda text: not GSM.issuperset(text)))
def test_packs_utf16_without_splitting_a_grapheme(text: str) -> None:
    """UCS-2: 70 code units alone, 67 joined, surrogate pairs and joined signs stay whole."""
    signs = list(regex.findall(r"\X", text))
    sizes = [len(sign.encode("utf-16-le")) // 2 for sign in signs]
    assert segments(text).encoding == "UCS-2"
    assert segments(text).count == len(pieces(signs, sizes, 70, 67))
    assert segments(text).units == len(text.encode("utf-16-le")) // 2


def test_alphabet_is_complete() -> None:
    """The basic table has its 127 characters, the extension table its ten."""
    assert (len(BASIC), len(EXTENDED), len(BASIC & EXTENDED)) == (127, 10, 0)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("L’été, « ça » commence à Noël…", 'L\'été, "ca" commence à Noel...'),
        ("Être sûr du rôle : naïveté, bœuf, Œuvre, où çà", "Etre sur du role : naiveté, boeuf, OEuvre, où cà"),
        ("Lundi – vendredi — 9\u202fh\u00a030", "Lundi - vendredi - 9 h 30"),
        ("é è à ù ì ò É Ç ä ö ü ñ æ ø ß § €", "é è à ù ì ò É Ç ä ö ü ñ æ ø ß § €"),
        ("e\u0301coute, a\u0300 bientôt", "écoute, à bientot"),
        ("yardımınız için İzmir'de ağır şeker", "yardiminiz icin Izmir'de agir seker"),
        ("n° 2, conseiller·ère, m²", "no 2, conseiller.ère, m2"),
    ],
)
def test_writes_plainer_letters_where_that_saves_a_segment(written: str, sent: str) -> None:
    """Signs outside GSM-7 become their nearest; the accents that it has are kept."""
    padding = " Voici encore une phrase pour dépasser soixante-dix signes."
    assert fit(written + padding + padding) == sent + padding + padding


@pytest.mark.parametrize(
    "text",
    [
        "Bientôt prêt",
        "مرحبا، كيف يمكنني مساعدتك اليوم؟ " * 4 + "« oui »",
        "Добрый день, чем я могу помочь вам сегодня? … " * 3,
        "Được, tôi sẽ giúp quý vị tìm một dịch vụ gần nhà của quý vị trong tuần này nhé. Cảm ơn.",
        "Tôi sẽ giúp quý vị tìm một trung tâm gần nhà của quý vị trong tuần này nhé. Cảm ơn quý vị.",
        "Bonjour 🙂 vous êtes bien inscrit à l’atelier, à bientôt dans nos locaux de Vaulx-en-Velin.",
        "déjà tout en GSM, même pas une astuce".replace("ê", "e"),
    ],
)
def test_leaves_alone_what_would_save_nothing(text: str) -> None:
    """A text that is short, or that needs other letters anyway, is not touched."""
    assert fit(text) == text


@given(st.one_of(wide_text, st.text(max_size=400)))
def test_fitting_never_costs_and_is_done_once(text: str) -> None:
    """Fitting never adds a segment, changes something only to reach GSM-7, and changes nothing twice."""
    fitted = fit(text)
    assert segments(fitted).count <= segments(text).count
    assert fitted == text or (GSM.issuperset(fitted) and segments(fitted).count < segments(text).count)
    assert fit(fitted) == fitted


PHONE, LINK = "04 65 71 00 12", "https://relais.example/r/aZ3-9?x=1,2"
word = st.one_of(
    st.sampled_from([PHONE, LINK, "(+33 4 65 71 00 13),", "tel:04.65.71.00.14", "rendez-vous", "l'école", "👩‍👩‍👧"]),
    st.text(st.sampled_from("abcdéê€ж"), min_size=1, max_size=12),
)
sentence = st.tuples(st.lists(word, max_size=60), st.sampled_from([" ", "\n", "  "])).map(lambda p: p[1].join(p[0]))


@given(sentence, st.integers(1, 4))
def test_clips_between_words_only(text: str, limit: int) -> None:
    """A clipped text fits, is a beginning of the text, and ends where a word, number or link ends."""
    clipped = clip(text, limit)
    if segments(text).count <= limit:
        assert clipped == text
        return
    assert segments(clipped).count <= limit
    kept = regex.sub(r" ?(\.\.\.|…)$", "", clipped)
    assert text.startswith(kept)
    rest = text[len(kept) :]
    assert rest[0].isspace()
    for whole in (PHONE, LINK, "(+33 4 65 71 00 13),", "tel:04.65.71.00.14"):
        starts = [match.start() for match in regex.finditer(regex.escape(whole), text)]
        assert not any(start < len(kept) < start + len(whole) for start in starts)


@given(sentence, st.integers(1, 3))
def test_clips_no_more_than_needed(text: str, limit: int) -> None:
    """One more word would not have fitted."""
    clipped = clip(text, limit)
    if clipped == text:
        return
    kept = regex.sub(r" ?(\.\.\.|…)$", "", clipped)
    following = regex.match(r"\s*(?:\(?\+?[\d ]{9,}\)?,?|\S+)", text[len(kept) :])
    assert following
    longer = kept + following[0]
    assert segments(longer + (" ..." if GSM.issuperset(longer) else " …")).count > limit


def test_clips_scripts_without_spaces_between_signs() -> None:
    """Chinese has no spaces: the cut falls between two of its signs."""
    clipped = clip("您好我可以帮助您寻找附近的服务" * 10, 1)
    assert clipped.endswith(" …")
    assert segments(clipped) == segments("语" * 70)


def test_clips_between_graphemes_only() -> None:
    """A sign that joins the space after it is not parted from it."""
    assert clip("ж" * 20 + " " + "ж" * 30 + "\u0600 " + "ж" * 60, 1) == "ж" * 20 + " …"


def test_a_first_word_too_long_is_dropped() -> None:
    """A link longer than the room is left out rather than broken."""
    assert clip("https://relais.example/" + "a" * 200, 1) == "..."


def test_renders_numbered_choices_then_footer() -> None:
    """One line a choice, numbered from 1, the footer last, nothing for empty parts."""
    choices = (Choice("Halte-garderie", "/a"), Choice("Micro-crèche", "/b"))
    assert render(Reply("Voici :", choices, "Répondez 1 ou 2.")) == (
        "Voici :\n1. Halte-garderie\n2. Micro-crèche\nRépondez 1 ou 2."
    )
    assert render(Reply("", choices)) == "1. Halte-garderie\n2. Micro-crèche"
    assert render(Reply("Merci.")) == "Merci."


def test_the_body_stays_within_what_a_provider_takes() -> None:
    """A text too long loses its own end, never its choices or its footer."""
    reply = Reply("Une phrase prête. " * 120, (Choice("Oui", "/affirm"),), "Répondez 1.")
    sent = body(reply)
    assert len(sent) <= 1600
    assert sent.endswith(" ...\n1. Oui\nRépondez 1.")
    assert segments(sent).encoding == "GSM-7"
    assert segments(sent).count <= 10


@given(st.text(max_size=2000), st.lists(st.text(max_size=300), max_size=8), st.text(max_size=300))
def test_any_reply_has_a_body_that_can_be_sent(text: str, titles: list[str], footer: str) -> None:
    """Whatever the reply, its body encodes and is at most 1,600 UTF-16 units long."""
    reply = Reply(text, tuple(Choice(title, "/x") for title in titles), footer)
    assert len(body(reply).encode("utf-16-le")) // 2 <= 1600


def test_a_broken_surrogate_is_replaced() -> None:
    """Half of a surrogate pair, which JSON may carry, does not stop the message."""
    assert body(Reply("Bonjour \ud83d")) == "Bonjour \ufffd"


@given(st.text(max_size=200))
def test_a_plain_text_is_always_gsm(text: str) -> None:
    """Whatever the text, what is kept of it goes out in GSM-7."""
    assert GSM.issuperset(plain(text))
