"""What the Rasa engine loads: its door, its components, its topics and its sentences."""
