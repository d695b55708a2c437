"""Every setting of Relais: its name, its default, its help. Nothing else reads the environment."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import BadSettings

_MAIL = re.compile(r"[^@\s/:]+@[^@\s/:]+")
ROOT = Path(__file__).resolve().parent.parent


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
Instant = Annotated[datetime | None, BeforeValidator(_empty_is_none)]


class Settings(BaseSettings):
    """Read once at start, from the environment and `.env`; every fault is told at once."""

    model_config = SettingsConfigDict(env_prefix="RELAIS_", env_file=".env", extra="ignore", frozen=True)

    env: Literal["development", "production"] = Field(
        "development",
        description="« production » refuse les données de démonstration, l'horloge déplacée et les secrets absents.",
    )
    data_dir: Path = Field(Path(".data"), description="Dossier de la base embarquée, des clés et de l'horloge.")
    database_url: str = Field(
        "", description="PostgreSQL à utiliser. Vide : le PostgreSQL embarqué, dans RELAIS_DATA_DIR."
    )
    host: str = Field("127.0.0.1", description="Adresse sur laquelle le site écoute.")
    port: int = Field(8000, ge=1, le=65535, description="Port sur lequel le site écoute.")
    public_urls: CommaList = Field(
        (), description="Adresses publiques par lesquelles les fournisseurs nous joignent, séparées par des virgules."
    )
    secret_keys: Secrets = Field(
        (), description="Clés de chiffrement (32 octets en base64url). La première chiffre, toutes déchiffrent."
    )
    index_key: SecretStr = Field(
        SecretStr(""), description="Clé des recherches par empreinte (32 octets en base64url). Elle ne tourne pas."
    )
    widget_origins: CommaList = Field((), description="Origines des sites qui peuvent afficher le chat.")

    alerts: SecretStr = Field(
        SecretStr(""),
        description="Où vont les alertes des tâches urgentes : courriel, ou adresse d'un webhook. Vide : nulle part.",
    )
    alerts_from: str = Field("relais@localhost", description="Expéditeur des alertes par courriel.")
    smtp_url: SecretStr = Field(
        SecretStr("smtp://127.0.0.1:25"),
        description="Serveur des courriels : smtp://, starttls:// ou smtps://, avec nom:mot-de-passe@ s'il le faut.",
    )

    twilio_account_sid: str = Field("", description="Compte Twilio (AC…). Vide : pas de SMS.")
    twilio_auth_tokens: Secrets = Field((), description="Jetons d'authentification Twilio : principal, secondaire.")
    twilio_from: str = Field("", description="Numéro d'envoi (+33…) ou Messaging Service (MG…).")
    forged_webhooks: int = Field(
        20, ge=1, description="Requêtes à fausse signature en 5 minutes au-delà desquelles une tâche est ouverte."
    )
    twilio_api_url: str = Field("https://api.twilio.com", description="API de Twilio, ou d'un serveur de test.")

    sms_per_second: float = Field(
        10, gt=0, description="SMS par seconde que le numéro d'envoi peut faire partir. Les réponses passent d'abord."
    )
    reminders_a_day: int = Field(
        3, ge=1, description="Rappels qu'un même numéro reçoit au plus en un jour, quoi qu'il arrive."
    )
    reminders_ask_above: int = Field(
        200,
        ge=0,
        description="Rappels qu'un import peut faire partir en un jour. Au-delà, une personne doit dire oui.",
    )
    api_tokens: Secrets = Field(
        (), description="Jetons de l'API des rendez-vous, séparés par des virgules. Vide : pas d'API."
    )

    rasa_url: str = Field(
        "http://127.0.0.1:5005", description="Le moteur de dialogue. Sur la boucle locale, `bot up` le démarre."
    )
    rasa_token: SecretStr = Field(SecretStr(""), description="Jeton entre Relais, le moteur et les actions.")
    actions_url: str = Field(
        "http://127.0.0.1:5055", description="Les actions. Sur la boucle locale, `bot up` les démarre."
    )

    offer_hours: int = Field(
        24, ge=1, le=168, description="Heures pour accepter une place libérée, proposée à la liste d'attente."
    )
    offer_hours_soon: int = Field(
        3, ge=1, le=48, description="La même durée, quand la séance a lieu dans moins de 48 heures."
    )

    data_inclusion_api_url: str = Field("https://api.data.inclusion.gouv.fr", description="API de data·inclusion.")
    data_inclusion_token: SecretStr = Field(
        SecretStr(""), description="Jeton de data·inclusion. Vide : pas de mise à jour chaque nuit."
    )

    rdvsp_secret: SecretStr = Field(
        SecretStr(""), description="Secret des webhooks de RDV Service Public (X-Lapin-Signature). Vide : éteints."
    )
    rdvi_secret: SecretStr = Field(
        SecretStr(""), description="Secret des webhooks de RDV-Insertion (signature « hmac »). Vide : éteints."
    )
    rdvsp_api_url: str = Field(
        "https://rdv.anct.gouv.fr", description="Adresse de RDV Service Public, ou de RDV-Solidarités."
    )
    rdvsp_client_id: str = Field(
        "", description="Application OAuth chez RDV Service Public. Vide : ni relecture chaque nuit, ni annulation."
    )
    rdvsp_client_secret: SecretStr = Field(SecretStr(""), description="Secret de cette application.")
    rdvsp_refresh_token: SecretStr = Field(
        SecretStr(""), description="Jeton de renouvellement donné à l'autorisation. Relais garde ceux qui le suivent."
    )
    rdvsp_organisations: CommaList = Field(
        (), description="Numéros des organisations à relire chaque nuit. Vide : toutes celles que le compte voit."
    )

    clock: Instant = Field(None, description="Instant ISO 8601 où commence « maintenant » (tests, démonstrations).")

    @field_validator("widget_origins", "public_urls")
    @classmethod
    def _are_web_addresses(cls, value: tuple[str, ...], about: ValidationInfo) -> tuple[str, ...]:
        bare = about.field_name == "widget_origins"
        for url in value:
            if not _is_web(url) or (bare and urlsplit(url).path not in ("", "/")):
                example = "https://exemple.fr, sans rien après" if bare else "https://exemple.fr"
                raise ValueError(f"« {url} » n'est pas une adresse complète. Écrivez par exemple : {example}.")
        return value

    @field_validator("alerts")
    @classmethod
    def _alerts_go_somewhere(cls, value: SecretStr) -> SecretStr:
        target = value.get_secret_value()
        if target and not _is_web(target) and not _MAIL.fullmatch(target):
            raise ValueError("ni une adresse de courriel (nom@exemple.fr), ni une adresse http(s)://… de webhook.")
        return value

    @field_validator("rdvsp_api_url")
    @classmethod
    def _api_is_encrypted(cls, value: str) -> str:
        if not _is_web(value) or (urlsplit(value).scheme != "https" and not is_loopback(value)):
            raise ValueError("écrivez une adresse https://, par exemple https://rdv.anct.gouv.fr.")
        return value.rstrip("/")

    @field_validator("rdvsp_organisations")
    @classmethod
    def _organisations_are_numbers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(number.isascii() and number.isdigit() for number in value):
            raise ValueError("écrivez les numéros des organisations, séparés par des virgules : 12,34.")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_is_known(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in ("smtp", "starttls", "smtps") or not parts.hostname:
            raise ValueError("écrivez smtp://serveur:port, starttls://serveur:port ou smtps://serveur:port.")
        return value

    @model_validator(mode="after")
    def _production_is_strict(self) -> Settings:
        if self.env != "production":
            return self
        faults = []
        if self.clock is not None:
            faults.append("RELAIS_CLOCK : l'horloge ne se déplace pas en production. Videz ce réglage.")
        for name in ("secret_keys", "index_key", "rasa_token"):
            value = getattr(self, name)
            if not (value if isinstance(value, tuple) else value.get_secret_value()):
                faults.append(f"RELAIS_{name.upper()} : obligatoire en production.")
        if not self.public_urls:
            faults.append("RELAIS_PUBLIC_URLS : obligatoire en production.")
        if faults:
            raise ValueError(" ".join(faults))
        return self

    @cached_property
    def embedded_database(self) -> bool:
        return not self.database_url

    @cached_property
    def base_url(self) -> str:
        """The address people open: the first public one, else the local one."""
        return self.public_urls[0] if self.public_urls else f"http://{self.host}:{self.port}"

    @cached_property
    def rdvsp_api_ready(self) -> bool:
        secrets = (self.rdvsp_client_secret, self.rdvsp_refresh_token)
        return bool(self.rdvsp_client_id and all(secret.get_secret_value() for secret in secrets))

    @cached_property
    def twilio_ready(self) -> bool:
        return bool(self.twilio_account_sid and self.twilio_auth_tokens and self.twilio_from and self.public_urls)


def is_loopback(url: str) -> bool:
    """True when `bot up` is to run what listens at this address."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def load(**given: object) -> Settings:
    """Read the settings; raise BadSettings with one line for each fault."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise BadSettings([_sentence(fault) for fault in error.errors()]) from None


def _sentence(fault: object) -> str:
    detail = dict(fault)  # type: ignore[call-overload]
    name = "_".join(str(part) for part in detail["loc"]).upper()
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"RELAIS_{name} : {message}" if name else message
