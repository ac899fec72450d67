"""Tests of remote evaluation: venues, seats, bookings."""
