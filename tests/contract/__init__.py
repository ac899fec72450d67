"""Sentences of a port's doc string, tested on the real thing and its double alike."""
