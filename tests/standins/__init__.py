"""Real HTTP servers that play the systems around Relais, and misbehave on purpose."""
