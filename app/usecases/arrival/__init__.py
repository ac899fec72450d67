"""Arrival: check-in, lockers, gates, seats, devices, ledger."""
