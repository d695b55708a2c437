"""The engine's door: asked once, answered once, whatever breaks."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.engine import Engine, Talk, keys, said

SEARCH = "je cherche une garde d'enfants à Vaulx"


def events(engine: Engine, talk: Talk) -> int:
    return engine.rows("SELECT count(*) FROM rasa.events WHERE sender_id = %s", str(talk.id))[0][0]


def turns(engine: Engine, talk: Talk) -> int:
    return engine.rows("SELECT count(*) FROM rasa.turns WHERE conversation_id = %s", str(talk.id))[0][0]


def test_a_message_gets_a_reply(talk: Talk) -> None:
    """A greeting is answered, with its intent."""
    answer = talk.say("bonjour")
    assert answer["intent"] == "greet"
    assert answer["understood"] is True
    assert keys(answer) == ["utter_greet"]


@pytest.mark.parametrize("token", ["x", "wrong"])
def test_no_token_no_turn(engine: Engine, talk: Talk, token: str) -> None:
    """Without the token nothing is read."""
    response = engine.post(talk.question("bonjour"), token=token)
    assert response.status_code == 401
    assert turns(engine, talk) == 0


@pytest.mark.parametrize(
    "mend",
    [{"message_id": "12"}, {"conversation_id": None}, {"payload": "greet"}, {"payload": 3}],
)
def test_a_malformed_request_is_refused(engine: Engine, talk: Talk, mend: dict[str, object]) -> None:
    """400, and the field to mend."""
    response = engine.post({**talk.question("bonjour"), **mend})
    assert response.status_code == 400
    assert response.json()["error"] == next(iter(mend))


@pytest.mark.parametrize("question", [[], "bonjour", None, {}])
def test_something_else_than_a_question_is_refused(engine: Engine, question: object) -> None:
    """Any JSON that is not a question gets 400."""
    assert engine.post(question).status_code == 400


def test_a_repeated_message_gets_the_recorded_answer(engine: Engine, talk: Talk) -> None:
    """The same id twice: one turn, the same answer, even when the actions fail by then."""
    message_id = talk.new_message(SEARCH)
    first = talk.say(SEARCH, message_id=message_id)
    before = events(engine, talk)
    engine.actions.mode = "fail"
    assert talk.say(SEARCH, message_id=message_id) == first
    assert events(engine, talk) == before
    assert turns(engine, talk) == 1


def test_the_same_message_twice_at_once_is_one_turn(engine: Engine, talk: Talk) -> None:
    """Two posts of one id side by side: the same answer twice, one turn."""
    question = talk.question(SEARCH)
    with ThreadPoolExecutor(4) as pool:
        answers = [response.json() for response in pool.map(engine.post, [question] * 4)]
    assert all(answer == answers[0] for answer in answers)
    assert turns(engine, talk) == 1


def test_a_message_id_of_another_conversation_is_refused(engine: Engine, talk: Talk) -> None:
    """An id cannot bring another person's answer."""
    question = talk.question("bonjour")
    assert engine.post(question).status_code == 200
    response = engine.post({**question, "conversation_id": str(uuid4())})
    assert (response.status_code, response.json()) == (400, {"error": "message_id"})


def test_a_failed_action_leaves_nothing_and_may_be_repeated(engine: Engine, talk: Talk) -> None:
    """503 `action`, nothing saved; the same message is answered once the actions are well."""
    question = talk.question(SEARCH)
    engine.actions.mode = "fail"
    response = engine.post(question)
    assert (response.status_code, response.json()) == (503, {"error": "action"})
    assert (events(engine, talk), turns(engine, talk)) == (0, 0)
    engine.actions.mode = "well"
    assert keys(engine.post(question).json()) == ["utter_search_results"]


def test_an_action_that_hangs_is_given_up(engine: Engine, talk: Talk) -> None:
    """After a few seconds, 503 and nothing saved; others are answered meanwhile."""
    engine.actions.mode = "hang"
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(engine.post, talk.question(SEARCH))
        other = engine.post({**talk.question("bonjour"), "conversation_id": str(uuid4())}, timeout=3)
        assert other.status_code == 200
        assert hanging.result().json() == {"error": "action"}
    assert (events(engine, talk), turns(engine, talk)) == (0, 0)


def test_a_restarted_database_is_found_again(engine: Engine, talk: Talk) -> None:
    """Connections cut by the server are replaced before use."""
    talk.say("bonjour")
    engine.rows(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'relais engine' AND datname = current_database()"""
    )
    assert keys(talk.say("merci")) == ["utter_thank"]


def test_a_turn_cut_from_the_database_is_not_half_saved(engine: Engine, talk: Talk) -> None:
    """The database goes away in the middle of a turn: 503 `database`, nothing saved, then answered."""
    engine.actions.mode = "hang"
    question = talk.question(SEARCH)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(engine.post, question)
        while not engine.rows(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'relais engine'
               AND datname = current_database() AND state = 'idle in transaction'"""
        ):
            pass
        engine.actions.mode = "well"
        assert pending.result().status_code == 503
    assert (events(engine, talk), turns(engine, talk)) == (0, 0)
    assert keys(engine.post(question).json()) == ["utter_search_results"]


def test_kill_in_the_middle_of_a_turn_leaves_both_or_none(engine: Engine, talk: Talk) -> None:
    """kill -9 while an action runs: no event and no record; the new process takes the turn."""
    talk.say("bonjour")
    before = (events(engine, talk), turns(engine, talk))
    engine.actions.mode = "hang"
    calls = engine.actions.calls
    question = talk.question(SEARCH)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(engine.post, question)
        while engine.actions.calls == calls:
            pass
        engine.kill()
        assert pending.exception() is not None
    assert (events(engine, talk), turns(engine, talk)) == before
    engine.actions.mode = "well"
    engine.start()
    assert keys(engine.post(question).json()) == ["utter_search_results"]


ORDER = '/search_service{"place": "69029"}'


@pytest.mark.parametrize(
    "text",
    [
        *("/restart", "  ///report_error", ORDER, "/session_start", f"/ {ORDER}", f"/\n/\t/ {ORDER}", f"\u200b{ORDER}"),
        *(
            f"/\u200b{ORDER}",
            f"\uff0f\ufeff{ORDER}",
            f"\u00a0/\u2060\u3000{ORDER}",
            f"\u2044{ORDER}",
            f"\x00/\x1f{ORDER}",
        ),
    ],
)
def test_a_typed_command_is_only_text(talk: Talk, text: str) -> None:
    """People cannot give orders to Rasa; a slash is dropped and the rest is read as a sentence."""
    answer = talk.say(text)
    assert answer["confidence"] < 1
    assert answer["replies"]


@pytest.mark.parametrize("text", ["", "   ", "/", "?!…", "😀", "zzzz qqqq xkcd", "\x00", "a" * 50_000])
def test_a_text_without_sense_is_not_understood(talk: Talk, text: str) -> None:
    """It gets suggestions, never an agreement to something."""
    answer = talk.say(text.replace("\x00", ""))
    assert answer["understood"] is False
    assert keys(answer) == ["utter_fallback_first"]


def test_a_failing_turn_is_told_by_its_class_and_place_alone(engine: Engine, talk: Talk) -> None:
    """503 `internal`; the log names the message, the class and the line, never what was written."""
    question = talk.question("Carabistouille, je cherche un logement \ud800")
    response = httpx.post(
        f"{engine.url}/webhooks/relais/messages",
        content=json.dumps(question),  # escaped: half a character cannot travel as UTF-8
        headers={"Authorization": f"Bearer {engine.token}"},
        trust_env=False,
    )
    assert (response.status_code, response.json()) == (503, {"error": "internal"})
    log = engine.last_log()
    assert re.search(rf"message {question['message_id']}: \w+Error at \S+\.py:\d+\n", log)
    assert "Carabistouille" not in log
    assert "Traceback" not in log


def test_nothing_is_kept_in_clear(engine: Engine, talk: Talk) -> None:
    """Neither texts nor intents can be read in the engine's tables."""
    talk.say("je cherche une garde d'enfants à Vaulx, je m'appelle Zoé Carabistouille")
    rows = engine.rows("SELECT e::text FROM rasa.events e WHERE sender_id = %s", str(talk.id))
    rows += engine.rows("SELECT encode(answer, 'escape') FROM rasa.turns WHERE conversation_id = %s", str(talk.id))
    whole = "\n".join(row[0] for row in rows)
    assert rows
    for secret in ("Carabistouille", "garde", "Vaulx", "search_service", "69256"):
        assert secret not in whole


def test_a_long_conversation_stays_as_quick(engine: Engine, talk: Talk) -> None:
    """Sessions are cut after 20 turns and what is remembered is carried over, without growing."""
    talk.say(SEARCH)
    sizes = []
    for _ in range(3):
        for _ in range(20):
            talk.say("bonjour")
        sizes.append(
            engine.rows(
                """SELECT count(*) FROM rasa.events WHERE sender_id = %(id)s AND id >= (SELECT max(id) FROM rasa.events
                   WHERE sender_id = %(id)s AND type_name = 'session_started')""".replace("%(id)s", f"'{talk.id}'")
            )[0][0]
        )
    assert max(sizes) - min(sizes) <= 12
    assert "Vaulx" in said(talk.say("d'autres"))
