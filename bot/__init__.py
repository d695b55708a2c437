"""The pipeline, in the order a message travels: web, inbox, jobs, turn, dialogue, outbox."""
