"""Tables of people: accounts, credentials, sessions, one-time codes. Conventions: `app.store.tables`."""
