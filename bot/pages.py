"""The public pages: the chat itself, the legal notice, the accessibility statement, and the widget's script."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import phonenumbers
from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from channels.widget import script

_FOLDER = Path(__file__).parent / "pages"
_PAGES = {"/": "accueil.html", "/mentions-legales": "mentions-legales.html", "/accessibilite": "accessibilite.html"}
_FILES = {"/pages.css": ("pages.css", "text/css"), "/favicon.svg": ("favicon.svg", "image/svg+xml")}
_SHORT = "public, max-age=300"
_TEMPLATES = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
_TEMPLATES.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}


router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/mentions-legales")
@router.get("/accessibilite")
async def page(request: Request) -> Response:
    settings = request.app.state.relais.settings
    path = request.url.path
    body = _rendered(path, settings.twilio_from if settings.twilio_ready else "")
    return _answer(request, body, "text/html", {**_policy(), "Cache-Control": "no-cache"})


@router.get("/pages.css")
@router.get("/favicon.svg")
async def file(request: Request) -> Response:
    name, kind = _FILES[request.url.path]
    return _answer(request, _read(name), kind, {**_policy(), "Cache-Control": _SHORT})


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    built = script()
    headers = {
        "Cache-Control": _SHORT,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return _answer(request, built.body, "text/javascript", headers)
    return _answer(request, built.gzipped, "text/javascript", {**headers, "Content-Encoding": "gzip"})


@cache
def _read(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


@cache
def _rendered(path: str, sms_sender: str) -> bytes:
    """A page, with the SMS number when there is one that people can write to."""
    spoken = _spoken(sms_sender)
    template = _TEMPLATES.get_template(_PAGES[path])
    return template.render(path=path, sms_spoken=spoken, sms_dialled=sms_sender).encode()


def show(request: Request, template: str, **values: object) -> Response:
    """A page of somebody else's, in the same frame and under the same policy."""
    body = _TEMPLATES.get_template(template).render(path=request.url.path, **values).encode()
    return _answer(request, body, "text/html", {**_policy(), "Cache-Control": "no-cache"})


def _spoken(sender: str) -> str:
    """A number as people read it, or "" for a sender that is not a number."""
    try:
        number = phonenumbers.parse(sender, "FR")
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def _policy() -> dict[str, str]:
    """Nothing from elsewhere, nothing inline, save the widget's own style sheet for browsers that need it so."""
    rules = {
        "default-src": "'self'",
        "style-src": f"'self' '{script().style_hash}'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in rules.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def _answer(request: Request, body: bytes, kind: str, headers: dict[str, str]) -> Response:
    """The body, or 304 when the browser has this very version."""
    etag = f'"{sha256(body).hexdigest()[:20]}"'
    headers = {**headers, "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)
