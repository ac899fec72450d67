"""Tables of delivery: outbox, timers, reports, notices. Conventions: `app.store.tables`."""
