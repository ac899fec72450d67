"""Tests. `python -m tests` runs every gate of the project in order."""
