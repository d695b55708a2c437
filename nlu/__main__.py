"""Rasa's own command line, lighter: `nlu/.venv/bin/python -m nlu run …`."""

from __future__ import annotations

from nlu.without_tensorflow import leave_out


def main() -> None:
    leave_out()
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
