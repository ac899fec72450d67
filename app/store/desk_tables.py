"""Tables of arrival: check-ins, lockers, gates, seat keys, devices, ledger. See `app.store.tables`."""
