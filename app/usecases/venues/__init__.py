"""Venues: sites, rooms, seats, bookings."""
