"""Tables of venues: sites, zones, rooms, seats, bookings. Conventions: `app.store.tables`."""
