"""Doors to the outside: cosigners of the log, rule packs, key files, signed HTTP messages."""
