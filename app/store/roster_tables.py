"""Tables of the sealed roster: versions, shares, openings. Conventions: `app.store.tables`."""
