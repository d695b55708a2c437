"""Parts of the engine that Rasa loads by name from config.yml and endpoints.yml."""
