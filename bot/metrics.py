"""What Prometheus may count. Labels are routes, channels and states: never a person."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

RECEIVED = Counter("relais_received", "Inbound messages taken in", ["channel", "fresh"])
BAD_SIGNATURES = Counter("relais_bad_signatures", "Requests refused for their signature", ["path"])
RECEIPTS = Counter("relais_receipts", "Delivery receipts taken in", ["state"])
REMINDERS = Gauge("relais_reminders", "Reminders, by what became of them", ["state"])
API_REFUSED = Counter("relais_api_refused", "Requests to the API without a valid token", ["status"])
CONNECTORS = Counter("relais_connectors", "Webhooks of the sources of appointments", ["connector", "outcome"])
