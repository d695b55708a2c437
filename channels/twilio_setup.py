"""What Twilio must be told, and whether it was: settings, webhook, fallback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urldefrag

from channels.errors import ChannelError, Misconfigured, TryAgain

INBOUND_PATH = "/channels/twilio"
STATUS_PATH = "/channels/twilio/status"
RETRIES = "#rc=5&rp=5xx,ct,rt"
"""Twilio's connection overrides: by default a 5xx is not retried and the message is lost."""

Fetch = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class TwilioSettings:
    """`sender`: a number (+33…), a short code, or a Messaging Service (MG…)."""

    account_sid: str = ""
    auth_tokens: tuple[str, ...] = ()
    sender: str = ""
    api_url: str = "https://api.twilio.com"
    public_urls: tuple[str, ...] = ()
    call_seconds: float = 10
    """One whole call to the API; after that its outcome is unknown."""

    @property
    def by_service(self) -> bool:
        return self.sender.startswith("MG")

    @property
    def account_url(self) -> str:
        return f"{self.api_url.rstrip('/')}/2010-04-01/Accounts/{self.account_sid}"

    @property
    def service_url(self) -> str:
        messaging = self.api_url.rstrip("/").replace("://api.twilio.com", "://messaging.twilio.com")
        return f"{messaging}/v1/Services/{self.sender}"


def missing(settings: TwilioSettings) -> list[str]:
    """One plain sentence, with its cure, for each setting without which SMS stay off."""
    return list(_missing(settings))


def _missing(settings: TwilioSettings) -> Iterator[str]:
    if not settings.account_sid.startswith("AC"):
        yield "RELAIS_TWILIO_ACCOUNT_SID manque : copiez l'« Account SID » (AC…) de la console Twilio."
    if not any(settings.auth_tokens):
        yield "RELAIS_TWILIO_AUTH_TOKENS manque : copiez l'« Auth Token » de la console Twilio."
    if not settings.sender:
        yield "RELAIS_TWILIO_FROM manque : donnez le numéro (+33…) ou le Messaging Service (MG…) qui envoie."
    elif not settings.by_service and not settings.sender.lstrip("+").isdigit():
        yield "RELAIS_TWILIO_FROM est un nom : on ne peut pas y répondre. Donnez un numéro (+33…) ou un service (MG…)."
    if not settings.public_urls:
        yield "RELAIS_PUBLIC_URLS manque : donnez l'adresse publique par laquelle Twilio nous appelle (https://…)."


_POOL = (("PhoneNumbers", "phone_numbers", "phone_number"), ("ShortCodes", "short_codes", "short_code"))


async def pool(settings: TwilioSettings, fetch: Fetch) -> frozenset[str]:
    """The numbers and short codes of the Messaging Service, whole; an account may have others, of other programs.

    Raises a ChannelError when they cannot all be known.
    """
    found: set[str] = set()
    for path, rows, name in _POOL:
        page = await fetch(f"{settings.service_url}/{path}", {"PageSize": "1000"})
        listed = page.get(rows)
        # A service has 400 numbers at most: a second page, like a broken one, is not what we know of Twilio.
        if not isinstance(listed, list) or (page.get("meta") or {}).get("next_page_url"):
            raise TryAgain(code="broken pool")
        found.update(str(row[name]) for row in listed if isinstance(row, Mapping) and row.get(name))
    return frozenset(found)


async def problems(settings: TwilioSettings, fetch: Fetch) -> list[str]:
    """What `doctor` says of the account: [] when messages can come in, be retried, and go out."""
    if lacks := missing(settings):
        return lacks
    try:
        told = list(_webhook_problems(settings, await _webhook(settings, fetch)))
        return told or await _pool_problems(settings, fetch)
    except Misconfigured:
        return ["Twilio refuse le compte : vérifiez RELAIS_TWILIO_ACCOUNT_SID et RELAIS_TWILIO_AUTH_TOKENS."]
    except ChannelError:
        return ["Twilio ne répond pas : vérifiez RELAIS_TWILIO_API_URL et l'accès à Internet, puis recommencez."]


async def _pool_problems(settings: TwilioSettings, fetch: Fetch) -> list[str]:
    if not settings.by_service:
        return []
    try:
        empty = not await pool(settings, fetch)
    except ChannelError:
        return [
            f"Les numéros de {settings.sender} sont illisibles, et un SMS perdu ne serait pas retrouvé :"
            " donnez à l'« Auth Token » le droit de lire ce Messaging Service."
        ]
    return [f"{settings.sender} n'a aucun numéro : ajoutez-en un à son « Sender Pool »."] if empty else []


async def _webhook(settings: TwilioSettings, fetch: Fetch) -> Mapping[str, Any] | None:
    """The webhook's fields under a number's names, or None when the account has no such sender."""
    if settings.by_service:
        service = await fetch(settings.service_url, {})
        return {
            "sms_url": service.get("inbound_request_url"),
            "sms_method": service.get("inbound_method"),
            "sms_fallback_url": service.get("fallback_url"),
            "on_numbers": service.get("use_inbound_webhook_on_number"),
        }
    if settings.sender.startswith("+"):
        page = await fetch(f"{settings.account_url}/IncomingPhoneNumbers.json", {"PhoneNumber": settings.sender})
        senders = page.get("incoming_phone_numbers")
    else:
        page = await fetch(f"{settings.account_url}/SMS/ShortCodes.json", {"ShortCode": settings.sender})
        senders = page.get("short_codes")
    return senders[0] if isinstance(senders, list) and senders and isinstance(senders[0], Mapping) else None


def _webhook_problems(settings: TwilioSettings, webhook: Mapping[str, Any] | None) -> Iterator[str]:
    ours = [f"{url.rstrip('/')}{INBOUND_PATH}" for url in settings.public_urls]
    wanted = f"{ours[0]}{RETRIES}"
    if webhook is None:
        yield f"Le compte Twilio n'a pas {settings.sender} : corrigez RELAIS_TWILIO_FROM ou achetez ce numéro."
        return
    if webhook.get("on_numbers"):
        yield f"{settings.sender} laisse recevoir chaque numéro : choisissez « Send a webhook » vers {wanted}"
        return
    if webhook.get("sms_application_sid"):
        yield f"{settings.sender} est lié à une TwiML App, qui reçoit à notre place : déliez-la dans la console."
    url, options = urldefrag(str(webhook.get("sms_url") or ""))
    if url not in ours:
        yield f"Les SMS reçus par {settings.sender} n'arrivent pas ici : mettez comme webhook {wanted}"
    elif not _retries(options):
        yield f"Un SMS reçu pendant une panne serait perdu : mettez comme webhook {wanted}"
    if (webhook.get("sms_method") or "POST") != "POST":
        yield f"Le webhook de {settings.sender} est appelé en GET : choisissez « HTTP POST »."
    if urldefrag(str(webhook.get("sms_fallback_url") or ""))[0] not in ours:
        yield f"{settings.sender} n'a pas d'adresse de secours qui arrive ici : mettez {ours[-1]} comme « fallback »."


def _retries(options: str) -> bool:
    given = parse_qs(options)
    policies = set(given.get("rp", [""])[-1].split(","))
    # With 4xx retried, each refused signature would come back five times.
    return given.get("rc", ["0"])[-1] == "5" and policies == {"5xx", "ct", "rt"}
