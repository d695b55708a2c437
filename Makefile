# Relais. `make run` starts everything, `make test` proves it. Nothing is needed but git, make and Python ≥ 3.10.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c

PYTHON := .venv/bin/python
ENGINE := nlu/.venv/bin/python
SYSTEM_PYTHON ?= python3
UV = $(shell cd nlu && uv --version >/dev/null 2>&1 && command -v uv || echo "$(CURDIR)/.tools/bin/uv")
CODE := bot channels actions knowledge tests nlu
CALM := RASA_TELEMETRY_ENABLED=false OMP_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3 SQLALCHEMY_SILENCE_UBER_WARNING=1 PYTHONWARNINGS=ignore PYTHONPATH=$(CURDIR)

.PHONY: help run setup test check format model evaluate bench faults screenshots lock clean

help: ## Cette aide.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: setup ## Tout installer s'il le faut, puis démarrer Relais. Ctrl-C l'arrête.
	@exec $(PYTHON) -m bot up

setup: .venv/.ready nlu/.venv/.ready ## Installer ce qui manque : uv, les deux environnements.

test: setup ## Toute la suite.
	@$(PYTHON) -m bot train
	$(PYTHON) -m pytest tests

check: setup ## Format, lint, types, règles d'import, données du moteur : quelques secondes.
	@$(PYTHON) -m ruff format --check $(CODE)
	$(PYTHON) -m ruff check $(CODE)
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-cache
	env $(CALM) $(ENGINE) -m nlu data validate --domain domain.yml --config config.yml --data nlu/topics nlu/examples --fail-on-warnings 2>&1 | grep -vE '^\s*$$|Warning' | tail -n 3

format: setup ## Mettre le code en forme.
	@$(PYTHON) -m ruff format $(CODE)
	$(PYTHON) -m ruff check --fix $(CODE)

model: setup ## Entraîner le modèle du moteur s'il a changé.
	@$(PYTHON) -m bot train

evaluate: setup ## Mesurer ce que le moteur comprend de phrases jamais vues (moitié B et troisième jeu), et en refaire les images.
	@$(PYTHON) -m bot train
	env $(CALM) $(ENGINE) -m nlu.evaluate --pictures

bench: setup ## Mesurer : débit, délais, mémoire, recherche, et Rasa d'origine à côté (environ douze minutes la première fois).
	@$(PYTHON) -m bot train
	$(PYTHON) -m tests.bench

faults: setup ## La longue épreuve : tuer chaque processus au milieu d'une rafale ; une année de rappels.
	@$(PYTHON) -m bot train
	RELAIS_TEST_REPLAYS=25000 $(PYTHON) -m pytest -q tests/bot/connectors/test_backfill.py -k thousands
	$(PYTHON) -m tests.faults.whole_year
	$(PYTHON) -m tests.faults --long

screenshots: setup ## Refaire les images du README.
	@$(PYTHON) -m tests.browser.screenshots

lock: .tools/bin/uv ## Refaire les verrous après un changement de dépendances.
	@$(UV) lock && $(UV) export --quiet --no-emit-project --no-header -o requirements.lock
	cd nlu && $(UV) lock && $(UV) export --quiet --no-emit-project --no-header -o requirements.lock

clean: ## Enlever les environnements et le modèle (pas les données).
	@rm -rf .venv nlu/.venv .tools models .rasa

.tools/bin/uv:
	@if ! (cd nlu && uv --version >/dev/null 2>&1); then
	  $(SYSTEM_PYTHON) -m venv .tools
	  .tools/bin/python -m pip install --quiet --disable-pip-version-check uv
	else
	  mkdir -p .tools/bin && ln -sf "$$(cd nlu && command -v uv)" .tools/bin/uv
	fi

.venv/.ready: requirements.lock .python-version | .tools/bin/uv
	@test -x .venv/bin/python || $(UV) venv --quiet .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode --python .venv/bin/python requirements.lock
	touch $@

nlu/.venv/.ready: nlu/requirements.lock nlu/.python-version | .tools/bin/uv
	@test -x nlu/.venv/bin/python || (cd nlu && $(UV) venv --quiet .venv)
	cd nlu && $(UV) pip sync --quiet --require-hashes --compile-bytecode --python .venv/bin/python requirements.lock
	touch $(CURDIR)/$@
