"""The action server: one door on the loopback, for the holder of the token."""

from __future__ import annotations

import hmac
import logging
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions import answers, appointment, branch, fallback, faq, human, language, questions, search, service, session
from actions.kit import Kit, TopicAction, Turn, changes
from bot.appointments.answers import Answers
from bot.appointments.calendar import Calendars
from bot.appointments.desk import Desk
from bot.appointments.people import People
from bot.appointments.register import Register
from bot.appointments.sessions import Sessions
from bot.database import Database
from bot.handoff import Handoff
from bot.keys import load_keys
from bot.outbox import Outbox
from bot.queue import Queue, build_app
from bot.reminders.plan import Plans
from bot.reminders.planner import Planner
from bot.settings import Settings
from bot.tasks import Tasks
from bot.texts import Texts
from bot.vault import Vault
from knowledge.articles import Articles
from knowledge.needs import Needs
from knowledge.places import Places

log = logging.getLogger(__name__)

DIGRESSIONS = frozenset(
    f"action_{name}"
    for name in (
        "faq", "search_service", "more_results", "service_details", "report_error", "find_branch", "branch_hours",
    )
)  # fmt: skip
"""After these, a question about an appointment that has no answer yet is said again."""
TOPICS = (answers, appointment, branch, fallback, faq, human, language, search, service, session)


def create(settings: Settings, database: Database) -> Starlette:
    """The application, with every topic's actions."""
    keys = load_keys(settings)
    kit = build_kit(database, Vault(keys))
    return serve([action for topic in TOPICS for action in topic.actions(kit)], keys.rasa_token)


def build_kit(database: Database, vault: Vault) -> Kit:
    """What every action is handed; nothing connects yet."""
    tasks, people, places = Tasks(vault), People(vault), Places.from_file()
    planner = Planner(Plans.from_file())
    sessions = Sessions(Register(people, planner), places)
    return Kit(
        database,
        tasks,
        Handoff(Outbox(database, vault, Queue(build_app(database.url))), tasks, Texts()),
        Calendars(vault, people),
        Answers(planner, tasks),
        places,
        Needs.from_file(),
        Articles.from_folder(),
        Desk(vault, people, sessions, tasks),
    )


def serve(actions: list[TopicAction], token: str) -> Starlette:
    """An application that runs these actions; asks for the token."""
    warnings.filterwarnings("ignore", message=".*versions might not be compatible.*")
    door = _Door(_executor(actions), f"Bearer {token}".encode())
    return Starlette(
        routes=[Route("/webhook", door.webhook, methods=["POST"]), Route("/health", _health, methods=["GET"])]
    )


class _Door:
    def __init__(self, executor: ActionExecutor, expected: bytes) -> None:
        self._executor = executor
        self._expected = expected

    async def webhook(self, request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, self._expected):
            return _json({"error": "token"}, 401)
        try:
            call = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return _json({"error": "json"}, 400)
        return await self._run(call)

    async def _run(self, call: dict[str, Any]) -> Response:
        """What goes wrong is told by its class alone: the message of an error may quote a person."""
        action = str(call.get("next_action"))
        try:
            done = await self._executor.run({"domain": {}, **call})
        except ActionExecutionRejection as error:
            return _json({"action_name": error.action_name, "error": "rejected"}, 400)
        except ActionNotFoundException:
            return _json({"action_name": action, "error": "ActionNotFoundException"}, 404)
        except Exception as error:
            log.error("action %s, conversation %s: %s", action, call.get("sender_id"), _where(error))
            return _json({"error": type(error).__name__}, 500)
        return _json(done.model_dump(mode="json") if done else {"events": [], "responses": []})


def _executor(actions: list[TopicAction]) -> ActionExecutor:
    executor = ActionExecutor()
    by_name = {action.name: action for action in actions}
    for action in actions:
        executor.register_function(action.name, _as_function(action, by_name))
    return executor


def _as_function(action: TopicAction, by_name: Mapping[str, TopicAction]) -> Callable[..., Awaitable[Any]]:
    async def run(dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> Any:
        turn = Turn(dispatcher, tracker)
        meant = "book_session" if session.takes(turn) else questions.answers_which(turn)
        chosen = by_name.get(f"action_{meant}", action)
        events = await chosen.run(turn)
        if chosen.name in DIGRESSIONS:
            events = session.resume(turn, questions.resume(turn, events))
        return changes(events, tracker.slots)

    return run


def _where(error: Exception) -> str:
    """The class of an error and the line it came from, without its message."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
    return f"{type(error).__name__} at {place}"


async def _health(request: Request) -> Response:
    return _json({"status": "ok"})


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
