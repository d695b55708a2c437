"""SMS spelling, distress and commands, under both interpreters."""

import subprocess

import pytest

from knowledge.lexicons import Lexicon, Reading, normalise
from tests.knowledge.said import lines, pairs
from tests.knowledge.test_places import ENGINE, ROOT

SPELLED = {
    "jvoudré 1 rdv svp": "je voudrais 1 rendez vous s il vous plait",
    "g pa resu mon msg": "j ai pas recu mon message",
    "c ou ?": "c est ou",
    "ou c": "ou c est",
    "C'est où": "c est ou",
    "jss dispo 2main": "je suis disponible demain",
    "bcp de pb ds mon appart": "beaucoup de probleme dans mon appartement",
    "kan c mon rdv": "quand c est mon rendez vous",
    "tjs pa 2 reponse auj": "toujours pas 2 reponse aujourd hui",
    "pr passé le permi": "pour passe le permi",
    "jdors dehors": "je dors dehors",
    "arreter de menvoyer": "arreter de m envoyer",
    "garde denfants": "garde d enfants",
    "500 g de riz": "500 g de riz",
    "bus C3, ligne C 13": "bus c3 ligne c 13",
    "j’habite au 12 rue X": "j habite au 12 rue x",
    "Porte-monnaie": "porte monnaie",
    "06 39 98 00 01": "06 39 98 00 01",
    "ليون ٨": "ليون 8",
    "": "",
    "🙏": "",
}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.from_file()


@pytest.mark.parametrize(("typed", "meant"), list(SPELLED.items()))
def test_sms_is_written_out(typed: str, meant: str) -> None:
    """SMS spelling becomes plain words, numbers stay."""
    assert normalise(typed) == meant


@pytest.mark.parametrize(("said", "kind"), list(pairs("distress.txt")))
def test_distress_is_heard(lexicon: Lexicon, said: str, kind: str) -> None:
    """Someone in danger or at the end of their rope is heard, in nine languages."""
    assert lexicon.first_reading(said).distress == kind


@pytest.mark.parametrize("said", list(lines("no_distress.txt")))
def test_idiom_triggers_nothing(lexicon: Lexicon, said: str) -> None:
    """Idioms and ordinary requests are neither distress nor a command."""
    assert lexicon.first_reading(said) == Reading()


@pytest.mark.parametrize(("said", "command"), list(pairs("commands.txt")))
def test_command_is_read(lexicon: Lexicon, said: str, command: str) -> None:
    """Stop, resume, human and menu are told apart, and from all else."""
    reading = lexicon.first_reading(said)
    assert [c for c in ("stop", "resume", "human", "menu") if getattr(reading, c)] == [command]
    assert not reading.distress


@pytest.mark.parametrize("said", list(lines("no_commands.txt")))
def test_order_among_other_words_is_left_to_the_engine(lexicon: Lexicon, said: str) -> None:
    """Nobody is silenced or queued by words that say something else as well."""
    reading = lexicon.first_reading(said)
    assert not (reading.stop or reading.human)


def test_distress_and_stop_together(lexicon: Lexicon) -> None:
    """A message may say both; nothing hides distress, and nothing is withheld from who says it."""
    reading = lexicon.first_reading("je veux mourir, arrêtez de m'écrire")
    assert (reading.distress, reading.stop) == ("suicide", False)


def test_gravest_kind_wins(lexicon: Lexicon) -> None:
    """Of several kinds the first of the file is told."""
    assert lexicon.first_reading("il me frappe, je dors dehors et je veux mourir").distress == "suicide"
    assert lexicon.distress_kinds()[0] == "suicide"


def test_language_of_what_was_heard(lexicon: Lexicon) -> None:
    """The reading tells in which language it was said."""
    assert lexicon.first_reading("сплю на вулиці").language == "uk"
    assert lexicon.first_reading("je dors dehors").language == "fr"
    assert lexicon.first_reading("bonjour").language == ""


def test_idiom_hides_only_itself(lexicon: Lexicon) -> None:
    """Distress beside an idiom is heard."""
    assert lexicon.first_reading("ça me tue et il me frappe tous les soirs").distress == "violence"
    assert lexicon.first_reading("mort de fatigue, plus envie de vivre").distress == "suicide"


def test_some_words_leave_no_idiom_standing(lexicon: Lexicon) -> None:
    """What reassures alone reassures no more beside « ma vie » or a farewell."""
    said = ("je veux en finir avec mes dettes", "je veux en finir avec mes dettes et ma vie")
    assert [lexicon.first_reading(one).distress for one in said] == ["", "suicide"]


def test_classes_pairs_and_whole_messages(lexicon: Lexicon) -> None:
    """A class of words stands for each of them, « one + other » for both in any order, « = » for nothing else said."""
    content = {
        "sms": {},
        "polite": ["merci"],
        "classes": {"kin": "fils|fille"},
        "distress": {"child": {"fr": ["mon ({kin}|chat) crie", "dehors + cette nuit"]}, "danger": {"fr": ["=sos"]}},
        "idioms": ["mange dehors"],
        **{command: {} for command in ("stop", "resume", "human", "menu")},
    }
    reads = Lexicon(content).first_reading
    assert [reads(f"mon {who} crie").distress for who in ("fils", "fille", "chat", "chien")] == ["child"] * 3 + [""]
    assert reads("cette nuit encore je suis dehors").distress == "child"
    assert reads("dehors, avec mes deux valises, cette nuit").distress == "child"
    assert reads("dehors") == reads("on mange dehors cette nuit") == Reading()
    assert reads(f"dehors {'très ' * 9} cette nuit") == Reading()
    assert (reads("SOS merci").distress, reads("sos médecins").distress) == ("danger", "")
    assert lexicon.first_reading("sos médecins, quel numéro") == Reading()


@pytest.mark.skipif(not ENGINE.exists(), reason="the engine's environment is not set up")
def test_engine_reads_the_same() -> None:
    """The engine's older interpreter reads the tables alike."""
    script = """
from knowledge.lexicons import Lexicon, Reading, normalise
from tests.knowledge.said import lines, pairs
lexicon = Lexicon.from_file()
assert normalise("jvoudré 1 rdv svp") == "je voudrais 1 rendez vous s il vous plait"
for said, kind in pairs("distress.txt"):
    assert lexicon.first_reading(said).distress == kind, said
for said, command in pairs("commands.txt"):
    assert getattr(lexicon.first_reading(said), command), said
for said in lines("no_distress.txt"):
    assert lexicon.first_reading(said) == Reading(), said
"""
    done = subprocess.run([ENGINE, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
